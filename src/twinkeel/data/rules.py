"""What is expected of one value: the rules that hold in a build and for every served row.

A rule looks at values as a contract reads them, so that `"12"` and `12` are judged alike. Needs
numpy only. How many may be missing, and whether values repeat, are not of one value: see
`expectations`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinkeel.data.columns import READERS, Array, Column, Value
from twinkeel.data.distinct import distinct
from twinkeel.data.types import Unreadable, days, number
from twinkeel.errors import ConfigError
from twinkeel.records import ColumnExpectation

EXPECTED = {"number": "a number", "integer": "a whole number", "date": "a date"}
NEEDED = "a value"
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """What is expected of each value of one column."""

    name: str
    needed: bool
    """A missing value breaks it."""
    low: float
    high: float
    """Bounds of the value, or of the number or moment that its text stands for."""
    reads: str | None
    """`number`, `integer` or `date`, where the value must stand for one."""
    allowed: frozenset[Value] | None
    words: tuple[str, ...]
    """How the bounds and the allowed values are said: at least, at most, one of."""

    def fault(self, value: Value) -> str | None:
        """The first thing that was expected instead of this value, None where it is as expected."""
        return next(self.each_fault(value), None)

    def each_fault(self, value: Value) -> Iterator[str]:
        """Everything that was expected instead of this value: the values, the type, the bounds."""
        if not value if isinstance(value, str) else value != value:  # noqa: PLR0124  # NaN
            if self.needed:
                yield NEEDED
            return
        if self.allowed is not None and value not in self.allowed:
            yield self.words[2]
        if self.reads is None:
            return
        amount = self._amount(value) if isinstance(value, str) else value
        if amount is None or (self.reads == "integer" and not amount.is_integer()):
            yield EXPECTED[self.reads]
        if amount is not None and amount < self.low:
            yield self.words[0]
        if amount is not None and amount > self.high:
            yield self.words[1]

    def faults(self, values: Array) -> dict[int, str]:
        """Row to what was expected there, for the rows of a column that break the rule."""
        if values.dtype.kind == "O":
            found = distinct(values)
            each = [self.fault(value) for value in found.cells.tolist()]
            broken = np.array([fault is not None for fault in each], dtype=bool)
            rows = np.flatnonzero(broken[found.codes]) if each else ()
            return {int(row): str(each[found.codes[row]]) for row in rows}
        rows = np.flatnonzero(self._suspect(values))
        checked = ((row, self.fault(values[row].item())) for row in rows.tolist())
        return {row: fault for row, fault in checked if fault is not None}

    def expected(self) -> tuple[str, ...]:
        """Everything that is expected of each value, in the words of its faults."""
        told = (
            (self.needed, NEEDED),
            (self.allowed is not None, self.words[2]),
            (self.reads is not None, EXPECTED.get(self.reads or "", "")),
            (self.low > -math.inf, self.words[0]),
            (self.high < math.inf, self.words[1]),
        )
        return tuple(words for said, words in told if said)

    def _suspect(self, values: Array) -> Array:
        """Where a number may break the rule; all that do are among them."""
        if self.allowed is not None:
            return ~np.isin(values, np.array(list(self.allowed), dtype=np.float64))
        suspect = ~((values >= self.low) & (values <= self.high))
        return suspect | (values != np.floor(values)) if self.reads == "integer" else suspect

    def _amount(self, text: str) -> float | None:
        try:
            return days(text) if self.reads == "date" else number(text)
        except Unreadable:
            return None


def rule(column: Column, expected: ColumnExpectation, where: str) -> Rule | None:
    """The rule for values of `column`, None where nothing is expected of single values.

    Raises ConfigError, beginning with `where`, for a bound that is no date.
    """
    is_date = isinstance(expected.min, str) or isinstance(expected.max, str)
    bounded = expected.min is not None or expected.max is not None
    reads: str | None = expected.type if expected.type in EXPECTED else None
    reads = "date" if is_date else reads or ("number" if bounded else None)
    if reads is None and expected.values is None and expected.missing != 0:
        return None
    return Rule(
        name=column.name,
        needed=expected.missing == 0,
        low=_bound(expected.min, -math.inf, where),
        high=_bound(expected.max, math.inf, where),
        reads=reads,
        allowed=None if expected.values is None else _allowed(column, expected.values),
        words=(
            f"at least {_said(expected.min)}",
            f"at most {_said(expected.max)}",
            f"one of {_listed(expected.values or ())}",
        ),
    )


def _bound(bound: float | str | None, otherwise: float, where: str) -> float:
    if bound is None:
        return otherwise
    if not isinstance(bound, str):
        return bound
    try:
        return days(bound)
    except Unreadable:
        raise ConfigError(f"{where}: {bound!r} is no date such as 2024-05-31.") from None


def _said(bound: float | str | None) -> str:
    return f"{bound:.15g}" if isinstance(bound, int | float) else str(bound)


def _allowed(column: Column, values: tuple[object, ...]) -> frozenset[Value]:
    """The values as the column reads them; one that it cannot read can never come."""
    reader = READERS[column.type](column)
    found = set()
    for value in values:
        try:
            found.add(reader.value(value))
        except Unreadable:
            continue
    return frozenset(found)


def _listed(values: tuple[object, ...]) -> str:
    shown = ", ".join(map(str, values[:_SHOWN]))
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN} more"
