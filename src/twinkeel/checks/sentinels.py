"""Numbers and words that stand for a missing value: told, because only people know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinkeel.checks.found import found
from twinkeel.checks.subject import Feature, Subject
from twinkeel.data.table import texts
from twinkeel.records import Finding

CODES = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, -1e6)
WORDS = frozenset(
    {
        "unknown",
        "none",
        "missing",
        "not available",
        "not known",
        "unk",
        "-",
        ".",
        "--",
        "n.a.",
        "nil",
    }
    | {"not specified", "unspecified", "undefined", "not applicable", "xx", "xxx"}
)
_FAR = 3.0
"""How many times the other values' range (between the 5th and 95th percentile) lies between."""
_STEPS = 5.0
"""Zeros stand out where the next value is so many usual steps away."""
_FEW = 0.25
"""Zeros that stand for a missing value are in at most this share of the rows that have a value."""
_LEAST = 3
"""A code is in at least so many rows."""


def sentinel(subject: Subject) -> Iterator[Finding]:
    """Codes such as 999 or -1, zeros where all else is far from zero, and words such as unknown."""
    for one in subject.learnable:
        code = _code(one) if one.type in {"integer", "number"} else None
        if code is not None:
            count = int((one.values == code).sum())
            said = f"{one.name} has {code:g} in {count:,} rows, far from its other values"
            yield _told(one, said, f"{code:g}", count)
        elif one.type in {"category", "text"} and one.distinct <= 1000:
            yield from _word(subject, one)


def _told(one: Feature, said: str, value: str, count: int) -> Finding:
    return found(
        "sentinel",
        [one.name],
        f"{said}: does it stand for a missing value",
        severity="note",
        key="empty those cells if it does",
        numbers={"value": value, "rows": count, "n": len(one.values)},
    )


def _code(one: Feature) -> float | None:
    values = one.values[~one.missing]
    for code in (*CODES, 0.0):
        count = int((values == code).sum())
        rest = values[values != code]
        if count < _LEAST or len(rest) < 20 or len(np.unique(rest)) < 5:
            continue
        if code == 0.0:
            if _zero_stands_out(rest, count):
                return code
        elif _apart(code, rest):
            return code
    return None


def _apart(code: float, rest: np.ndarray) -> bool:
    """Whether a code lies outside of all other values, far from where most of them are."""
    low, high = np.quantile(rest, [0.05, 0.95])
    if code < 0 and rest.min() >= 0:
        return True
    outside = code > rest.max() or code < rest.min()
    return bool(outside and min(abs(code - low), abs(code - high)) > _FAR * max(high - low, 1e-9))


def _zero_stands_out(rest: np.ndarray, zeros: int) -> bool:
    """Whether few are 0, all else is positive, and the way from 0 is longer than other steps."""
    steps = np.diff(np.unique(rest))
    return bool(rest.min() > _STEPS * np.median(steps) and zeros <= _FEW * (zeros + len(rest)))


def _word(subject: Subject, one: Feature) -> Iterator[Finding]:
    written = texts(subject.table.columns[one.name][subject.rows])
    for word in sorted(set(written)):
        if word.casefold() in WORDS:
            count = written.count(word)
            said = f"{one.name} has {word!r} in {count:,} rows"
            yield _told(one, said, word, count)
