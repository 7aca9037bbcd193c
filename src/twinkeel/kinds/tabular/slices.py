"""Groups of rows by the values of one column: each value, or a quarter of a number's range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.table import texts

_MAX_SLICES = 10


def slices(values: NDArray[Any], index: NDArray[np.intp]) -> list[str]:
    """The group of each row at `index`: its value, or its quarter of a number's range.

    Groups are drawn from all rows, so that a version's slices do not depend on the cases.
    """
    named = texts(values)
    counts = Counter(name for name in named if name)
    if len(counts) > _MAX_SLICES and _numeric(counts):
        return _quarters(np.asarray([float(name or "nan") for name in named]), index)
    common = {name for name, _ in counts.most_common(_MAX_SLICES)}
    return [_slice(named[i], common) for i in index]


def _numeric(names: Iterable[str]) -> bool:
    try:
        [float(name) for name in names]
    except ValueError:
        return False
    return True


def _quarters(numbers: NDArray[np.float64], index: NDArray[np.intp]) -> list[str]:
    edges = np.unique(np.nanquantile(numbers, [0.0, 0.25, 0.5, 0.75, 1.0]))
    named = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(named) - 1)
    return ["missing" if np.isnan(numbers[i]) else named[place[i]] for i in index]


def _slice(text: str, common: set[str]) -> str:
    if text == "":
        return "missing"
    return text if text in common else "other"
