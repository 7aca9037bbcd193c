"""One column of a contract: its record, and how its cells are read.

A reader per type turns cells into values in three ways that agree by construction: `read` for any
cell (the truth), `quick` for the ordinary cell of a single row (None where it does not know), and
`array` for whole columns, which reads each distinct cell once. Refuses what a type cannot hold by
raising `Unreadable`; the contract names the row.
"""

from __future__ import annotations

import datetime as dt
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.data import absent
from twinkeel.data.types import (
    ABSENT,
    EXACT,
    FALSE,
    ISO,
    MISSING,
    TRUE,
    Unreadable,
    days,
    days_of,
    number,
    plain,
    shown,
    truth,
)
from twinkeel.records import FieldType, Json, Record

Value: TypeAlias = float | str
"""What a cell becomes: a float (NaN is missing) or a text ("" is missing)."""

Array: TypeAlias = NDArray[Any]


class Column(Record, frozen=True):
    """One feature: its type, and what was seen of it while learning."""

    name: str
    type: FieldType
    nullable: bool = False
    """Values were missing while learning."""
    required: bool = True
    """The column must be there in every call."""
    values: tuple[str, ...] = ()
    """The categories seen, sorted, for a `category`, none where they are very many; for a
    `boolean`, its words."""
    low: float | None = None
    high: float | None = None
    """The range seen, for numbers; for dates, days since 1970-01-01."""
    date_format: str | None = None
    """How dates are written: `ISO`, or as for `datetime.strptime`."""
    example: Json = None
    """A usual value, JSON-ready."""


class Reader(ABC):
    """Reads the cells of one column."""

    expected: ClassVar[str]
    """What a cell should hold, as error sentences say it."""
    numeric: ClassVar[bool] = True
    """Values are floats, else texts."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.name = column.name
        self.quick: Callable[[object], Value | None] = self._quick()

    @abstractmethod
    def value(self, cell: object) -> Value:
        """The value of any cell; raises Unreadable."""

    @abstractmethod
    def _quick(self) -> Callable[[object], Value | None]:
        """A function that returns the value of an ordinary cell, and None for any other."""

    def remark(self, cell: object, value: Value) -> str | None:
        """What is unusual about a cell that was read as `value`, in one sentence."""
        missing = math.isnan(value) if isinstance(value, float) else not value
        if not missing:
            return self._unusual(value)
        if cell is ABSENT:
            return absent.missing([self.name], 1)
        return None if self.column.nullable else f"{self.name} is missing."

    def _unusual(self, _value: Value) -> str | None:
        return None

    def read(self, cell: object) -> tuple[Value, str | None]:
        """The value of any cell and a remark about it, if any; raises Unreadable."""
        value = self.value(cell)
        remark = self.remark(cell, value)
        if isinstance(value, float) and math.isinf(value):
            return math.nan, remark
        return value, remark

    def array(self, cells: Array | list[Any]) -> tuple[Array, dict[int, str]]:
        """A whole column: values of shape (n,), and row to remark. Raises Unreadable."""
        if isinstance(cells, np.ndarray):
            typed = self._typed(cells)
            if typed is not None:
                return typed
            cells = listed(cells)
        memo, keys = _Memo(self), self._keys(cells)
        values = list(map(memo.__getitem__, keys))
        return self._packed(values), memo.remarks_by_row(keys)

    def _typed(self, _cells: Array) -> tuple[Array, dict[int, str]] | None:
        """The fast way for an array whose type already fits, else None."""
        return None

    def _keys(self, cells: list[Any]) -> list[Any]:
        """Cells such that equal ones have equal values."""
        return cells

    def _packed(self, values: list[Any]) -> Array:
        return np.array(values, dtype=np.float64)


class _Memo(dict[Any, Value]):
    """Distinct cells to values, read when first asked for."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._remarks: dict[Any, str] = {}

    def __missing__(self, cell: Any) -> Value:
        value, remark = self._reader.read(cell)
        self[cell] = value
        if remark is not None:
            self._remarks[cell] = remark
        return value

    def remarks_by_row(self, cells: Iterable[Any]) -> dict[int, str]:
        remarks = self._remarks
        if not remarks:
            return {}
        return {row: remarks[cell] for row, cell in enumerate(cells) if cell in remarks}


def cell_of(cells: Array | Sequence[Any], row: int) -> object:
    """One cell of a column as a row of JSON has it: NaN is None, and a moment is its ISO text."""
    if not isinstance(cells, np.ndarray):
        return cells[row]
    cell = listed(cells[row : row + 1])[0]
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return plain(cell) if isinstance(cell, dt.date) else cell


def listed(cells: Array) -> list[Any]:
    """An array as Python values; moments as datetimes."""
    if cells.dtype.kind == "M":
        cells = cells.astype("datetime64[us]")
    values: list[Any] = cells.tolist()
    return values


class NumberReader(Reader):
    """Numbers: ints, floats, booleans, and texts of them; infinity counts as missing."""

    expected = "a number"

    def __init__(self, column: Column) -> None:
        self._least, self._most = _usual(column)
        super().__init__(column)

    def value(self, cell: object) -> Value:
        """See `types.number`."""
        return number(cell)

    def _quick(self) -> Callable[[object], Value | None]:
        least, most = self._ordinary()

        def quick(cell: object) -> Value | None:
            if type(cell) is float or type(cell) is int:
                return cell if least <= cell <= most else None
            return None

        return quick

    def _unusual(self, value: Value) -> str | None:
        if isinstance(value, float) and math.isinf(value):
            return f"{self.name} is infinite or too large: counted as missing."
        if isinstance(value, float) and not self._least <= value <= self._most:
            learned = f"{self.column.low:.15g} to {self.column.high:.15g}"
            return f"{self.name}: {value:.15g} is far outside {learned}, which was learned from."
        return None

    def _ordinary(self) -> tuple[float, float]:
        """The least and the most number that is exact and needs no remark."""
        return max(self._least, float(1 - EXACT)), min(self._most, float(EXACT - 1))

    def _typed(self, cells: Array) -> tuple[Array, dict[int, str]] | None:
        if cells.dtype.kind not in "fiub":
            return None
        values = cells.astype(np.float64)
        odd = np.flatnonzero(self._odd(values))
        remarks = {}
        for row, value in zip(odd.tolist(), values[odd].tolist(), strict=True):
            remark = self.remark(value, value)
            if remark is not None:
                remarks[row] = remark
        values[np.isinf(values)] = np.nan
        return values, remarks

    def _odd(self, values: Array) -> Array:
        """Where a remark may be due."""
        odd = np.isinf(values) if self.column.nullable else ~np.isfinite(values)
        return np.asarray(odd | (values < self._least) | (values > self._most))


class IntegerReader(NumberReader):
    """Whole numbers; any other number passes with a remark."""

    expected = "a whole number"

    def _quick(self) -> Callable[[object], Value | None]:
        least, most = self._ordinary()

        def quick(cell: object) -> Value | None:
            if type(cell) is int or (type(cell) is float and cell.is_integer()):
                return cell if least <= cell <= most else None
            return None

        return quick

    def _unusual(self, value: Value) -> str | None:
        if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
            return f"{self.name}: {value!r} is not a whole number."
        return super()._unusual(value)

    def _odd(self, values: Array) -> Array:
        fractions = np.isfinite(values) & (values != np.floor(values))
        return np.asarray(super()._odd(values) | fractions)


class BooleanReader(Reader):
    """Yes and no in their usual words, true and false, 1 and 0."""

    expected = "yes or no (true or false, 1 or 0)"
    _ordinary: ClassVar[dict[Any, float]] = {
        cased: value
        for words, value in ((TRUE, 1.0), (FALSE, 0.0))
        for word in words
        for cased in (word, word.upper(), word.capitalize())
    } | {True: 1.0, False: 0.0}

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._counts = bool(column.values) and set(column.values) <= {"0", "1"}

    def value(self, cell: object) -> Value:
        """See `types.truth`; where 0 and 1 may have been counts, 2 and more are 1 as well."""
        try:
            return truth(cell)
        except Unreadable:
            if self._counts and self._is_count(cell):
                return 1.0
            raise

    def remark(self, cell: object, value: Value) -> str | None:
        """Also says where a larger count was read as 1."""
        if self._counts and value == 1.0 and self._is_count(cell):
            return f"{self.name}: {shown(cell)} is neither 0 nor 1: read as 1."
        return super().remark(cell, value)

    def _is_count(self, cell: object) -> bool:
        try:
            value = number(cell)
        except Unreadable:
            return False
        return math.isfinite(value) and value > 1 and value.is_integer()

    def _quick(self) -> Callable[[object], Value | None]:
        ordinary = self._ordinary
        plain_types = frozenset({str, bool, int, float})

        def quick(cell: object) -> Value | None:
            return ordinary.get(cell) if type(cell) in plain_types else None

        return quick


class DateReader(Reader):
    """Moments as days since 1970-01-01: the column's own format, ISO 8601, and typed dates."""

    expected = "a date such as 2024-05-31"

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._format = column.date_format or ISO

    def value(self, cell: object) -> Value:
        """See `types.days`."""
        return days(cell, self._format)

    def _quick(self) -> Callable[[object], Value | None]:
        return _unknown

    def _typed(self, cells: Array) -> tuple[Array, dict[int, str]] | None:
        if cells.dtype.kind != "M":
            return None
        values = days_of(cells)
        if self.column.nullable:
            return values, {}
        remark = f"{self.name} is missing."
        return values, dict.fromkeys(np.flatnonzero(np.isnan(values)).tolist(), remark)


class TextReader(Reader):
    """Any text; numbers, booleans and dates as their one text."""

    expected = "text"
    numeric = False

    def value(self, cell: object) -> Value:
        """The cell's one text, "" where it is missing."""
        text = plain(cell)
        return "" if text in MISSING else text

    def _quick(self) -> Callable[[object], Value | None]:
        return _unknown

    def _keys(self, cells: list[Any]) -> list[Any]:
        """1 and True are equal to Python and differ as texts, so only texts are compared."""
        if set(map(type, cells)) <= {str, type(None)}:
            return cells
        return [cell if type(cell) is str or cell is ABSENT else plain(cell) for cell in cells]

    def _packed(self, values: list[Any]) -> Array:
        return _objects(values)


class CategoryReader(TextReader):
    """A text that repeats; an unseen one passes with a remark where the seen ones are listed."""

    expected = "a category (text)"

    def __init__(self, column: Column) -> None:
        self._seen = {value: value for value in column.values}
        super().__init__(column)

    def _quick(self) -> Callable[[object], Value | None]:
        seen = self._seen

        def quick(cell: object) -> Value | None:
            return seen.get(cell) if type(cell) is str else None

        return quick

    def _unusual(self, value: Value) -> str | None:
        if value in self._seen or not self._seen:
            return None
        return f"{self.name}: {shown(value)} was not seen while learning."


def _usual(column: Column) -> tuple[float, float]:
    """The least and the most that is not far out: the range seen, and its width beyond each end."""
    if column.low is None or column.high is None:
        return -math.inf, math.inf
    width = column.high - column.low
    return column.low - width, column.high + width


def _unknown(_cell: object) -> Value | None:
    return None


def _objects(values: list[Any]) -> Array:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


READERS: dict[FieldType, type[Reader]] = {
    "number": NumberReader,
    "integer": IntegerReader,
    "boolean": BooleanReader,
    "category": CategoryReader,
    "text": TextReader,
    "date": DateReader,
}
"""The reader of each type."""
