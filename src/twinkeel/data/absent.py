"""What to say of columns that a row lacks, and of names that are nearly theirs.

Sentences only: the contract decides what is refused and what becomes a warning.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache

_SHOWN = 3
_LONGEST = 80
"""A longer name is no misspelt column, and would take long to compare."""


def none_there(columns: Sequence[str], extra: Sequence[object]) -> str:
    """The end of the refusal of a row that has none of `columns`."""
    hint = _hint(extra, columns)
    if len(columns) == 1:
        return f"the only column, {columns[0]}, is absent{hint}"
    return f"none of the {len(columns)} columns is there: {listed(columns)}{hint}"


def required(columns: Sequence[str], extra: Sequence[object]) -> str:
    """The end of the refusal of a row that lacks the required `columns`."""
    if len(columns) == 1:
        return f"the required column {columns[0]} is absent{_hint(extra, columns)}"
    names = f"{', '.join(columns[:-1])} and {columns[-1]}"
    return f"the required columns {names} are absent{_hint(extra, columns)}"


def missing(columns: Sequence[str], of: int) -> str:
    """The one warning of a row that lacks `columns`, which may be missing, of so many."""
    if len(columns) == 1:
        return f"{columns[0]} is absent: counted as missing."
    return f"{len(columns)} of {of} columns are absent: {listed(columns)}; counted as missing."


def unused(extra: Sequence[object], absent: Sequence[str]) -> str:
    """The warning of names that are no columns, with what they may have meant to be."""
    near = misspelt(extra, absent)
    shown = [str(name)[:_LONGEST] for name in extra]
    return f"Extra columns are not used: {listed(shown, 5)}" + (f"; {near}" if near else ".")


def misspelt(extra: Sequence[object], absent: Sequence[str]) -> str:
    """On the first of the names `extra` that is nearly one of `absent`, "" if none is."""
    for name in extra[:_SHOWN]:
        near = _nearest(name, tuple(absent)) if isinstance(name, str) else None
        if near is not None:
            return f"{name} is no column; did you mean {near!r}?"
    return ""


def listed(names: Sequence[str], most: int = _SHOWN) -> str:
    """The first of `names`, and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _hint(extra: Sequence[object], absent: Sequence[str]) -> str:
    near = misspelt(extra, absent)
    what = "it" if len(absent) == 1 else "them"
    return f"; {near}" if near else f"; add {what}, empty where not known."


@lru_cache(maxsize=1024)
def _nearest(name: str, absent: tuple[str, ...]) -> str | None:
    if len(name) > _LONGEST:
        return None
    same = [one for one in absent if one.lower() == name.lower()]
    near = same or difflib.get_close_matches(name, absent, n=1, cutoff=0.6)
    return near[0] if near else None
