"""A source against what a team expects of it: one sentence per expectation that is broken.

Each says what was expected, how many rows break it, and the first of them. Every row is judged, a
batch at a time; only how dates are written is found from a sample. Of columns where no value may be
there twice, the values are held. Refuses expectations of columns that the table does not have.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from twinkeel.config import seconds
from twinkeel.data.columns import READERS, Array, Column, Reader, listed
from twinkeel.data.contract import Contract
from twinkeel.data.distinct import Distinct, distinct
from twinkeel.data.inference import date_format_of, moment_format
from twinkeel.data.rules import EXPECTED, NEEDED, Rule, rule
from twinkeel.data.table import Table, texts
from twinkeel.data.types import Unreadable, day_text, days, shown
from twinkeel.errors import ConfigError
from twinkeel.plugins import suggestion
from twinkeel.records import ColumnExpectation, Expectations, FieldType, FreshExpectation

_FIRST = 3
_SECONDS_A_DAY = 86_400
_TWICE = "no value twice"


def violations(
    sample: Table,
    batches: Iterable[Table],
    expected: Expectations,
    *,
    source: str,
    now: dt.datetime,
) -> tuple[str, ...]:
    """What the rows of `batches` break, a sentence each; `sample` is some of them.

    Raises ConfigError for a column that is not there.
    """
    where = f"[sources.{source}.expect"
    fresh = () if expected.fresh is None else (expected.fresh.column,)
    for name in (*expected.columns, *fresh):
        if name not in sample.names:
            near = suggestion(name, tuple(sample.names))
            raise ConfigError(f"{where}]: {source} has no column {name!r}{near}")
    newest = None if expected.fresh is None else _Newest.of(sample, expected.fresh)
    judges = [
        _Judge.of(name, sample.columns[name], one, f"{where}.columns] {name}")
        for name, one in expected.columns.items()
    ]
    rows = 0
    for table in batches:
        rows += len(table)
        if newest is not None:
            newest.take(table)
        for judge in judges:
            judge.take(table.columns[judge.name])
    aged = () if newest is None else newest.told(now)
    return (*_size(rows, expected), *aged, *(text for judge in judges for text in judge.told()))


class Together:
    """A table that comes in parts, against what a contract expects of its columns as wholes: that
    no value is there twice, and how many may be missing. Single values are the contract's to judge.
    """

    def __init__(self, contract: Contract) -> None:
        columns = {column.name: column for column in contract.columns}
        self._judges = [
            _Judge(name, whole, READERS["text"](Column(name=name, type="text")), None)
            for name, one in contract.expectations.columns.items()
            if (whole := _as_a_whole(one, read=name in columns)) is not None
        ]

    def take(self, table: Table) -> None:
        """Judge the next rows; columns that they do not have are not judged."""
        for judge in self._judges:
            if judge.name in table.columns:
                judge.take(table.columns[judge.name])

    def told(self) -> tuple[str, ...]:
        """What all rows together break, a sentence each."""
        return tuple(text for judge in self._judges for text in judge.told())


def _as_a_whole(one: ColumnExpectation, *, read: bool) -> ColumnExpectation | None:
    """What of an expectation is not of single values; None where nothing is."""
    share = None if read and one.missing == 0 else one.missing
    if share is None and not one.unique:
        return None
    return ColumnExpectation(unique=one.unique, missing=share)


def _size(n: int, expected: Expectations) -> Iterator[str]:
    if expected.rows is None:
        return
    least, most = expected.rows.min, expected.rows.max
    if least is not None and n < least:
        yield f"expected at least {least:,} rows, and there are {n:,}."
    if most is not None and n > most:
        yield f"expected at most {most:,} rows, and there are {n:,}."


@dataclass
class _Newest:
    """The newest date of a column."""

    expected: FreshExpectation
    date_format: str | None
    """How dates are written; None where the column holds none."""
    newest: float = -np.inf
    """Days since 1970-01-01."""

    @classmethod
    def of(cls, sample: Table, expected: FreshExpectation) -> _Newest:
        return cls(expected, moment_format(distinct(sample.columns[expected.column])))

    def take(self, table: Table) -> None:
        if self.date_format is None:
            return
        for cell in listed(distinct(table.columns[self.expected.column]).cells):
            try:
                self.newest = max(self.newest, days(cell, self.date_format))
            except Unreadable:
                continue

    def told(self, now: dt.datetime) -> Iterator[str]:
        column, within = self.expected.column, self.expected.within
        if self.newest == -np.inf:
            yield f"{column}: expected dates, and it holds none."
        elif (days(now) - self.newest) * _SECONDS_A_DAY > seconds(within, "within"):
            newest = day_text(self.newest)
            yield f"{column}: expected a date within {within}, and the newest is {newest}."


@dataclass
class _Broken:
    """The rows that break one expectation: how many, and the first."""

    rows: int = 0
    first: list[str] = field(default_factory=list)

    def take(self, rows: Array, cells: Array, before: int) -> None:
        """Count rows of `cells`, which come after `before` others."""
        self.rows += len(rows)
        for row in rows[: _FIRST - len(self.first)].tolist():
            cell = listed(cells[row : row + 1])[0]
            self.first.append(f"row {before + row + 1} has {shown(cell)}")


@dataclass
class _Judge:
    """One column against what is expected of it, with counts that run over its batches."""

    name: str
    one: ColumnExpectation
    reader: Reader
    rule: Rule | None
    rows: int = 0
    missing: int = 0
    first_missing: int = 0
    seen: set[object] = field(default_factory=set)
    broken: dict[str, _Broken] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, sample: Array, one: ColumnExpectation, where: str) -> _Judge:
        """A judge that reads values as the sample's are written."""
        column = _reading(name, one, sample)
        return cls(name, one, READERS[column.type](column), rule(column, one, where))

    def take(self, cells: Array) -> None:
        """Judge the next rows of the column."""
        found = distinct(cells)
        missing = np.array([not text for text in texts(found.cells)], dtype=bool)[found.codes]
        if missing.any() and not self.missing:
            self.first_missing = self.rows + int(np.argmax(missing)) + 1
        self.missing += int(missing.sum())
        if self.one.unique:
            self._count(_TWICE, self._repeated(found, missing), cells)
        for fault, places in self._faults(found).items():
            self._count(fault, np.flatnonzero(np.isin(found.codes, places)), cells)
        self.rows += len(cells)

    def told(self) -> Iterator[str]:
        """A sentence for everything that the column breaks."""
        most, begun = self.one.missing, f"{self.name}: expected"
        if most is not None and self.missing > most * self.rows:
            yield (
                f"{begun} at most {most:.4g} of the values to be missing, and {self.missing:,} of "
                f"{self.rows:,} are, the first in row {self.first_missing}."
            )
        for wanted, broken in self.broken.items():
            several, one = ("repeat", "repeats") if wanted == _TWICE else ("break", "breaks")
            what = "one" if wanted == _TWICE else "it"
            verb = one if broken.rows == 1 else several
            yield (
                f"{begun} {wanted}, and {broken.rows:,} of {self.rows:,} rows {verb} {what}: "
                f"{', '.join(broken.first)}."
            )

    def _count(self, wanted: str, rows: Array, cells: Array) -> None:
        if len(rows):
            self.broken.setdefault(wanted, _Broken()).take(rows, cells, self.rows)

    def _repeated(self, found: Distinct, missing: Array) -> Array:
        """The rows whose value an earlier row has."""
        values = listed(found.cells)
        before = np.array([value in self.seen for value in values], dtype=bool)
        self.seen.update(values)
        again = np.ones(len(found.codes), dtype=bool)
        again[np.unique(found.codes, return_index=True)[1]] = False
        return np.flatnonzero((again | before[found.codes]) & ~missing)

    def _faults(self, found: Distinct) -> dict[str, list[int]]:
        """What was expected, to the places of the distinct cells that are not so."""
        faults: dict[str, list[int]] = {}
        for place, cell in enumerate(listed(found.cells)):
            for fault in self._of(cell):
                if fault != NEEDED:  # how many are missing is counted by itself
                    faults.setdefault(fault, []).append(place)
        return faults

    def _of(self, cell: object) -> Iterable[str]:
        try:
            value = self.reader.value(cell)
        except Unreadable:
            kind = EXPECTED.get(self.reader.column.type, self.reader.expected)
            if self.rule is None or self.rule.allowed is None:
                return (kind,)
            return (kind, self.rule.words[2])
        return () if self.rule is None else self.rule.each_fault(value)


def _reading(name: str, one: ColumnExpectation, sample: Array) -> Column:
    """What values are read as to be judged."""
    dated = isinstance(one.min, str) or isinstance(one.max, str) or one.type == "date"
    if dated or sample.dtype.kind == "M":
        written = date_format_of(distinct(sample))
        return Column(name=name, type="date", nullable=True, date_format=written)
    bounded = one.min is not None or one.max is not None
    kind: FieldType = one.type or ("number" if bounded else "text")
    return Column(name=name, type=kind, nullable=True)
