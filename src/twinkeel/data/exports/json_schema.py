"""A contract as JSON Schema (draft 2020-12) of one row.

It accepts what serving accepts: numbers may come as texts, what means missing may come anywhere,
and columns that are not read may come along. Where a pattern cannot tell (a text that is no date, a
number in a text that is out of its bounds), it accepts and serving refuses.
"""

from __future__ import annotations

import re
from typing import Any

from twinkeel.data.columns import Column
from twinkeel.data.contract import Contract
from twinkeel.data.types import FALSE, MISSING, TRUE, day_text, plain
from twinkeel.records import ColumnExpectation

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SPECIAL = re.compile(r"([\\^$.*+?()\[\]{}|/])")
_DIGITS = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_MOST_EXAMPLES = 20


def json_schema(contract: Contract, title: str) -> Schema:
    """The schema of a row, as JSON-ready values."""
    stops = contract.expectations.on_violation == "stop"
    expected = contract.expectations.columns if stops else {}
    plain_one = ColumnExpectation()
    columns = {
        column.name: _column(column, expected.get(column.name, plain_one))
        for column in contract.columns
    }
    required = [
        column.name
        for column in contract.columns
        if column.required or expected.get(column.name, plain_one).missing == 0
    ]
    return {
        "$schema": DIALECT,
        "title": title,
        "description": f"One row that {title} answers; other columns are not used.",
        "type": "object",
        "properties": columns,
        "required": required,
        "additionalProperties": True,
    }


def _column(column: Column, expected: ColumnExpectation) -> Schema:
    forms = {"boolean": _boolean, "date": _date, "number": _amount, "integer": _amount}
    accepted = forms.get(column.type, _text)(column, expected)
    if expected.missing != 0:
        accepted += [{"type": "null"}, {"type": "string", "pattern": _anchored(_words(MISSING))}]
    schema: Schema = {"description": _description(column), "anyOf": accepted}
    if column.values and column.type == "category":
        schema["examples"] = list(column.values[:_MOST_EXAMPLES])
    elif column.example is not None:
        schema["examples"] = [column.example]
    return schema


def _description(column: Column) -> str:
    if column.type == "date" and column.low is not None and column.high is not None:
        seen = f", {day_text(column.low)} to {day_text(column.high)} while learning"
        form = "" if column.date_format in (None, "ISO") else f", written as {column.date_format}"
        return f"A date{form}{seen}; ISO 8601 is always read."
    if column.low is not None and column.high is not None:
        return f"A {column.type}, {column.low:.6g} to {column.high:.6g} while learning."
    if column.type == "category" and not column.values:
        return "A category of very many; one that was not seen while learning is read as well."
    if column.type == "category":
        return "A category; one that was not seen while learning is read with a warning."
    return "Yes or no." if column.type == "boolean" else "A text."


def _amount(_column: Column, expected: ColumnExpectation) -> list[Schema]:
    low, high = expected.min, expected.max
    bounds: Schema = {}
    if isinstance(low, int | float):
        bounds["minimum"] = low
    if isinstance(high, int | float):
        bounds["maximum"] = high
    if expected.type == "integer":
        bounds["multipleOf"] = 1
    infinite = _either_case("inf", "infinity", "nan")
    text = {"type": "string", "pattern": _anchored(f"{_DIGITS}|[+-]?{infinite}")}
    return [{"type": "number", **bounds}, {"type": "boolean"}, text]


def _boolean(column: Column, _expected: ColumnExpectation) -> list[Schema]:
    words = rf"{_either_case(*sorted(TRUE | FALSE))}|[01]\.0"
    accepted: list[Schema] = [
        {"type": "boolean"},
        {"enum": [0, 1]},
        {"type": "string", "pattern": _anchored(words)},
    ]
    if column.values and set(column.values) <= {"0", "1"}:  # may have been counts
        accepted += [
            {"type": "number", "minimum": 2, "multipleOf": 1},
            {"type": "string", "pattern": _anchored(_DIGITS)},
        ]
    return accepted


def _date(_column: Column, _expected: ColumnExpectation) -> list[Schema]:
    return [{"type": "string", "pattern": r"\d"}]


def _text(_column: Column, expected: ColumnExpectation) -> list[Schema]:
    if expected.values is None:
        return [{"type": ["string", "number", "boolean"]}]
    allowed = frozenset(plain(value) for value in expected.values)
    numbers = [float(text) for text in sorted(allowed) if re.fullmatch(_DIGITS, text)]
    truths = [truth for truth in (True, False) if str(truth) in allowed]
    others: list[Schema] = [{"enum": [*numbers, *truths]}] if numbers or truths else []
    words = rf"(?:{_words(allowed)})(?:\.0)?"
    return [{"type": "string", "pattern": _anchored(words)}, *others]


def _words(words: frozenset[str]) -> str:
    return "|".join(_SPECIAL.sub(r"\\\1", word) for word in sorted(words))


def _either_case(*words: str) -> str:
    cased = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return f"(?:{'|'.join(cased)})"


def _anchored(pattern: str) -> str:
    return rf"^\s*(?:{pattern})\s*$"
