"""What a column of a table seems to hold: the one place where types are guessed.

Texts that are all numbers are numbers, all moments of one form are dates, two words of yes and no
are a boolean; what is left is a category where values repeat, however many there are, else text.
Identifiers, constants and empty columns are left out. Every guess that a user may want to overrule
comes with a note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import numpy as np
from msgspec.structs import replace

from twinkeel.data.columns import Array, Column
from twinkeel.data.distinct import Distinct, distinct
from twinkeel.data.table import beyond_floats, texts
from twinkeel.data.types import (
    EXACT,
    FALSE,
    ISO,
    TRUE,
    Unreadable,
    day_text,
    days,
    days_of,
    number,
    shown,
)
from twinkeel.records import FieldType, Json, Record

Counts: TypeAlias = Counter[str]
"""Distinct texts to how often they occur, missing left out."""

MOST_LISTED = 1000
"""A category of more values lists none of them: it is read and learned from all the same."""
_IDENTIFIER = "looks like an identifier"
_FEW = 20
"""So few distinct values are categories however short the table is."""
_IDENTIFIER_ROWS = 20
"""In fewer rows, that all values differ says nothing."""
_WHOLE = re.compile(r"[+-]?[0-9]{16,300}")
"""Whole numbers that may be too large."""
_CODE = re.compile(r"[+-]?0[0-9]+")
_ID_NAME = re.compile(
    r"(?i:^id$|[_\s-]id$|^row_?(names?|num(ber)?)$|uuid|guid)|[a-z]I[dD]$|^(?-i:[A-Z]{1,2}ID)$"
)
_YEAR = re.compile(r"[12][0-9]{3}")
_MARKS = re.compile(r"[,'\N{RIGHT SINGLE QUOTATION MARK}\N{MINUS SIGN}()\s%$€£]")
_SPACES = re.compile(r"\s")
_ORDERS = tuple(
    order.replace("/", mark)
    for order in ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d")
    for mark in "/.-"
)
"""Forms of which only the dates themselves can tell the order."""
_AMBIGUOUS = "dates with the day, the month or the year first"
_CLEAR = ("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S")
_DATE_LIKE = re.compile(r"[0-9A-Za-z]{1,9}[-/. ][0-9A-Za-z]{1,9},?[-/. T][0-9]{1,4}.*")


class Found(Record, frozen=True):
    """What one column seems to be."""

    column: Column | None
    """None where it is left out."""
    notes: tuple[str, ...] = ()
    left_out: Literal["constant", "identifier"] | None = None
    """Why there is no column."""
    kept: Column | None = None
    """Of an identifier: the column that it is where the user wants it."""


def infer_column(name: str, cells: Array | Distinct) -> Found:
    """What a column seems to hold, or why it is left out; texts may come as their distinct ones."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return _dates(name, days_of(cells), ISO)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf" and not beyond_floats(cells):
        return _numbers(name, cells.astype(np.float64))
    found = cells if isinstance(cells, Distinct) else distinct(cells)
    counts = found.text_counts()
    missing = counts.pop("", 0)
    return _from_texts(name, counts, missing)


def _from_texts(name: str, counts: Counts, missing: int) -> Found:
    varies = len(counts) > 1 or (len(counts) == 1 and missing > 0)
    if not varies:
        return _left_out(name, _constant(next(iter(counts), None)))
    words = {text.casefold() for text in counts}
    if words <= TRUE | FALSE and (len(words) > 1 or words.isdisjoint({"0", "1"})):
        seen = tuple(sorted(counts))
        example = _boolean(_usual(counts))
        return Found(column=replace(_column(name, "boolean", missing, example), values=seen))
    values = _parsed(counts, number)
    inexact = values is not None and _inexact(counts)
    if values is not None and not inexact and not any(_CODE.fullmatch(text) for text in counts):
        repeated = np.repeat(np.array(values), list(counts.values()))
        return _numbers(name, np.append(repeated, [np.nan] * missing))
    date_format, notes = _date_format(name, counts)
    if date_format is not None:
        moments = _parsed(counts, lambda text: days(text, date_format)) or []
        return _dates(name, np.append(moments, [np.nan] * missing), date_format)
    found = _words(name, counts, missing)
    if inexact and found.column is not None:
        notes = (f"{name} holds whole numbers too large to be exact as numbers: read as text.",)
    return replace(found, notes=(*notes, *found.notes))


def _words(name: str, counts: Counts, missing: int) -> Found:
    """A category, a text or an identifier."""
    rows = counts.total()
    marked = _marked_numbers(counts)
    if _is_identifier(name, counts, rows) and (not marked or is_named_identifier(name)):
        kept = _column(name, "text", missing, _usual(counts))
        return replace(_left_out(name, _IDENTIFIER), kept=kept)
    notes = _nearly_numbers(name, counts, rows, marked=marked)
    if len(counts) <= _FEW or 2 * len(counts) <= rows:
        column = _column(name, "category", missing, _usual(counts))
        seen = tuple(sorted(counts)) if len(counts) <= MOST_LISTED else ()
        return Found(column=replace(column, values=seen), notes=notes)
    return Found(column=_column(name, "text", missing, _usual(counts)), notes=notes)


def _numbers(name: str, values: Array) -> Found:
    """A number, an integer, or a boolean where all are 0 or 1."""
    finite = values[np.isfinite(values)]
    missing = len(values) - len(finite)
    infinite = int(np.isinf(values).sum())
    distinct = np.unique(finite)
    if len(distinct) + bool(missing) < 2:
        value = _plain_number(float(distinct[0])) if len(distinct) else None
        return _left_out(name, _constant(value))
    whole = bool(np.all(finite == np.floor(finite)))
    if whole and _is_row_number(name, distinct, len(values)):
        kept = _ranged(_column(name, "integer", 0, _plain_number(float(finite[0]))), finite)
        return replace(_left_out(name, _IDENTIFIER), kept=kept)
    notes = (f"{name} holds {infinite} infinite values: counted as missing.",) if infinite else ()
    usual = float(np.quantile(finite, 0.5, method="lower"))
    example = _plain_number(usual)
    if np.array_equal(distinct, [0.0, 1.0]):
        column = replace(_column(name, "boolean", missing, example), values=("0", "1"))
        return Found(column=column, notes=notes)
    column = _column(name, "integer" if whole else "number", missing, example)
    return Found(column=_ranged(column, finite), notes=notes)


def _dates(name: str, moments: Array, date_format: str) -> Found:
    present = moments[~np.isnan(moments)]
    missing = len(moments) - len(present)
    if len(np.unique(present)) + bool(missing) < 2:
        return _left_out(name, _constant(day_text(present[0]) if len(present) else None))
    usual = day_text(float(np.quantile(present, 0.5, method="lower")))
    column = replace(_column(name, "date", missing, usual), date_format=date_format)
    return Found(column=_ranged(column, present))


def _column(name: str, kind: FieldType, missing: int, example: Json) -> Column:
    return Column(
        name=name, type=kind, nullable=missing > 0, required=missing == 0, example=example
    )


def _ranged(column: Column, values: Array) -> Column:
    return replace(column, low=float(values.min()), high=float(values.max()))


def _left_out(name: str, why: str) -> Found:
    return Found(
        column=None,
        notes=(f"{name} {why}: left out.",),
        left_out="identifier" if why == _IDENTIFIER else "constant",
    )


def _constant(value: Json) -> str:
    return "is empty" if value is None else f"is always {shown(value)}"


def _usual(counts: Counts) -> str:
    """The most frequent text; the first in the alphabet among equals, so that order is moot."""
    return min(counts, key=lambda text: (-counts[text], text))


def _boolean(word: str) -> Json:
    """A word of yes or no as JSON writes it best: 1 for 1, true for true, else the word."""
    plain: dict[str, Json] = {"0": 0, "1": 1, "true": True, "false": False}
    return plain.get(word.casefold(), word)


def moments_of(cells: Array) -> Array | None:
    """Days since 1970-01-01 of a column that orders rows in time: dates, or whole years.

    Shape (n,), NaN where missing; None if the column holds anything else.
    """
    if cells.dtype.kind == "M":
        return days_of(cells)
    found = distinct(cells)
    date_format = moment_format(found)
    if date_format is None:
        return None
    moments = [days(text or None, date_format) for text in texts(found.cells)]
    return np.array(moments, dtype=np.float64)[found.codes]


def moment_format(column: Distinct) -> str | None:
    """How the moments of a column are written: as dates, or as whole years; None for others."""
    if column.cells.dtype.kind == "M":
        return ISO
    counts = column.text_counts()
    counts.pop("", 0)
    date_format, _ = _date_format("", counts)
    if date_format is None and all(_YEAR.fullmatch(text) for text in counts):
        return "%Y"
    return date_format


def date_format_of(column: Distinct) -> str | None:
    """How the dates of a column are written; None where not all are, or in two ways at once."""
    counts = column.text_counts()
    counts.pop("", 0)
    return _date_format("", counts)[0]


def _plain_number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _parsed(texts_seen: Iterable[str], read: Callable[[str], float]) -> list[float] | None:
    """Every text read, or None if one cannot be."""
    try:
        return [read(text) for text in texts_seen]
    except Unreadable:
        return None


def _is_identifier(name: str, counts: Counts, rows: int) -> bool:
    """Single words that (nearly) never repeat."""
    if rows < _IDENTIFIER_ROWS or any(_SPACES.search(text) for text in counts):
        return False
    return len(counts) == rows or (is_named_identifier(name) and len(counts) >= 0.9 * rows)


def is_named_identifier(name: str) -> bool:
    """Whether a column's name says that it names rows, as `customer_id` does."""
    return _ID_NAME.search(name) is not None


def _inexact(counts: Counts) -> bool:
    """Whether whole numbers beyond what a float holds are most of a column, or become one."""
    large = [one for one in counts if _WHOLE.fullmatch(one) and abs(float(one)) >= EXACT]
    if len({float(one) for one in large}) < len(large):
        return True
    return 2 * sum(counts[one] for one in large) > counts.total()


def _is_row_number(name: str, distinct: Array, rows: int) -> bool:
    """Whole numbers that never repeat, without a gap or under a name that says so."""
    if rows < _IDENTIFIER_ROWS or len(distinct) < rows:
        return False
    return bool(distinct[-1] - distinct[0] == rows - 1) or is_named_identifier(name)


def _marked_numbers(counts: Counts) -> bool:
    """Whether all texts would be numbers without their marks, and some have one."""
    plain = [_MARKS.sub("", text) for text in counts]
    return plain != list(counts) and _parsed(plain, number) is not None


def _nearly_numbers(name: str, counts: Counts, rows: int, *, marked: bool) -> tuple[str, ...]:
    """A note where a few texts, or their way of writing, keep a column from being numbers."""
    if _inexact(counts):
        return ()
    if marked:
        return (
            f"{name} looks like numbers with commas or signs, such as {shown(_usual(counts))}: "
            "read as text; write them as 1234.5.",
        )
    odd = [text for text in counts if _parsed([text], number) is None]
    odd_rows = sum(counts[text] for text in odd)
    if not odd or odd_rows > 0.1 * rows or len(counts) <= _FEW:
        return ()
    return (
        f"{name} would be numbers but for {odd_rows} of {rows} values such as {shown(odd[0])}: "
        "read as text; empty those cells if they mean missing.",
    )


def _date_format(name: str, counts: Counts) -> tuple[str | None, tuple[str, ...]]:
    """The one form that all texts are dates in, if any, and a note where two would do."""
    if not counts:
        return None, ()
    sample = sorted(counts)[:: max(1, len(counts) // 50)]
    if not all(_DATE_LIKE.fullmatch(text) for text in sample):
        return None, ()
    for date_format in (ISO, *_with_times(_CLEAR)):
        if _all_dates(counts, sample, date_format):
            return date_format, ()
    readings = [one for one in _with_times(_ORDERS) if _all_dates(counts, sample, one)]
    if len(readings) > 1:
        return None, (f"{name} could be {_AMBIGUOUS}: read as text; write dates as 2024-05-31.",)
    return (readings[0] if readings else None), ()


def _with_times(formats: Iterable[str]) -> list[str]:
    return [date_format + time for time in _TIMES for date_format in formats]


def _all_dates(counts: Counts, sample: Iterable[str], date_format: str) -> bool:
    """Whether all texts are in this form; the sample is tried first."""

    def read(text: str) -> float:
        if date_format != ISO and "-" in text[:5] and text[:4].isdigit():
            raise Unreadable  # an ISO date, which `days` would read as well
        return days(text, date_format)

    return _parsed(sample, read) is not None and _parsed(counts, read) is not None
