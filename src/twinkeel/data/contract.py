"""The contract of a version: which columns it reads, as what, and what it does with the rest.

One code path reads rows in training, in batches and in serving, so that a value means the same
everywhere. Permissive but loud: what can be read is read, and what is unusual becomes a warning of
its row; a required column that is absent, or a cell that cannot be read, is one ContractError.
Needs numpy and msgspec only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from twinkeel.data.columns import READERS, Array, Column, Reader, Value, cell_of
from twinkeel.data.inference import Found, infer_column
from twinkeel.data.rules import Rule, rule
from twinkeel.data.table import Table
from twinkeel.data.types import ABSENT, Unreadable, shown
from twinkeel.errors import ContractError
from twinkeel.plugins import suggestion
from twinkeel.records import Expectations, Field, Record, Rows

__all__ = ["Column", "Conformed", "Contract", "Inferred", "infer"]

_SHOWN_NAMES = 5


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
        extra = self._extra(columns.keys())
        warnings = {row: [extra] for row in range(n)} if extra else {}
        return self._read_columns(columns.get, n, warnings, first)

    def read_rows(self, rows: Rows, *, first: int = 1) -> Conformed:
        """Read rows; a key that a row lacks is absent there. Raises ContractError."""
        for position, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise ContractError(
                    f"Row {first + position}: expected column names with values, got {shown(row)}."
                )
        if len(rows) == 1:
            return self._read_one(rows[0], first)
        warnings: dict[int, list[str]] = {}
        for position, row in enumerate(rows):
            extra = self._extra(row.keys())
            if extra:
                warnings[position] = [extra]

        def column(name: str) -> list[Any]:
            return [row.get(name, ABSENT) for row in rows]

        return self._read_columns(column, len(rows), warnings, first)

    @cached_property
    def _readers(self) -> tuple[Reader, ...]:
        return tuple(READERS[column.type](column) for column in self.columns)

    @cached_property
    def _steps(self) -> tuple[tuple[str, Callable[[object], Value | None], bool, Reader], ...]:
        return tuple((r.name, r.quick, r.numeric, r) for r in self._readers)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.known).union(column.name for column in self.columns)

    def _read_one(self, row: Mapping[str, Any], first: int) -> Conformed:
        """The path of a served row: no array is made until the end."""
        extra = self._extra(row.keys())
        remarks = [extra] if extra else []
        numbers: list[Value] = []
        words: list[Value] = []
        for name, quick, numeric, reader in self._steps:
            cell = row.get(name, ABSENT)
            value = quick(cell)
            if value is None:
                value, remark = self._read_cell(reader, cell, row, first)
                if remark is not None:
                    remarks.append(remark)
            (numbers if numeric else words).append(value)
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

    def _read_cell(
        self, reader: Reader, cell: object, row: Iterable[str], number: int
    ) -> tuple[Value, str | None]:
        if cell is ABSENT and reader.column.required:
            raise self._absent(reader.name, row, number)
        try:
            return reader.read(cell)
        except Unreadable:
            raise _unreadable(reader, cell, number) from None

    def _read_columns(
        self,
        column: Callable[[str], Any],
        n: int,
        warnings: dict[int, list[str]],
        first: int,
    ) -> Conformed:
        values: dict[str, Array] = {}
        refused: dict[int, str] = {}
        for reader in self._readers:
            given = column(reader.name)
            cells = [ABSENT] * n if given is None else given
            read = self._read_array(reader, cells)
            if read is None:
                refused = dict(self._unreadable_rows(reader, cells, first)) | refused
                continue
            values[reader.name], remarks = read
            for row, remark in remarks.items():
                warnings.setdefault(row, []).append(remark)
        for one in self._rules:
            given = column(one.name)
            for row, wanted in one.faults(values[one.name]).items() if one.name in values else ():
                cell = ABSENT if given is None else cell_of(given, row)
                said = self._unexpected(one, wanted, cell, first + row)
                if self.expectations.on_violation == "stop":
                    refused.setdefault(row, said)
                else:
                    warnings.setdefault(row, []).append(said)
        if refused:
            raise _first_of(refused, n)
        return Conformed(values, warnings)

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
                self._read_cell(reader, cell_of(cells, row), (), first + row)
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

    def _extra(self, names: Iterable[str]) -> str | None:
        extra = [name for name in names if name not in self._names]
        if not extra:
            return None
        listing = ", ".join(str(name)[:80] for name in extra[:_SHOWN_NAMES])
        rest = f" and {len(extra) - _SHOWN_NAMES} more" if len(extra) > _SHOWN_NAMES else ""
        return f"Extra columns are not used: {listing}{rest}."

    def _absent(self, name: str, given: Iterable[str], number: int) -> ContractError:
        others = [str(other) for other in given if other not in self._names]
        near = suggestion(name, others) if others else ""
        hint = near if near.startswith("; did") else "; add it, empty where it is not known."
        return ContractError(f"Row {number}: the required column {name} is absent{hint}")


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
