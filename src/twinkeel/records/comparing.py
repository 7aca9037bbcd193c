"""What a comparison of two versions found, on the cases that both were judged on."""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records.base import Json, Record
from twinkeel.records.judging import Score

Change: TypeAlias = Literal["better", "worse", "no difference seen", "cannot tell"]
"""What the whole 95% interval of a paired difference says; `cannot tell` where there is none."""

Fate: TypeAlias = Literal["won", "lost", "even"]
"""Whether the new version is less wrong on a case than the old one, more, or as much."""


class Beside(Record, frozen=True, kw_only=True):
    """One score of two versions on the same cases."""

    key: str
    old: Score
    new: Score
    gain: Score | None = None
    """The paired difference, positive where the new one is better; None where none can be made, as
    of timings."""

    @property
    def change(self) -> Change:
        """The difference in a word."""
        if self.gain is None or self.gain.low is None or self.gain.high is None:
            return "cannot tell"
        if self.gain.low > 0:
            return "better"
        return "worse" if self.gain.high < 0 else "no difference seen"


class Pair(Record, frozen=True, kw_only=True):
    """One thing of both versions side by side; None where one has it not."""

    name: str
    old: Json
    new: Json


class Switch(Record, frozen=True, kw_only=True):
    """Cases that the old version decided in one way and the new one in another."""

    old: str
    new: str
    n: int
    won: int
    lost: int


class Turn(Record, frozen=True, kw_only=True):
    """One case that is decided differently."""

    case: str
    """What a person knows it by."""
    old: str
    new: str
    fate: Fate


class Decisions(Record, frozen=True, kw_only=True):
    """Case by case: who is less wrong, and what is decided differently."""

    won: int
    lost: int
    even: int
    switches: tuple[Switch, ...] = ()
    """The most frequent first; none where outputs are no decisions."""
    turns: tuple[Turn, ...] = ()
    """Every such case, those that are lost first."""


class Comparison(Record, frozen=True, kw_only=True):
    """Two versions on the same cases; every difference is from the old one to the new one."""

    old: str
    """`churn@3`."""
    new: str
    kind: str
    production: str | None
    """Which of them is in production."""
    cases: tuple[str, ...]
    """The ids of the cases that both were judged on."""
    asked: Pair
    """How many cases each was judged on."""
    notes: tuple[str, ...] = ()
    """Which cases are left out and why, and what to run to have more, a sentence each."""
    scores: tuple[Beside, ...]
    slices: tuple[Beside, ...] = ()
    """Of groups and between them, what differs most in terms of its interval first."""
    timings: tuple[Beside, ...] = ()
    """Sizes and times as they were measured when each was judged."""
    decisions: Decisions | None = None
    breaking: tuple[str, ...] = ()
    """How the new one may refuse calls that the old one reads, in sentences."""
    differing: tuple[str, ...] = ()
    """What else differs for callers."""
    importance: tuple[Pair, ...] = ()
    """How far each column moves what is predicted, the largest first."""
    lineage: tuple[Pair, ...] = ()
    """What differs in where they come from."""
