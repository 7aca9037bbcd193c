"""Moments as events write them: ISO 8601 in UTC with microseconds, which sort as texts. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re

from twinkeel.data.types import Unreadable, days
from twinkeel.records import Json

_DATE = re.compile(r"\s*\d{4}-\d\d-\d\d\s*")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def moment(cell: Json, *, end_of_day: bool = False) -> str:
    """The moment that a cell stands for, "" for none; a time without a zone is in UTC.

    With `end_of_day`, a date alone is the last moment of its day.
    """
    try:
        found = days(cell)
    except Unreadable:
        return ""
    if math.isnan(found):
        return ""
    late = end_of_day and isinstance(cell, str) and _DATE.fullmatch(cell) is not None
    span = dt.timedelta(days=found + late) - dt.timedelta(microseconds=int(late))
    try:
        return _text(_EPOCH + span)
    except OverflowError:
        return ""


def shifted(at: str, seconds: float) -> str:
    """The moment so many seconds after `at`, or before it."""
    return _text(dt.datetime.fromisoformat(at) + dt.timedelta(seconds=seconds))


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")
