"""The contract of a version: which columns it reads, as what, and what it does with the rest.

One code path reads rows in training, in batches and in serving, so that a value means the same
everywhere. Permissive but loud: what can be read is read, and what is unusual becomes a warning of
its row; required columns that are absent, no column at all, or a cell that cannot be read, is one
ContractError.
Needs numpy and msgspec only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from twinkeel.data import absent
from twinkeel.data.columns import READERS, Array, Column, Reader, Value, cell_of
from twinkeel.data.inference import Found, infer_column
from twinkeel.data.rules import Rule, rule
from twinkeel.data.table import Table
from twinkeel.data.types import ABSENT, Unreadable, shown
from twinkeel.errors import ContractError
from twinkeel.records import Expectations, Field, Record, Rows

__all__ = ["Column", "Conformed", "Contract", "Inferred", "infer"]


@dataclass(frozen=True, eq=False, slots=True)
class Conformed:
    """Rows as a contract reads them, all arrays of shape (n,)."""

    values: dict[str, Array]
    """Numbers, integers, booleans (0 or 1) and dates (days since 1970-01-01) as float64 with NaN
    where missing; categories and texts as object arrays of str with "" where missing."""
    warnings: dict[int, list[str]]
    """Row position to sentences about what was unusual in it."""


class Contract(Record, frozen=True, dict=True):
    """The columns that a version reads, in order. `dict` lets it cache its readers."""

    columns: tuple[Column, ...]
    known: tuple[str, ...] = ()
    """Columns of the source that are not read; they may come along without a warning."""
    expectations: Expectations = Expectations()
    """What is expected of values beyond being readable, by the names of `columns`; of the column
    that names rows too, which holds for a file as a whole."""

    def fields(self) -> tuple[Field, ...]:
        """The columns as inputs of a signature."""
        return tuple(
            Field(
                name=column.name,
                type=column.type,
                required=column.required,
                values=column.values or None if column.type == "category" else None,
                low=column.low,
                high=column.high,
                example=column.example,
            )
            for column in self.columns
        )

    def read(
        self, columns: Mapping[str, Sequence[Any] | Array], n: int, *, first: int = 1
    ) -> Conformed:
        """Read `n` rows given by column; `first` is what errors call the first row.

        Raises ContractError naming the first row that is refused, its column, and how many more.
        """
        for name, cells in columns.items():
            if len(cells) != n:
                raise ContractError(f"Column {name} has {len(cells)} values, expected {n}.")
        if n == 1:
            return self._read_one(
                {name: cell_of(cells, 0) for name, cells in columns.items()}, first
            )
        said, extra = _Said(first), self._extra(columns.keys())
        if extra:
            said.warnings.update((row, [extra]) for row in range(n))
        lacking = self._lacking(columns.keys())
        if lacking:
            raise _first_of(dict.fromkeys(range(n), f"Row {first}: {lacking}"), n)
        return self._read_columns(columns.get, n, said)

    def read_rows(self, rows: Rows, *, first: int = 1) -> Conformed:
        """Read rows; a key that a row lacks is absent there. Raises ContractError."""
        for position, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise ContractError(
                    f"Row {first + position}: expected column names with values, got {shown(row)}."
                )
        if len(rows) == 1:
            return self._read_one(rows[0], first)
        said = _Said(first)
        for position, row in enumerate(rows):
            extra, lacking = self._extra(row.keys()), self._lacking(row.keys())
            if extra:
                said.warnings[position] = [extra]
            if lacking:
                said.refused[position] = f"Row {first + position}: {lacking}"

        def column(name: str) -> list[Any]:
            return [row.get(name, ABSENT) for row in rows]

        return self._read_columns(column, len(rows), said)

    @cached_property
    def _readers(self) -> tuple[Reader, ...]:
        return tuple(READERS[column.type](column) for column in self.columns)

    @cached_property
    def _steps(self) -> tuple[tuple[str, Callable[[object], Value | None], bool, Reader], ...]:
        return tuple((r.name, r.quick, r.numeric, r) for r in self._readers)

    @cached_property
    def _own(self) -> dict[str, bool]:
        """By name of a column, in order: whether it is required."""
        return {column.name: column.required for column in self.columns}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, required in self._own.items() if required)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.known).union(self._own)

    def _read_one(self, row: Mapping[str, Any], first: int) -> Conformed:
        """The path of a served row: no array is made until the end."""
        lacking = self._lacking(row.keys())
        if lacking:
            raise ContractError(f"Row {first}: {lacking}")
        extra = self._extra(row.keys())
        remarks = [extra] if extra else []
        away: list[str] = []
        numbers: list[Value] = []
        words: list[Value] = []
        for name, quick, numeric, reader in self._steps:
            cell = row.get(name, ABSENT)
            value = quick(cell)
            if value is None:
                value, remark = self._read_cell(reader, cell, first)
                if cell is ABSENT:
                    away.append(name)
                elif remark is not None:
                    remarks.append(remark)
            (numbers if numeric else words).append(value)
        if away:
            remarks.append(absent.missing(away, len(self.columns)))
        values = self._spread(numbers, words)
        for one in self._rules:
            wanted = one.fault(values[one.name].item())
            if wanted is not None:
                said = self._unexpected(one, wanted, row.get(one.name), first)
                if self.expectations.on_violation == "stop":
                    raise ContractError(said)
                remarks.append(said)
        return Conformed(values, {0: remarks} if remarks else {})

    def _spread(self, numbers: list[Value], words: list[Value]) -> dict[str, Array]:
        """One array per column, each a view of one of two."""
        floats = np.array(numbers, dtype=np.float64)
        objects = np.array(words, dtype=object)
        values = {}
        float_at = object_at = 0
        for name, _, numeric, _ in self._steps:
            if numeric:
                values[name] = floats[float_at : float_at + 1]
                float_at += 1
            else:
                values[name] = objects[object_at : object_at + 1]
                object_at += 1
        return values

    def _read_cell(self, reader: Reader, cell: object, number: int) -> tuple[Value, str | None]:
        if cell is ABSENT and reader.column.required:
            raise ContractError(f"Row {number}: {absent.required([reader.name], ())}")
        try:
            return reader.read(cell)
        except Unreadable:
            raise _unreadable(reader, cell, number) from None

    def _read_columns(self, column: Callable[[str], Any], n: int, said: _Said) -> Conformed:
        values: dict[str, Array] = {}
        away: dict[int, list[str]] = {}
        for reader in self._readers:
            given = column(reader.name)
            cells = [ABSENT] * n if given is None else given
            read = self._read_array(reader, cells)
            if read is None:
                for row, why in self._unreadable_rows(reader, cells, said.first):
                    said.refused.setdefault(row, why)
                continue
            values[reader.name], remarks = read
            lacked = absent.missing([reader.name], len(self.columns))
            for row, remark in remarks.items():
                if remark == lacked:
                    away.setdefault(row, []).append(reader.name)
                else:
                    said.warnings.setdefault(row, []).append(remark)
        self._fold(away, said)
        self._judge(column, values, said)
        if said.refused:
            raise _first_of(said.refused, n)
        return Conformed(values, said.warnings)

    def _fold(self, away: Mapping[int, list[str]], said: _Said) -> None:
        """One warning for all columns that a row lacks."""
        for row, names in away.items():
            remark = absent.missing(names, len(self.columns))
            said.warnings.setdefault(row, []).append(remark)

    def _judge(self, column: Callable[[str], Any], values: dict[str, Array], said: _Said) -> None:
        """Note the values that are not as expected."""
        for one in self._rules:
            given = column(one.name)
            for row, wanted in one.faults(values[one.name]).items() if one.name in values else ():
                cell = ABSENT if given is None else cell_of(given, row)
                sentence = self._unexpected(one, wanted, cell, said.first + row)
                if self.expectations.on_violation == "stop":
                    said.refused.setdefault(row, sentence)
                else:
                    said.warnings.setdefault(row, []).append(sentence)

    def _read_array(
        self, reader: Reader, cells: Array | Sequence[Any]
    ) -> tuple[Array, dict[int, str]] | None:
        """A whole column, None where it has a cell that refuses its row."""
        try:
            if isinstance(cells, np.ndarray):
                return reader.array(cells)
            cells = list(cells)
            if reader.column.required and ABSENT in cells:
                return None
            return reader.array(cells)
        except (Unreadable, TypeError):  # TypeError: a list or a record, which has no hash
            return None

    def _unreadable_rows(
        self, reader: Reader, cells: Array | Sequence[Any], first: int
    ) -> Iterator[tuple[int, str]]:
        """The rows that a column refuses, and why."""
        for row in range(len(cells)):
            try:
                self._read_cell(reader, cell_of(cells, row), first + row)
            except ContractError as error:
                yield row, str(error)

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        expected = self.expectations.columns
        found = (
            rule(column, expected[column.name], "expectations")
            for column in self.columns
            if column.name in expected
        )
        return tuple(one for one in found if one is not None)

    def _unexpected(self, broken: Rule, wanted: str, cell: object, number: int) -> str:
        """What to say of a value that was read and is not as expected."""
        got = "none" if cell is ABSENT else shown(cell)
        if self.expectations.on_violation == "stop":
            return f"Row {number}, column {broken.name}: expected {wanted}, got {got}; correct it."
        return f"{broken.name}: expected {wanted}, got {got}."

    def _extra(self, names: Set[str]) -> str | None:
        extra = [name for name in names if name not in self._names]
        if not extra:
            return None
        return absent.unused(extra, [name for name in self._own if name not in names])

    def _lacking(self, names: Set[str]) -> str | None:
        """Why a row of columns `names` is refused, None where they are enough."""
        none = not self._required and bool(self._own) and self._own.keys().isdisjoint(names)
        if self._required <= names and not none:
            return None
        extra = [name for name in names if name not in self._names]
        if self._own.keys().isdisjoint(names):
            return absent.none_there(tuple(self._own), extra)
        return absent.required(
            [name for name in self._own if name in self._required and name not in names], extra
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of rows while they are read, by position; `first` is the number of the first."""

    first: int
    warnings: dict[int, list[str]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def _first_of(refused: Mapping[int, str], n: int) -> ContractError:
    """The error for `n` rows of which some are refused: the first, and how many more."""
    more = len(refused) - 1
    verb = "is" if more == 1 else "are"
    rest = f" {more:,} more of these {n:,} rows {verb} refused as well." if more else ""
    return ContractError(f"{refused[min(refused)]}{rest}")


def _unreadable(reader: Reader, cell: object, number: int) -> ContractError:
    return ContractError(
        f"Row {number}, column {reader.name}: expected {reader.expected}, got {shown(cell)}; "
        "correct it, or leave it empty if it is not known."
    )


class Inferred(Record, frozen=True):
    """What a table's columns seem to be."""

    contract: Contract
    notes: tuple[str, ...]
    """Decisions that the user should know of, one sentence each."""

    def usable(self) -> Contract:
        """The contract, if it has anything to learn from; else raises ContractError."""
        if not self.contract.columns:
            raise ContractError(
                "There is nothing to learn from: every column is constant, empty, an identifier "
                "or excluded; add a column that varies with the target."
            )
        return self.contract


def infer(table: Table, *, exclude: Sequence[str] = (), keep: Sequence[str] = ()) -> Inferred:
    """The contract of a table's columns, but for those in `exclude` (such as the target).

    Identifiers, constant and empty columns are left out, and a note says so; identifiers in
    `keep` are read as what they are.
    """
    found: list[Found] = [
        _wanted(infer_column(name, column), name in keep)
        for name, column in table.columns.items()
        if name not in set(exclude)
    ]
    columns = tuple(one.column for one in found if one.column is not None)
    names = {column.name for column in columns}
    known = dict.fromkeys(name for name in (*table.names, *exclude) if name not in names)
    return Inferred(
        contract=Contract(columns=columns, known=tuple(known)),
        notes=tuple(note for one in found for note in one.notes),
    )


def _wanted(found: Found, keep: bool) -> Found:
    """An identifier that is to be kept, as a column."""
    return Found(column=found.kept) if keep and found.kept is not None else found
