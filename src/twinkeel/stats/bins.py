"""A column as few bins, drawn once from the reference: what is watched is counts of them.

Owns where a value falls: numbers into twenty bins of equal frequency with one below and one above
all that the reference has, texts into its common values and one for all others; what is missing
has a bin of its own. The bins never move afterwards, so nothing that comes later can shift them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats.tails import Floats, normal_scores

Codes = NDArray[np.int16]
_BINS = 20
_VALUES = 30


@dataclass(frozen=True, eq=False)
class Bins:
    """Where the values of one column fall: `counts` of the reference by bin, missing last."""

    counts: Floats
    edges: Floats | None = None
    """Of numbers: the first values of the bins from the second on."""
    values: tuple[str, ...] = ()
    """Of texts: the common values; all others have the bin after them."""
    centres: Floats | None = None
    """Of numbers: the mean of the reference in each bin, missing excluded."""

    @property
    def ordered(self) -> bool:
        """Whether these are numbers, which have a place on a line."""
        return self.edges is not None

    @property
    def size(self) -> int:
        """How many bins, the one of missing values among them."""
        return len(self.counts)

    def code(self, values: Sequence[Any] | NDArray[Any]) -> Codes:
        """The bin of each value; None and NaN are missing, as is a number that is no number."""
        if self.edges is None:
            place = {value: i for i, value in enumerate(self.values)}
            place_other, missing = len(self.values), self.size - 1
            found = [missing if v is None else place.get(v, place_other) for v in values]
            return np.asarray(found, dtype=np.int16)
        numbers = as_numbers(values)
        codes = np.searchsorted(self.edges, numbers, side="right")
        codes[np.isnan(numbers)] = self.size - 1
        return codes.astype(np.int16)

    @cached_property
    def scores(self) -> tuple[Floats, Floats]:
        """What each bin counts for in tests of place and of spread, missing excluded.

        Normal scores of the reference's middle ranks (van der Waerden), and their squares made
        orthogonal to them; both have mean 0 and variance 1 over the reference.
        """
        counts = self.counts[:-1]
        n = max(counts.sum(), 1.0)
        ranks = (np.cumsum(counts) - counts / 2) / n
        place = _standard(normal_scores(np.clip(ranks, 0.5 / (n + 1), 1 - 0.5 / (n + 1))), counts)
        square = place**2
        along = float((counts * square * place).sum() / n)
        return place, _standard(square - along * place, counts)


def number_bins(values: Sequence[Any] | NDArray[Any]) -> Bins:
    """Bins of equal frequency for a reference of numbers; one bin a value where there are few."""
    numbers = as_numbers(values)
    there = numbers[np.isfinite(numbers)]
    distinct = np.unique(there)
    if len(distinct) == 0:
        edges = np.asarray([0.0])
    elif len(distinct) <= _BINS:
        between = (distinct[1:] + distinct[:-1]) / 2
        edges = np.concatenate(([distinct[0]], between, [np.nextafter(distinct[-1], np.inf)]))
    else:
        inner = np.quantile(there, np.linspace(0, 1, _BINS + 1))
        edges = np.unique([*inner[:-1], np.nextafter(inner[-1], np.inf)])
    bins = _counted(Bins(counts=np.zeros(len(edges) + 2), edges=edges), numbers)
    return replace(bins, centres=_centres(bins, edges, numbers))


def text_bins(values: Sequence[str | None]) -> Bins:
    """A bin for each of the commonest values of a reference of texts."""
    common = Counter(value for value in values if value is not None).most_common(_VALUES)
    names = tuple(name for name, _ in common)
    return _counted(Bins(counts=np.zeros(len(names) + 2), values=names), values)


def as_numbers(values: Sequence[Any] | NDArray[Any]) -> Floats:
    """Numbers as float64, NaN for whatever is none; True is 1."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.asarray([_number(value) for value in values], dtype=np.float64)


def _centres(bins: Bins, edges: Floats, numbers: Floats) -> Floats:
    """Means by bin; those that the reference lacks have the edge that they lie beside."""
    fallback = np.concatenate([edges[:1], edges])
    found = np.isfinite(numbers)
    codes = bins.code(numbers[found])
    sums = np.bincount(codes, weights=numbers[found], minlength=bins.size)[:-1]
    n = np.bincount(codes, minlength=bins.size)[:-1]
    return np.where(n > 0, sums / np.maximum(n, 1), fallback)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _counted(bins: Bins, values: Any) -> Bins:
    counts = np.bincount(bins.code(values), minlength=bins.size).astype(np.float64)
    return Bins(counts=counts, edges=bins.edges, values=bins.values)


def _standard(scores: Floats, counts: Floats) -> Floats:
    n = max(counts.sum(), 1.0)
    centred: Floats = scores - (counts * scores).sum() / n
    spread = float(np.sqrt((counts * centred**2).sum() / n))
    return centred / spread if spread > 1e-9 else centred
