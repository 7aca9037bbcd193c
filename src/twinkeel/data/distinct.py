"""The distinct cells of a column, and which row holds which: so that each is read only once.

Owns the one pass over the cells. Texts are compared as written; knows no types and no meaning.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.table import texts

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Distinct:
    """A column of n cells as k distinct ones."""

    cells: Array
    """Shape (k,), of the column's own type; texts in the order in which they first occur."""
    codes: Array
    """The place of each row's cell in `cells`, shape (n,)."""

    def counts(self) -> Array:
        """In how many rows each distinct cell is, shape (k,)."""
        return np.bincount(self.codes, minlength=len(self.cells))

    def text_counts(self) -> Counter[str]:
        """The one text of each cell (`types.plain`; "" is missing) to how often it occurs."""
        found: Counter[str] = Counter()
        for text, times in zip(texts(self.cells), self.counts().tolist(), strict=True):
            found[text] += times
        return found


def distinct(column: Array) -> Distinct:
    """The distinct cells of a table's column."""
    if column.dtype.kind != "O":
        cells, codes = np.unique(column, return_inverse=True)
        return Distinct(cells, codes)
    places: defaultdict[Any, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(places.__getitem__, column.tolist()), np.int64, len(column))
    cells = np.empty(len(places), dtype=object)
    cells[:] = list(places)
    return Distinct(cells, codes)
