"""Monitor: what is in production and its calls -> a look, and the alerts that it raises or ends.

Owns what becomes of a signal: a first alarm opens an alert, one alert a cause; it is resolved when
its signal is quiet again, or when another version is released. A look that cannot judge leaves
alerts as they are.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import math
import secrets
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from twinkeel.config import Config, seconds
from twinkeel.errors import EnvironmentProblem, UnknownName
from twinkeel.lifecycle.budget import Budget, share
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.estimates import coverage, estimate
from twinkeel.lifecycle.failures import failures
from twinkeel.lifecycle.gather import Span, read
from twinkeel.lifecycle.groups import groups
from twinkeel.lifecycle.promises import promises
from twinkeel.lifecycle.sampling import sampled
from twinkeel.lifecycle.service import anchors, with_service
from twinkeel.lifecycle.signals import day, judge, rank
from twinkeel.lifecycle.together import together
from twinkeel.lifecycle.traffic import CELLS, Traffic
from twinkeel.lifecycle.webhook import Webhook
from twinkeel.records import Alert, Estimate, Look, Release, now
from twinkeel.store.events import sequence_at
from twinkeel.store.store import Store

_log = logging.getLogger(__name__)
Tell: TypeAlias = Callable[[Alert], None]


def silent(_: Alert) -> None:
    """Tells nobody; the alert is in the store."""


def monitor(
    config: Config,
    store: Store,
    name: str | None = None,
    *,
    at: str | None = None,
    unfinished: bool = False,
    tell: Tell = silent,
) -> list[Look]:
    """Look at `name`, or at every component in production; records the looks and their alerts.

    `tell` gets every alert that opens. `at` is the moment to look from, by default now. With
    `unfinished`, the cycle that has not ended is judged as well: the time of day may then show as a
    shift, so nothing is recorded. Raises UnknownName where nothing is in production.
    """
    if name is not None:
        component(config, name)
    names = tuple(config.components) if name is None else (name,)
    released = [release for each in names if (release := store.current(each)) is not None]
    if not released:
        what, wanted = ("No component", "COMPONENT") if name is None else (name, name)
        no = "is" if name is None else "is not"
        raise UnknownName(f"{what} {no} in production yet: run twinkeel release {wanted}.")
    if not unfinished:
        store.events.move()
    hook = None if unfinished else _webhook(config)
    looks = []
    for release in released:
        looks.append(look(config, store, release, at=at or now(), unfinished=unfinished))
        if not unfinished:
            for alert in remember(store, looks[-1]):
                tell(alert)
    if hook is not None:
        _send(store, hook)
    return looks


def _webhook(config: Config) -> Webhook | None:
    table = config.monitor
    return None if table.webhook is None else Webhook.of(table.webhook, internal=table.internal)


def _send(store: Store, hook: Webhook) -> None:
    """Send what is open and was not taken yet; what is not taken now waits for the next look."""
    for alert in reversed(store.watching.alerts(only_open=True)):
        if alert.sent is None:
            try:
                hook.send(alert)
            except EnvironmentProblem as error:
                _log.warning("%s", error)
                return
            store.watching.sent(msgspec.structs.replace(alert, sent=now()))


def look(config: Config, store: Store, release: Release, *, at: str, unfinished: bool) -> Look:
    """Judge the calls of a release until `at`; nothing is recorded.

    Clocks jump: a look from before the release is one from its moment, and what a look from the
    future has seen is judged again. So is what was judged in cycles of another length.
    """
    at = max(at, release.at)
    last = next(iter(store.watching.looks(release.component)), None)
    cycle, minimum = seconds(config.monitor.cycle, "[monitor] cycle"), config.monitor.minimum
    same = last is not None and (last.release, last.cycle) == (release.sequence, cycle)
    last = last if same else None
    past = last if last is not None and last.at <= at else None
    calls = store.watching.calls(release.component, after=sequence_at(release.at))
    span = Span(release, at, cycle, not unfinished, sampled(calls, past))
    traffic = with_service(
        read(config, store, span), minimum=minimum, anchors={} if past is None else past.anchors
    )
    budget = Budget(config.monitor.false_alarms, minimum, 0 if past is None else past.cycles)
    known = () if last is None else last.estimates
    return _made(config, span, traffic, budget, known)


def _made(
    config: Config,
    span: Span,
    traffic: Traffic,
    budget: Budget,
    known: tuple[Estimate, ...],
) -> Look:
    release, at = span.release, span.now
    signals, estimates = judge(traffic, budget), estimate(traffic, budget, known)
    signals += failures(traffic, dataclasses.replace(budget, share=share(traffic, "service")))
    jointly = together(traffic, dataclasses.replace(budget, share=share(traffic, "input")))
    signals += [] if jointly is None else [jointly]
    if any(signal.part == "quality" for signal in signals):
        own = dataclasses.replace(budget, share=share(traffic, "quality"))
        graded = coverage(estimates, own, traffic.cycle)
        signals += [] if graded is None else [graded]
        signals += promises(traffic, own)
    signals += groups(traffic, budget)
    labelled = int((traffic.losses == traffic.losses).sum())
    matured = traffic.matured
    return Look(
        component=release.component,
        number=release.number,
        release=release.sequence,
        at=at,
        since=release.at,
        cycle=traffic.cycle,
        cycles=traffic.cycles,
        calls=len(traffic.cells),
        outside=traffic.outside,
        labelled=labelled,
        unlabelled_share=1 - labelled / matured if matured else None,
        signals=tuple(sorted(signals, key=rank)),
        estimates=estimates,
        next=_next(traffic, at),
        anchors=anchors(traffic),
        sampled=span.sampled,
        notes=(*traffic.notes, *_notes(config, traffic)),
    )


def _next(traffic: Traffic, at: str) -> str:
    """When the window ends that has not ended at `at`, whether it is judged now or not."""
    passed = dt.datetime.fromisoformat(at) - dt.datetime.fromisoformat(traffic.start)
    return traffic.moment((math.floor(passed.total_seconds() / traffic.cycle) + 1) * CELLS)


def _notes(config: Config, traffic: Traffic) -> Iterable[str]:
    if ahead := traffic.outside - traffic.early:
        yield f"{ahead:,} calls have times in the future and were not judged."
    if traffic.early:
        yield (
            f"{traffic.early:,} calls were stored since the release with times before it and were "
            "not judged: a clock is late."
        )
    newest = int(traffic.cells.max(initial=-1))
    if 0 <= newest < (traffic.cycles - 1) * CELLS:
        since = day(traffic.moment(newest + 1))
        yield f"No call has come since {since}: what is quiet rests on the calls before."
    if not config.events.inputs:
        yield "Inputs are not stored ([events] inputs), so they are not watched."


def remember(store: Store, look: Look) -> list[Alert]:
    """Record a look with the alerts that it opens and those that it ends; returns the new ones."""
    alarms = {signal.cause: signal for signal in look.signals if signal.state == "alarm"}
    quiet = {signal.cause for signal in look.signals if signal.state == "quiet"}
    resolved = []
    for alert in store.watching.alerts(look.component, only_open=True):
        why = None
        if alert.number != look.number:
            why = f"{look.component}@{look.number} was released"
        elif alert.cause in quiet:
            why = "the signal is quiet again"
        if why is not None:
            resolved.append(msgspec.structs.replace(alert, resolved=look.at, why=why))
    raised = [
        Alert(
            id=secrets.token_hex(8),
            component=look.component,
            number=look.number,
            cause=cause,
            opened=look.at,
            signal=signal,
        )
        for cause, signal in alarms.items()
    ]
    return store.watching.add(look, raised, resolved)
