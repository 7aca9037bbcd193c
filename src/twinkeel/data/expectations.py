"""A table against what a team expects of its source: one sentence per expectation that is broken.

Each says what was expected, how many rows break it, and the first of them. Refuses expectations of
columns that the table does not have.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import numpy as np

from twinkeel.config import seconds
from twinkeel.data.columns import READERS, Array, Column, listed
from twinkeel.data.distinct import Distinct, distinct
from twinkeel.data.inference import date_format_of, moments_of
from twinkeel.data.rules import EXPECTED, NEEDED, rule
from twinkeel.data.table import Table, texts
from twinkeel.data.types import Unreadable, day_text, days, shown
from twinkeel.errors import ConfigError
from twinkeel.plugins import suggestion
from twinkeel.records import ColumnExpectation, Expectations, FieldType

_FIRST = 3
_SECONDS_A_DAY = 86_400


def violations(
    table: Table, expected: Expectations, *, source: str, now: dt.datetime
) -> tuple[str, ...]:
    """What the table breaks, a sentence each; raises ConfigError for a column that is not there."""
    where = f"[sources.{source}.expect"
    fresh = () if expected.fresh is None else (expected.fresh.column,)
    for name in (*expected.columns, *fresh):
        if name not in table.names:
            near = suggestion(name, tuple(table.names))
            raise ConfigError(f"{where}]: {source} has no column {name!r}{near}")
    said = [*_size(table, expected), *_age(table, expected, now)]
    for name, one in expected.columns.items():
        said += [
            f"{name}: expected {text}" for text in _column(table, name, one, f"{where}.columns]")
        ]
    return tuple(said)


def _size(table: Table, expected: Expectations) -> Iterator[str]:
    if expected.rows is None:
        return
    least, most, n = expected.rows.min, expected.rows.max, len(table)
    if least is not None and n < least:
        yield f"expected at least {least:,} rows, and there are {n:,}."
    if most is not None and n > most:
        yield f"expected at most {most:,} rows, and there are {n:,}."


def _age(table: Table, expected: Expectations, now: dt.datetime) -> Iterator[str]:
    fresh = expected.fresh
    if fresh is None:
        return
    moments = moments_of(fresh.column, table.columns[fresh.column])
    known = np.empty(0) if moments is None else moments[~np.isnan(moments)]
    if not len(known):
        yield f"{fresh.column}: expected dates, and it holds none."
        return
    newest = float(known.max())
    if (days(now) - newest) * _SECONDS_A_DAY > seconds(fresh.within, "within"):
        yield (
            f"{fresh.column}: expected a date within {fresh.within}, and the newest is "
            f"{day_text(newest)}."
        )


def _column(table: Table, name: str, one: ColumnExpectation, where: str) -> Iterator[str]:
    """What comes after `NAME: expected`, for everything that a column breaks."""
    cells = table.columns[name]
    found = distinct(cells)
    missing = np.array([not text for text in texts(found.cells)], dtype=bool)[found.codes]
    yield from _missing(missing, one)
    if one.unique:
        yield from _repeated(found, missing)
    column = _reading(name, one, found)
    for wanted, rows in _broken(column, one, found, f"{where} {name}").items():
        yield _counted(wanted, rows, cells)


def _missing(missing: Array, one: ColumnExpectation) -> Iterator[str]:
    n, count = len(missing), int(missing.sum())
    if one.missing is None or count <= one.missing * n:
        return
    yield (
        f"at most {one.missing:.4g} of the values to be missing, and {count:,} of {n:,} are, "
        f"the first in row {int(np.argmax(missing)) + 1}."
    )


def _repeated(found: Distinct, missing: Array) -> Iterator[str]:
    _, first = np.unique(found.codes, return_index=True)
    again = np.ones(len(found.codes), dtype=bool)
    again[first] = False
    rows = np.flatnonzero(again & ~missing)
    if len(rows):
        yield _counted("no value twice", rows, found.cells[found.codes], verb="repeat one")


def _reading(name: str, one: ColumnExpectation, found: Distinct) -> Column:
    """What values are read as to be judged."""
    dated = isinstance(one.min, str) or isinstance(one.max, str) or one.type == "date"
    if dated or found.cells.dtype.kind == "M":
        return Column(name=name, type="date", nullable=True, date_format=date_format_of(found))
    bounded = one.min is not None or one.max is not None
    kind: FieldType = one.type or ("number" if bounded else "text")
    return Column(name=name, type=kind, nullable=True)


def _broken(
    column: Column, one: ColumnExpectation, found: Distinct, where: str
) -> Mapping[str, Array]:
    """What was expected, to the rows that break it; what is missing has been told already."""
    reader, checked = READERS[column.type](column), rule(column, one, where)
    faults: dict[str, list[int]] = {}
    for place, cell in enumerate(listed(found.cells)):
        try:
            value = reader.value(cell)
            fault = None if checked is None else checked.fault(value)
        except Unreadable:
            fault = EXPECTED.get(column.type, reader.expected)
        if fault not in (None, NEEDED):
            faults.setdefault(str(fault), []).append(place)
    return {wanted: np.flatnonzero(np.isin(found.codes, at)) for wanted, at in faults.items()}


def _counted(wanted: str, rows: Array, cells: Array, *, verb: str = "break it") -> str:
    first = ", ".join(
        f"row {row + 1} has {shown(listed(cells[row : row + 1])[0])}"
        for row in rows[:_FIRST].tolist()
    )
    return f"{wanted}, and {len(rows):,} of {len(cells):,} rows {verb}: {first}."
