"""A candidate on trial beside production, and how the two stand."""

from __future__ import annotations

from typing import Literal

from twinkeel.records.base import Record

Mode = Literal["shadow", "canary"]
TrialState = Literal["running", "promoted", "rolled back", "stopped"]


class Terms(Record, frozen=True, kw_only=True):
    """How a candidate is tried."""

    mode: Mode
    """`shadow`: its answers are recorded and not returned; `canary`: they are returned."""
    share: float
    """Of the cases, more than 0 and at most 1; one case is always answered by the same version."""
    margin: float = 0.01
    """The mean loss by which the candidate may be worse and still be promoted."""


class Standing(Record, frozen=True, kw_only=True):
    """Production and candidate on the same calls, as far as their labels have come."""

    calls: int = 0
    """Calls that both were asked."""
    errors: int = 0
    """Calls that production answered and the candidate could not."""
    labelled: int = 0
    """Calls with a label that has matured: what `gain` is about."""
    gain: float | None = None
    """Mean loss of production less that of the candidate: positive is better."""
    low: float | None = None
    """`low` and `high` hold the true gain with 95%, at every look at once."""
    high: float | None = None
    production_ms: float | None = None
    candidate_ms: float | None = None
    """Mean milliseconds of the same calls."""


class Trial(Record, frozen=True, kw_only=True):
    """A version that answers a share of the calls beside production: unseen, or for real."""

    id: str
    component: str
    number: int
    """The candidate."""
    against: int
    """The version in production."""
    release: int
    """The sequence of production's release: another release ends the trial."""
    mode: Mode
    """`shadow`: its answers are recorded and not returned; `canary`: they are returned."""
    share: float
    """Of the cases; one case is always answered by the same version."""
    margin: float
    """The loss by which the candidate may be worse and still be promoted."""
    started: str
    who: str
    override: str | None = None
    state: TrialState = "running"
    ended: str | None = None
    why: str = ""
    """Why it ended, in a sentence."""
    standing: Standing = Standing()

    @property
    def ref(self) -> str:
        """The candidate's name, `churn@8`."""
        return f"{self.component}@{self.number}"
