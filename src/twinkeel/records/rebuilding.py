"""What a rebuild found: every candidate beside production on the same newest cases."""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records.base import Record
from twinkeel.records.judging import Score, Verdict

Fate: TypeAlias = Literal["chosen", "outdone", "not worth it", "worse", "held back", "impossible"]
"""`outdone`: good, and a dearer one is worth more; `held back`: good but for a gate."""
KEEP = "keep"
"""The candidate that is production as it is."""


class Compared(Record, frozen=True, kw_only=True):
    """One candidate of a rebuild."""

    name: str
    """`keep` for production itself, else the remedy's name."""
    text: str
    """What it does, in words."""
    seconds: float = 0.0
    """What building it took."""
    scores: tuple[Score, ...] = ()
    """On the newest cases: those that decide, the main one first."""
    gains: tuple[Score, ...] = ()
    """The same from production's, paired: positive is better."""
    verdicts: tuple[Verdict, ...] = ()
    fate: Fate
    reason: str
    """Why, in a sentence."""


class Rebuild(Record, frozen=True, kw_only=True):
    """A decision: what production was compared with, and what became of it."""

    component: str
    production: int
    """The number of the version in production."""
    cases: int
    """The newest cases that nobody learned from."""
    calls: int = 0
    """Labelled calls of production that were rows as well."""
    notes: tuple[str, ...] = ()
    """What a person should know of the rows and the cases, a sentence each."""
    worth: float
    """The least gain that a candidate must show, in units of the score."""
    table: tuple[Compared, ...]
    """Cheapest first."""
    chosen: str
    """The name of the candidate, `keep` where nothing is worth it."""
    why: str
    alert: str | None = None
    """The id of the newest open alert, if there is one."""
    version: str | None = None
    """The new version, `churn@8`; None where nothing was registered."""
    released: bool = False
