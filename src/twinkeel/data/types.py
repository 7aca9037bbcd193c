"""What one cell means: the scalar readings that every table, file and request goes through.

Owns the words for missing and for true and false, the one text of a value, and the numbers and
moments that a cell can stand for. Knows no column and no table. Pure; numpy is known only so
that its scalars read like Python's.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
from typing import Final, Literal, TypeAlias

import numpy as np


class Absent(enum.Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""Stands for a cell whose column is not there at all, which differs from a missing value."""

MISSING: Final = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NaT", "null", "NULL", "Null"}
    | {"None", "?"}
)
"""Texts that mean that there is no value."""

TRUE: Final = frozenset({"true", "yes", "y", "t", "on", "1"})
FALSE: Final = frozenset({"false", "no", "n", "f", "off", "0"})

ISO: Final = "ISO"
"""The date format of ISO 8601 texts and of typed dates."""

DateOrder: TypeAlias = Literal["day first", "month first"]

EXACT: Final = 2**53
"""Whole numbers below this are exact as float64; from here on two of them can become one."""

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # moments are UTC without saying so
_DAY_MICROSECONDS = 86_400_000_000
_BRIEF = 40
_SHORT = 10**15
"""Whole floats below this are written as integers: 1.0 and 1 are one text."""
_WHOLE = re.compile(r"-?[0-9]+\.0")


class Unreadable(Exception):
    """A cell cannot be read as what its column holds; columns turn it into a ContractError."""


def plain(cell: object) -> str:
    """The one text of a cell, stripped: 1, 1.0 and "1.0" are all "1"; None and NaN are "".

    Raises Unreadable for what is not a number, text, boolean or date.
    """
    if isinstance(cell, str):
        text = cell.strip()
        return text[:-2] if text[-2:] == ".0" and _WHOLE.fullmatch(text) else text
    if cell is None or cell is ABSENT:
        return ""
    if isinstance(cell, float):
        return _float_text(float(cell))
    if isinstance(cell, bool | int):
        return _int_text(cell)
    if isinstance(cell, dt.date):
        return _date_text(cell)
    if isinstance(cell, np.generic):
        return plain(_python(cell))
    raise Unreadable


def number(cell: object) -> float:
    """The number that a cell stands for: NaN where missing, infinite where it is too large.

    Raises Unreadable for what is not a number.
    """
    if isinstance(cell, float):
        return float(cell)
    if isinstance(cell, int):
        return _float(cell)
    if isinstance(cell, str):
        return _parsed(cell.strip())
    if cell is None or cell is ABSENT:
        return math.nan
    if isinstance(cell, np.generic) and not isinstance(cell, np.datetime64):
        return number(_python(cell))
    raise Unreadable


def truth(cell: object) -> float:
    """1.0 for yes, 0.0 for no, NaN where missing. Raises Unreadable for anything else."""
    text = plain(cell)
    if text in MISSING:
        return math.nan
    word = text.casefold()
    if word in TRUE:
        return 1.0
    if word in FALSE:
        return 0.0
    raise Unreadable


def days(cell: object, date_format: str = ISO) -> float:
    """Days from 1970-01-01 (UTC) to the moment in a cell, with fractions; NaN where missing.

    Reads `date_format` (as `datetime.strptime`, or ISO) and always ISO 8601, which is never
    ambiguous. Raises Unreadable for anything else.
    """
    if isinstance(cell, np.datetime64):
        cell = _python(cell)
    if isinstance(cell, dt.date):
        return _days(cell)
    if isinstance(cell, str):
        text = cell.strip()
        return math.nan if text in MISSING else _days(_moment(text, date_format))
    if cell is None or cell is ABSENT or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    raise Unreadable


def day_text(value: float) -> str:
    """Days since 1970-01-01 as ISO 8601 text; "" for NaN."""
    if math.isnan(value):
        return ""
    try:
        return _date_text(_EPOCH + dt.timedelta(days=value))
    except OverflowError:  # beyond the years that datetime knows
        return str(np.datetime64(int(value), "D"))


def shown(cell: object) -> str:
    """A cell as error sentences quote it: short."""
    text = f"{type(cell).__name__}" if isinstance(cell, list | dict | tuple) else _repr(cell)
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 3]}..."


def brief(text: str) -> str:
    """A text as tables and sentences say it: one line, and short."""
    line = " ".join(text.split())
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 3]}..."


def _repr(cell: object) -> str:
    try:
        return repr(cell)
    except ValueError:  # an integer too long to print
        return "a huge integer"


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) < _SHORT:
        return str(int(value))
    return repr(value).removesuffix(".0")


def _int_text(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python converts
        raise Unreadable from None


def _date_text(value: dt.date) -> str:
    if value != value:  # noqa: PLR0124  # pandas' NaT is a datetime that differs from itself
        return ""
    if not isinstance(value, dt.datetime):
        return value.isoformat()
    moment = _utc(value)
    midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date().isoformat() if midnight else moment.isoformat()


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _parsed(text: str) -> float:
    if text in MISSING:
        return math.nan
    if "_" in text or not text.isascii():  # Python would read 1_000 and foreign digits
        raise Unreadable
    try:
        return float(text)
    except ValueError:
        raise Unreadable from None


def _python(cell: np.generic) -> object:
    if isinstance(cell, np.datetime64):
        return cell.astype("datetime64[us]").item()
    if isinstance(cell, np.floating):
        return float(cell)
    value: object = cell.item()
    if isinstance(value, np.generic):
        raise Unreadable
    return value


def _moment(text: str, date_format: str) -> dt.datetime:
    if date_format != ISO:
        try:
            return dt.datetime.strptime(text, date_format)  # noqa: DTZ007  # UTC unless it says
        except ValueError:
            pass
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable from None


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(dt.UTC).replace(tzinfo=None)
    except OverflowError:
        raise Unreadable from None


def _days(value: dt.date) -> float:
    if value != value:  # noqa: PLR0124  # NaT
        return math.nan
    if isinstance(value, dt.datetime):
        span = _utc(value) - _EPOCH
    else:
        span = dt.datetime(value.year, value.month, value.day) - _EPOCH  # noqa: DTZ001
    return span.days + (span.seconds * 10**6 + span.microseconds) / _DAY_MICROSECONDS


def days_of(moments: np.ndarray) -> np.ndarray:
    """`days` of a datetime64 array: float64, NaN for NaT."""
    micros = moments.astype("datetime64[us]")
    whole, rest = np.divmod(micros.astype(np.int64), _DAY_MICROSECONDS)
    return np.where(np.isnat(micros), np.nan, whole + rest / _DAY_MICROSECONDS)


def moment_texts(moments: np.ndarray) -> list[str]:
    """A datetime64 array as ISO 8601 texts, to the microsecond; "" for NaT."""
    return [_moment_text(one) for one in moments.astype("datetime64[us]").tolist()]


def _moment_text(moment: dt.datetime | int | None) -> str:
    if moment is None:
        return ""
    if isinstance(moment, int):  # microseconds, beyond the years that datetime knows
        return day_text(moment / _DAY_MICROSECONDS)
    return _date_text(moment)
