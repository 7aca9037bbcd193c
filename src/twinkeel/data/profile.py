"""A table in numbers: what each column holds, for reports and for comparing data over time.

Owns the profile record and how it is computed, on the values that the contract reads, so that a
profile speaks of the same types and missing values as the model does. Draws nothing.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from twinkeel.data.columns import READERS, Array, Column
from twinkeel.data.contract import Contract
from twinkeel.data.inference import infer_column
from twinkeel.data.table import Table, texts
from twinkeel.data.types import day_text
from twinkeel.records import FieldType, Json, Record

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 20
_TOP = 10


class Count(Record, frozen=True):
    """A value and in how many rows it is."""

    value: str
    count: int


class Bin(Record, frozen=True):
    """How many values lie between two bounds, the lower one included (in the last bin, both)."""

    low: Json
    high: Json
    count: int


class ColumnProfile(Record, frozen=True):
    """One column; bounds, mean, quantiles and bins of dates are ISO 8601 texts."""

    name: str
    type: FieldType
    missing: int
    distinct: int
    """Different values, missing not counted."""
    low: Json = None
    high: Json = None
    mean: Json = None
    quantiles: dict[str, Json] = {}
    """Of numbers and dates: `0.05`, `0.25`, `0.5`, `0.75`, `0.95`."""
    bins: tuple[Bin, ...] = ()
    """Of numbers and dates: a histogram of equal widths."""
    top: tuple[Count, ...] = ()
    """Of booleans, categories and texts: the most frequent values as written, at most ten."""


class Profile(Record, frozen=True):
    """A whole table."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    """The columns that the contract reads, in its order."""
    target: ColumnProfile | None = None


def profile(table: Table, contract: Contract, target: str | None = None) -> Profile:
    """The profile of a table's features and, by name, of its target.

    Raises ContractError where the table breaks the contract.
    """
    values = contract.read(table.columns, len(table)).values
    return Profile(
        rows=len(table),
        columns=tuple(
            _profiled(column, table.columns.get(column.name), values[column.name])
            for column in contract.columns
        ),
        target=None if target is None else _target(target, table.columns[target]),
    )


def _target(name: str, cells: Array) -> ColumnProfile:
    column = infer_column(name, cells).column or Column(name=name, type="text", nullable=True)
    values, _ = READERS[column.type](column).array(cells)
    return _profiled(column, cells, values)


def _profiled(column: Column, cells: Array | None, values: Array) -> ColumnProfile:
    """`cells` are the values as written, None if the column is absent; `values` as read."""
    if column.type in {"number", "integer", "date"}:
        return _measured(column, values[~np.isnan(values)], len(values))
    counts = Counter([] if cells is None else texts(cells))
    missing = counts.pop("", 0) if cells is not None else len(values)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ColumnProfile(
        name=column.name,
        type=column.type,
        missing=missing,
        distinct=len(counts),
        top=tuple(Count(value=value, count=count) for value, count in ranked[:_TOP]),
    )


def _measured(column: Column, present: Array, rows: int) -> ColumnProfile:
    missing = rows - len(present)
    if not len(present):
        return ColumnProfile(name=column.name, type=column.type, missing=missing, distinct=0)
    shown = day_text if column.type == "date" else _number
    levels = np.quantile(present, QUANTILES).tolist()
    return ColumnProfile(
        name=column.name,
        type=column.type,
        missing=missing,
        distinct=len(np.unique(present)),
        low=shown(float(present.min())),
        high=shown(float(present.max())),
        mean=shown(_mean(present)),
        quantiles={f"{q:g}": shown(value) for q, value in zip(QUANTILES, levels, strict=True)},
        bins=_bins(column, present),
    )


def _bins(column: Column, present: Array) -> tuple[Bin, ...]:
    """Equal widths; whole numbers of few values get one bin each."""
    low, high = float(present.min()), float(present.max())
    if not np.isfinite(high - low):  # too wide for a float: no width to share out
        return ()
    edges = np.linspace(low, high, _BINS + 1)
    if column.type == "integer" and high - low < _BINS:
        edges = np.arange(low, high + 2) - 0.5
    if low == high or np.any(np.diff(edges) <= 0):
        edges = np.array([low, high])
    one = len(edges) == 2
    counts = [len(present)] if one else np.histogram(present, edges)[0].tolist()
    shown = day_text if column.type == "date" else _number
    return tuple(
        Bin(low=shown(start), high=shown(stop), count=count)
        for start, stop, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts, strict=True)
    )


def _mean(present: Array) -> float:
    """Scaled first, so that large numbers do not add up to infinity."""
    scale = float(np.abs(present).max()) or 1.0
    return float((present / scale).mean() * scale)


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 10**15 else value
