"""One column in numbers: read once, as its contract reads it, then described.

Owns `Read`, the column as values that everything else of a profile is computed from.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.columns import READERS, Column
from twinkeel.data.distinct import Distinct, distinct
from twinkeel.data.profile.records import Bin, ColumnProfile, Count
from twinkeel.data.table import texts
from twinkeel.data.types import day_text
from twinkeel.records import Json

Array = NDArray[Any]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MEASURED = frozenset({"number", "integer", "date"})
"""The types that have an order and a distance."""
_LENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
_BINS = 20
_TENTHS = 10
_TOP = 10
_REPEATED = 5
"""A text in fewer rows may be one person's words: it is not kept."""
_FAR_OUT = 3.0


@dataclass(frozen=True, eq=False)
class Read:
    """One column of n rows, as values."""

    column: Column
    values: Array
    """Numbers and dates: float64 of shape (n,), NaN where missing. Else the place in `words` of
    each row, -1 where missing."""
    words: tuple[str, ...] = ()
    """The distinct texts, in the order in which they first occur."""

    @property
    def measured(self) -> bool:
        """Whether the values are numbers or moments."""
        return self.column.type in MEASURED

    @cached_property
    def missing(self) -> Array:
        """Where there is no value, shape (n,)."""
        return np.asarray(np.isnan(self.values) if self.measured else self.values < 0)

    def take(self, index: Array) -> Read:
        """The column of these rows."""
        return Read(self.column, self.values[index], self.words)


def once(cells: Array) -> Array | Distinct:
    """Texts as their distinct ones, so that each is looked at once; other cells as they are."""
    return distinct(cells) if cells.dtype.kind == "O" else cells


def read(column: Column, cells: Array | Distinct | None, n: int) -> Read:
    """`cells` as `column` says, None if the column is absent; raises Unreadable."""
    measured = column.type in MEASURED
    if cells is None:
        return Read(column, np.full(n, np.nan) if measured else np.full(n, -1))
    if not measured:
        return _worded(column, cells if isinstance(cells, Distinct) else distinct(cells))
    reader = READERS[column.type](column)
    if isinstance(cells, Distinct):
        return Read(column, reader.array(cells.cells)[0][cells.codes])
    return Read(column, reader.array(cells)[0])


def _worded(column: Column, found: Distinct) -> Read:
    places: dict[str, int] = {"": -1}
    for text in texts(found.cells):
        places.setdefault(text, len(places) - 1)
    of_cell = np.array([places[text] for text in texts(found.cells)], dtype=np.int64)
    codes = of_cell[found.codes] if len(of_cell) else found.codes
    return Read(column, codes, tuple(places)[1:])


def described(one: Read, notes: tuple[str, ...] = ()) -> ColumnProfile:
    """What one column holds."""
    return _measured(one, notes) if one.measured else _counted(one, notes)


def _counted(one: Read, notes: tuple[str, ...]) -> ColumnProfile:
    codes = one.values[~one.missing]
    counts = np.bincount(codes, minlength=len(one.words)).tolist()
    ranked = sorted(zip(counts, one.words, strict=True), key=lambda item: (-item[0], item[1]))
    is_text = one.column.type == "text"
    kept = [item for item in ranked if item[0] >= _REPEATED][:_TOP] if is_text else ranked
    return ColumnProfile(
        name=one.column.name,
        type=one.column.type,
        missing=len(one.values) - len(codes),
        distinct=len(one.words),
        lengths=_lengths(one, counts) if is_text else {},
        top=tuple(Count(value=word, count=count) for count, word in kept),
        notes=notes,
    )


def _lengths(one: Read, counts: list[int]) -> dict[str, int]:
    """Quantiles of the lengths of texts, each as often as its text occurs."""
    if not one.words:
        return {}
    lengths = np.repeat([len(word) for word in one.words], counts)
    found = np.quantile(lengths, _LENGTHS, method="lower").tolist()
    return {f"{level:g}": int(value) for level, value in zip(_LENGTHS, found, strict=True)}


def _measured(one: Read, notes: tuple[str, ...]) -> ColumnProfile:
    column = one.column
    present = np.sort(one.values[~one.missing])
    missing = len(one.values) - len(present)
    if not len(present):
        return ColumnProfile(
            name=column.name, type=column.type, missing=missing, distinct=0, notes=notes
        )
    show = _between(column, present)
    levels = [quantile(present, level) for level in QUANTILES]
    return ColumnProfile(
        name=column.name,
        type=column.type,
        missing=missing,
        distinct=1 + int(np.count_nonzero(present[1:] != present[:-1])),
        low=show(float(present[0])),
        high=show(float(present[-1])),
        mean=show(_mean(present)),
        quantiles={f"{q:g}": show(value) for q, value in zip(QUANTILES, levels, strict=True)},
        outliers=None if column.type == "date" else _outliers(present, levels[1], levels[3]),
        bins=_bins(column, present),
        tenths=_binned(column, present, even_edges(present)),
        notes=notes,
    )


def quantile(ordered: Array, level: float) -> float:
    """The quantile of sorted values, between two of them by how near it is; never infinite."""
    place = level * (len(ordered) - 1)
    low, part = int(place), place - int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low]) * (1 - part) + float(ordered[high]) * part


def even_edges(ordered: Array) -> Array:
    """Bounds of about equally filled bins of sorted values, strictly rising; at least two."""
    places = np.linspace(0, len(ordered) - 1, _TENTHS + 1).astype(np.int64)
    edges = np.unique(ordered[places])
    return edges if len(edges) > 1 else np.repeat(edges, 2)


def _outliers(ordered: Array, low: float, high: float) -> int | None:
    reach = _FAR_OUT * (high - low)
    if not reach > 0:
        return None
    below = np.searchsorted(ordered, low - reach, side="left")
    above = len(ordered) - np.searchsorted(ordered, high + reach, side="right")
    return int(below + above)


def _bins(column: Column, ordered: Array) -> tuple[Bin, ...]:
    """Equal widths; whole numbers of few values get one bin each."""
    low, high = float(ordered[0]), float(ordered[-1])
    if not np.isfinite(high - low):  # too wide for a float: no width to share out
        return ()
    edges = np.linspace(low, high, _BINS + 1)
    if column.type == "integer" and high - low < _BINS:
        edges = np.arange(low, high + 2) - 0.5
    if low == high or np.any(np.diff(edges) <= 0):
        edges = np.array([low, high])
    return _binned(column, ordered, edges)


def _binned(column: Column, ordered: Array, edges: Array) -> tuple[Bin, ...]:
    """How many sorted values lie between each two edges; the outer ones hold all."""
    inner = np.searchsorted(ordered, edges[1:-1], side="left")
    counts = np.diff(np.r_[0, inner, len(ordered)]).tolist()
    show = day_text if column.type == "date" else plain_number
    return tuple(
        Bin(low=show(start), high=show(stop), count=count)
        for start, stop, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts, strict=True)
    )


def _mean(present: Array) -> float:
    """Scaled first, so that large numbers do not add up to infinity."""
    scale = max(abs(float(present[0])), abs(float(present[-1]))) or 1.0
    return float((present / scale).mean() * scale)


def middle(column: Column, values: Array) -> Json:
    """The median of numbers or moments, JSON-ready."""
    return _between(column, values)(float(np.median(values)))


def _between(column: Column, values: Array) -> Callable[[float], Json]:
    """How a value among others is written: between two plain dates, as the earlier date."""
    if column.type != "date":
        return plain_number
    whole = bool(np.all(values == np.floor(values)))
    return (lambda moment: day_text(math.floor(moment))) if whole else day_text


def plain_number(value: float) -> float | int:
    """A whole number as one, where it is exact."""
    return int(value) if value.is_integer() and abs(value) < 10**15 else value
