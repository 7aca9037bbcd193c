"""Desk: what a person sees of a component in production, gathered from what the store remembers.

Owns which state is shown: an open alert is an alarm, and what nobody has judged, or has looked at
in time, is never shown as quiet. Refuses to judge anything itself: it repeats what builds,
evaluations, releases, trials and looks have recorded, the newest of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from twinkeel.config import Config
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.status import ComponentStatus, status
from twinkeel.records import (
    Alert,
    Event,
    Look,
    Outcome,
    Record,
    Release,
    Remedied,
    State,
    Trial,
    Version,
    now,
)
from twinkeel.store.store import Store

Shown: TypeAlias = Literal["quiet", "alarm", "cannot judge", "not released"]

_NEWEST = 50
"""Versions, releases and alerts that are shown."""
_LOOKS = 120
_HOURS = 72
_TIMED = 1_000
"""Calls whose latencies are shown."""
_STEPS = 40


class Glance(Record, frozen=True, kw_only=True):
    """Where one component stands, in a line."""

    component: str
    kind: str
    state: Shown
    said: str
    """The state in a sentence."""
    production: int | None
    newest: int | None
    alerts: int
    """Open ones of the version in production."""
    looked: str | None
    """When monitoring last looked at what is in production."""
    stale: tuple[str, ...]


class Gated(Record, frozen=True, kw_only=True):
    """What one gate said of a version."""

    outcome: Outcome
    sentence: str


class Made(Record, frozen=True, kw_only=True):
    """A version as its history shows it."""

    number: int
    created: str
    outcome: Outcome | None
    """Of its newest evaluation; None where there is none."""
    verdicts: tuple[Gated, ...]
    """What every gate said."""
    rows: int
    seconds: float
    remedy: Remedied | None
    """What it was rebuilt for, where it was."""


class Pace(Record, frozen=True, kw_only=True):
    """Calls in the course of time, and how long the model took for the newest of them."""

    since: str
    hours: dict[str, int]
    """Hour, as `2026-11-21T14`, to its calls; an hour without calls is not there."""
    calls: int
    """Of the newest, whose latencies follow."""
    errors: int
    """Of the newest, those that were recorded as failed."""
    median_ms: float | None
    slow_ms: float | None
    """The 95th percentile."""
    steps: tuple[tuple[str, float, float], ...]
    """(time, median, 95th percentile) of equally many calls each, oldest first."""


class Point(Record, frozen=True, kw_only=True):
    """One signal at the end of one window that was judged."""

    end: str
    size: float | None
    smallest: float | None
    unit: str
    state: State


class Sight(Record, frozen=True, kw_only=True):
    """All that is shown of one component."""

    glance: Glance
    look: Look | None
    """The newest of what is in production."""
    trails: dict[str, tuple[Point, ...]]
    """Cause to its windows since the release, oldest first."""
    alerts: tuple[Alert, ...]
    versions: tuple[Made, ...]
    releases: tuple[Release, ...]
    trials: tuple[Trial, ...]
    pace: Pace


@dataclass(frozen=True)
class Desk:
    """A project's configuration and store, as a page asks them. Safe for any thread."""

    config: Config
    store: Store

    def glances(self) -> list[Glance]:
        """One line per component, in the order of the configuration."""
        return [self._glance(one) for one in status(self.config, self.store)]

    def sight(self, name: str) -> Sight:
        """All of one component; raises UnknownName."""
        component(self.config, name)
        found = next(one for one in self.glances() if one.component == name)
        looks = self._looks(name)
        watching = self.store.watching
        return Sight(
            glance=found,
            look=looks[-1] if looks else None,
            trails=trails(looks),
            alerts=tuple(watching.alerts(name, limit=_NEWEST)),
            versions=tuple(self._versions(name)),
            releases=tuple(self.store.releases(name)[:_NEWEST]),
            trials=tuple(self.store.trials.every(name)[:_NEWEST]),
            pace=self._pace(name),
        )

    def _glance(self, at: ComponentStatus) -> Glance:
        name, looks = at.component, self._looks(at.component, limit=1)
        number = None if at.production is None else at.production.number
        opened = self.store.watching.alerts(name, only_open=True)
        alerts = sum(alert.number == number for alert in opened)
        state, said = standing(at, looks[-1] if looks else None, alerts, now())
        return Glance(
            component=name,
            kind=at.kind,
            state=state,
            said=said,
            production=number,
            newest=at.newest,
            alerts=alerts,
            looked=looks[-1].at if looks else None,
            stale=at.stale,
        )

    def _looks(self, name: str, *, limit: int = _LOOKS) -> list[Look]:
        """The looks at what is in production, oldest first; signals are anchored to a release."""
        current = self.store.current(name)
        found = self.store.watching.looks(name, limit=limit)
        own = None if current is None else current.sequence
        return [look for look in reversed(found) if look.release == own]

    def _versions(self, name: str) -> Iterable[Made]:
        made = sorted(self.store.versions(name), key=lambda one: -one.number)
        return [self._made(one) for one in made[:_NEWEST]]

    def _made(self, version: Version) -> Made:
        judged = self.store.evaluation(version.ref)
        verdicts = () if judged is None else judged.verdicts
        return Made(
            number=version.number,
            created=version.created,
            outcome=None if judged is None else judged.outcome,
            verdicts=tuple(Gated(outcome=v.outcome, sentence=v.sentence) for v in verdicts),
            rows=version.lineage.rows,
            seconds=version.lineage.seconds,
            remedy=version.lineage.remedy,
        )

    def _pace(self, name: str) -> Pace:
        since = shifted(now(), -_HOURS * 3600)
        hours = self.store.watching.hours(name, since=since)
        newest = self.store.events.query(component=name, kind="call", since=since, limit=_TIMED)
        return pace(since, hours, newest)


def standing(at: ComponentStatus, look: Look | None, alerts: int, moment: str) -> tuple[Shown, str]:
    """The state that a component is shown in, and why. Pure."""
    if at.production is None:
        return "not released", f"Nothing is in production yet. Next: {at.next}"
    if alerts:
        return "alarm", f"{alerts} {'alert is' if alerts == 1 else 'alerts are'} open."
    if look is None:
        return "cannot judge", "Nobody has looked at this release yet: run twinkeel monitor."
    if look.next is not None and moment > shifted(look.next, look.cycle):
        return "cannot judge", "A window has ended and nobody has looked: run twinkeel monitor."
    if look.state == "cannot judge":
        return "cannot judge", _unjudged(look)
    if look.state == "alarm":
        return "alarm", "The newest look found an alarm."
    judged = sum(signal.state == "quiet" for signal in look.signals)
    left = len(look.signals) - judged
    rest = f" {left} cannot be judged." if left else ""
    return "quiet", f"Nothing found in {judged} signal{'' if judged == 1 else 's'}.{rest}"


def _unjudged(look: Look) -> str:
    calls = f"{look.calls:,} call{'' if look.calls == 1 else 's'} since the release"
    if look.cycles or look.next is None:
        return f"Too few calls were recorded: {calls}."
    ends = look.next[:16].replace("T", " ")
    return f"The first window ends at {ends} UTC; until then it cannot be judged. {calls}."


def trails(looks: Iterable[Look]) -> dict[str, tuple[Point, ...]]:
    """Each signal's windows over the looks, a window once, as the newest look judged it. Pure."""
    found: dict[str, dict[str, Point]] = {}
    for look in looks:
        for signal in look.signals:
            end = signal.end or look.at
            point = Point(
                end=end,
                size=signal.size,
                smallest=signal.smallest,
                unit=signal.unit,
                state=signal.state,
            )
            found.setdefault(signal.cause, {})[end] = point
    return {cause: tuple(points[end] for end in sorted(points)) for cause, points in found.items()}


def pace(since: str, hours: dict[str, int], newest: Iterable[Event]) -> Pace:
    """How many calls and how fast; `newest` are calls, newest first. Pure."""
    calls = list(newest)[::-1]
    timed = [(one.at, one.ms) for one in calls if one.ms is not None]
    ms = np.asarray([one for _, one in timed], dtype=np.float64)
    width = max(1, -(-len(timed) // _STEPS))
    steps = [(timed[at][0], *_quantiles(ms[at : at + width])) for at in range(0, len(ms), width)]
    median, slow = _quantiles(ms) if len(ms) else (None, None)
    return Pace(
        since=since,
        hours=hours,
        calls=len(calls),
        errors=sum(one.status >= 400 for one in calls),
        median_ms=median,
        slow_ms=slow,
        steps=tuple(steps),
    )


def _quantiles(ms: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    median, slow = np.quantile(ms, [0.5, 0.95])
    return round(float(median), 3), round(float(slow), 3)
