"""What monitoring watches of a version's calls: columns of numbers or of texts, by default all.

A kind gets its calls by column, from the cases that judged it or from the events of production, and
says which columns are worth watching. The same function reads both, so the two can be compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.types import Unreadable, days, plain
from twinkeel.records import Field, Json, Part, Signature


@dataclass(frozen=True)
class Calls:
    """Calls by column; every sequence has one entry per call."""

    signature: Signature
    inputs: Mapping[str, Sequence[Json]]
    """The inputs that are known of calls: not those that events may not store."""
    outputs: Sequence[Mapping[str, Json]]
    warnings: Sequence[int] = ()
    """How many things were unusual about each input; empty where it is not known."""

    def __len__(self) -> int:
        return len(self.outputs)


@dataclass(frozen=True)
class Series:
    """One column to watch."""

    part: Part
    name: str
    form: Literal["number", "text"]
    values: Sequence[Any] | NDArray[Any]
    """None and NaN are missing."""


Form: TypeAlias = Literal["mean", "root mean", "ranking", "promise"]
"""How a score is made of its calls: their mean, its root, the area under the ROC curve; or a mean
that the version itself promises, which labels test as they come."""


@dataclass(frozen=True)
class Score:
    """One score of calls: what can be said of each before its label is known, and after."""

    name: str
    """As a scorecard names it, where it has that score."""
    form: Form
    expected: Sequence[float] | NDArray[np.float64] | None
    """What the version's own answer makes of each call; of a ranking, what it is ranked by, of one
    of several classes in shape (n, classes). None where the answer says nothing of it."""
    found: Sequence[float] | NDArray[np.float64] | None
    """What the label says: a mean's part, 0 or 1 of a ranking, 0 to 1 of a promise; NaN is not
    known. None where no labels were given."""


def default_signals(calls: Calls, *, without: Collection[str] = ()) -> list[Series]:
    """Every input and every output that is a number, a truth, a category, a date or a list.

    Outputs in `without` are left out.
    """
    fields = [field for field in calls.signature.inputs if field.name in calls.inputs]
    found = [series("input", field, calls.inputs[field.name]) for field in fields]
    if calls.warnings:
        warned = ["yes" if count else "no" for count in calls.warnings]
        found.append(Series("input", "warnings", "text", warned))
    outputs = [field for field in calls.signature.outputs if field.name not in without]
    found += [series("output", field, output(calls, field.name)) for field in outputs]
    return [one for one in found if one is not None]


def output(calls: Calls, name: str) -> list[Json]:
    """An output of every call; `probabilities.Yes` is the entry `Yes` of `probabilities`."""
    if all(name in one for one in calls.outputs[:1]):
        return [one.get(name) for one in calls.outputs]
    outer, _, inner = name.partition(".")
    values = (one.get(outer) for one in calls.outputs)
    return [value.get(inner) if isinstance(value, dict) else None for value in values]


def series(part: Part, field: Field, values: Sequence[Json]) -> Series | None:
    """A field's values as what its type says; None for free text, which is no column."""
    if field.type in ("number", "integer"):
        return Series(part, field.name, "number", values)
    if field.type == "date":
        return Series(part, field.name, "number", [_days(value) for value in values])
    if any(isinstance(value, list) for value in values[:100]):
        sizes = [len(value) if isinstance(value, list) else None for value in values]
        return Series(part, field.name, "number", sizes)
    if field.type == "text":
        return None
    memo: dict[tuple[type, Any], str | None] = {}
    return Series(part, field.name, "text", [_text(value, memo) for value in values])


def _days(value: Json) -> float:
    try:
        return days(value)
    except Unreadable:
        return float(np.nan)


def _text(value: Json, memo: dict[tuple[type, Any], str | None]) -> str | None:
    if isinstance(value, list | dict):
        return None
    key = (type(value), value)
    if key not in memo:
        memo[key] = plain(value) or None
    return memo[key]
