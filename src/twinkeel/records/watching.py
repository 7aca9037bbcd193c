"""What monitoring finds: the signals of one look at a version's calls, and the alerts raised."""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records.base import Record

Part: TypeAlias = Literal["input", "output", "service", "quality"]
"""What a signal is about: what callers send, what the version answers, how the server does, and
what labels say."""

State: TypeAlias = Literal["quiet", "alarm", "cannot judge"]


class Slice(Record, frozen=True, kw_only=True):
    """A group of calls that carries a shift."""

    name: str
    """As in scores: `contract=Month-to-month`."""
    share: float
    """Of the window's calls."""
    carries: float
    """Of the whole shift, this group's part; negative where it pulls the other way."""


class Signal(Record, frozen=True, kw_only=True):
    """One column of a version's calls, beside what it was when the version was judged."""

    part: Part
    name: str
    state: State
    test: str
    """What was nearest to an alarm: place, spread, mix, missing, pair, share, coverage, losses or
    promise."""
    n: int
    """Calls of the window that was judged."""
    reference_n: int
    size: float | None
    """The shift, now less then, in `unit`; for a mix, the share of calls that changed."""
    unit: str
    then: float | None
    now: float | None
    """The mean, or the share, in the reference and in the window."""
    smallest: float | None
    """The smallest shift that would have been found four times out of five, in `unit`."""
    level: float
    """The part of the budget that this test may spend on this window."""
    p: float
    since: str | None = None
    """When the shift most likely began."""
    start: str | None = None
    end: str | None = None
    """The window."""
    effect: float | None = None
    """How far the shift moves the mean of the main output, by the reference's own averages."""
    loss: float | None = None
    """How far the shift moves the expected loss, likewise."""
    slices: tuple[Slice, ...] = ()
    sentence: str

    @property
    def cause(self) -> str:
        """What an alert is kept under: one is open for a cause at a time."""
        return f"{self.part}.{self.name}"


class Estimate(Record, frozen=True, kw_only=True):
    """A score of a window without its labels, and with them once they are there."""

    name: str
    reference: float
    """The score on the cases that the version was judged on."""
    value: float
    low: float
    high: float
    """The 90% interval of the score that labels would give: of all calls, once graded of those that
    have one."""
    n: int
    effective_n: float
    """How many cases of the reference the estimate rests on."""
    reference_n: int = 0
    """The cases of `reference`; 0 where a look was recorded before this was."""
    reference_low: float | None = None
    reference_high: float | None = None
    """The 95% interval of `reference`."""
    start: str
    end: str
    realised: float | None = None
    """What labels say of the same calls, once all have had their time; it never changes then."""
    labelled: int = 0
    realised_low: float | None = None
    realised_high: float | None = None
    """The 95% interval of `realised`."""
    spread: float = 0.0
    """The variance of one call's part in the score: what missing labels widen the interval by."""
    uncorrected: tuple[float, float, float] | None = None
    """Value, low and high without what labels said of earlier windows."""

    @property
    def held(self) -> bool | None:
        """Whether the realised score lies in the interval; None while there is none."""
        return None if self.realised is None else self.low <= self.realised <= self.high


class Sampled(Record, frozen=True, kw_only=True):
    """Which part of the calls a look read."""

    cycle: int
    """From this one since the release on."""
    step: int
    """One call in so many."""


class Look(Record, frozen=True, kw_only=True):
    """One look at a component in production: all that a page shows of it."""

    component: str
    number: int
    """The version in production."""
    release: int
    """The release's sequence: signals are anchored to it."""
    at: str
    since: str
    """When the release began."""
    cycle: float
    """Seconds of one cycle."""
    cycles: int
    """Cycles since the release that were looked at: whole ones, unless the unfinished was asked."""
    calls: int
    """In the windows that were looked at."""
    outside: int
    """Calls whose times cannot be: before the release, or in the future."""
    labelled: int
    unlabelled_share: float | None
    """Of the calls whose labels have had their time, the share without one."""
    signals: tuple[Signal, ...]
    """Alarms first, by their expected loss and their effect."""
    estimates: tuple[Estimate, ...] = ()
    next: str | None = None
    """When the next window ends."""
    anchors: dict[str, int] = {}
    """The cycle since the release that latency, cost and feedback are each compared with."""
    sampled: tuple[Sampled, ...] = ()
    """What was read: later looks read the cycles that were judged in the same way."""
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """An alarm, else quiet if a window that has ended could be judged.

        A promise that is kept may be found before any window ends, so it alone is not quiet.
        """
        ended = (one for one in self.signals if one.state != "quiet" or one.test != "promise")
        states = {signal.state for signal in ended}
        order: tuple[State, ...] = ("alarm", "quiet")
        return next((state for state in order if state in states), "cannot judge")


class Alert(Record, frozen=True, kw_only=True):
    """What a look raised: one stays open for each cause until the cause is gone."""

    id: str
    component: str
    number: int
    cause: str
    opened: str
    signal: Signal
    """As it was when the alert opened."""
    resolved: str | None = None
    why: str | None = None
    """Why it was resolved."""

    @property
    def costly(self) -> bool:
        """Whether it suspects that answers have become worse."""
        return self.signal.part == "quality" or (self.signal.loss or 0.0) > 0

    sent: str | None = None
    """When the webhook took it."""
