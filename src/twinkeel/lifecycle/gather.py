"""Gather: the calls of a release in cells of time, beside the cases that judged its version.

Owns which calls and labels count and when each was; how a call is coded is in `coded`, and what it
is compared with in `reference`. Refuses calls whose times cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from twinkeel.config import Config, seconds
from twinkeel.lifecycle.coded import Coded, stamps
from twinkeel.lifecycle.labels import apart, settle, weigh
from twinkeel.lifecycle.reference import reference, stored_inputs
from twinkeel.lifecycle.sampling import asked, each_stands_for, part_read
from twinkeel.lifecycle.shelf import Held, ProjectShelf
from twinkeel.lifecycle.traffic import CELLS, LOSS, NONE, Column, Traffic
from twinkeel.lifecycle.unanswered import FAILED, REFUSED
from twinkeel.lifecycle.unanswered import KIND as UNANSWERED
from twinkeel.plugins import kind as kind_named
from twinkeel.records import Event, Json, Release, Sampled, VersionRef
from twinkeel.stats.bins import as_numbers, number_bins
from twinkeel.stats.tails import Floats
from twinkeel.store.events import sequence_at
from twinkeel.store.store import Store

_CHUNK = 20_000
_FUTURE = 60.0
"""Seconds that a call may be ahead of this clock."""


@dataclass(frozen=True)
class Span:
    """What to read: the calls of a release until a moment."""

    release: Release
    now: str
    cycle: float
    """In seconds."""
    whole: bool
    """Whether only whole cycles count, and not the one that has not ended."""
    sampled: tuple[Sampled, ...]


def read(config: Config, store: Store, span: Span) -> Traffic:
    """The calls that a look judges. Raises Refused where the version was never judged."""
    release = span.release
    ref = VersionRef(component=release.component, number=release.number)
    held = ProjectShelf(config, store).load(ref)
    kind = kind_named(held.kind)
    cases = reference(config, store, release, held, kind)
    labels, senders = _labels(config, store, release)
    calls = Coded(held, kind, cases, labels, _opinions(store, release))
    for events in _chunks(store, span):
        calls.take(events)
    traffic = _traffic(config, span, calls)
    return replace(
        traffic,
        answered=_by_cell(traffic, traffic.cells) * each_stands_for(span.sampled, traffic.cycles),
        unanswered=_unanswered(store, release, traffic),
        sensitive=tuple(sorted(held.private & stored_inputs(config, held))),
        notes=(
            *traffic.notes,
            *senders,
            *part_read(span.sampled, release.at, span.cycle),
            *_hidden(config, held),
        ),
    )


def _traffic(config: Config, span: Span, calls: Coded) -> Traffic:
    """The calls whose times can be, by cell."""
    release, cycle, whole = span.release, span.cycle, span.whole
    since = calls.times - _stamp(release.at)
    age = _stamp(span.now) - _stamp(release.at)
    there = (since >= 0) & (since <= age + _FUTURE)
    cells = np.minimum(since[there], age) * CELLS / cycle
    cycles = math.floor(age / cycle) if whole else max(1, math.ceil(age / cycle))
    maturity = config.components[release.component].labels.maturity
    wait = 0.0 if maturity is None else seconds(maturity, "maturity")
    mature = since[there] <= age - wait
    matured = math.floor(max(age - wait, 0) / cycle) if whole else cycles
    traffic = Traffic(
        reference=calls.reference,
        columns=(),
        cells=cells.astype(np.int64),
        losses=np.where(mature, calls.losses[there], np.nan),
        scores=calls.scores(there, mature),
        cycle=cycle,
        start=release.at,
        cycles=cycles,
        answered=np.empty(0),
        unanswered={},
        outside=int((~there).sum()),
        early=int((since < 0).sum()),
        matured=int(mature.sum()),
        notes=_clock(since[there]),
    )
    columns = calls.columns(there, cycles) + _quality(traffic, matured)
    service = {name: values[there] for name, values in calls.service().items()}
    return replace(traffic, columns=tuple(columns), service=service)


def _labels(config: Config, store: Store, release: Release) -> tuple[dict[str, Json], list[str]]:
    """The label of every call that has one alone; what to tell of senders that are set apart."""
    every = store.events.each(release.component, "label", since=release.at)
    told = [one for one in every if one.number in (release.number, None)]
    senders = weigh(told, share=config.components[release.component].labels.share)
    gone = {one.who for one in senders if one.quarantined}
    found = {about: said[0] for about, said in settle(told, without=gone).items() if len(said) == 1}
    return found, apart(senders)


def _opinions(store: Store, release: Release) -> dict[str, Json]:
    """What was said of each call, the newest word of it."""
    told = settle(store.events.each(release.component, "feedback", since=release.at))
    return {about: values[-1] for about, values in told.items()}


def _chunks(store: Store, span: Span) -> Iterator[list[Event]]:
    """The calls that were stored since the release, whatever time a clock gave them."""
    release = span.release
    every = store.events.each(
        release.component,
        "call",
        after=sequence_at(release.at),
        sample=asked(span.sampled, release.at, span.cycle),
    )
    events = (event for event in every if event.number == release.number)
    while chunk := list(islice(events, _CHUNK)):
        yield chunk


def _hidden(config: Config, held: Held) -> tuple[str, ...]:
    """Which groups nobody can watch."""
    gone = ", ".join(sorted(held.private - stored_inputs(config, held)))
    told = f"Groups of {gone} are not watched: calls are stored without them ([events] sensitive)."
    return (told,) if gone else ()


def _by_cell(traffic: Traffic, cells: NDArray[np.int64], counts: Floats | None = None) -> Floats:
    """Calls, or their sums of `counts`, by cell of the cycles that are judged."""
    n = traffic.cycles * CELLS
    there = (cells >= 0) & (cells < n)
    weights = None if counts is None else counts[there]
    return np.bincount(cells[there], weights=weights, minlength=n).astype(np.float64)


def _unanswered(store: Store, release: Release, traffic: Traffic) -> dict[str, Floats]:
    """What was counted of this version's calls that got no answer, by cell."""
    each = store.events.each(release.component, UNANSWERED, since=release.at)
    told = [one for one in each if one.number == release.number]
    passed = stamps([one.at for one in told]) - _stamp(release.at)
    cells = (passed * CELLS / traffic.cycle).astype(np.int64)
    counts = [one.output if isinstance(one.output, dict) else {} for one in told]
    return {
        what: _by_cell(traffic, cells, as_numbers([one.get(what, 0) for one in counts]))
        for what in (REFUSED, FAILED)
    }


def _quality(traffic: Traffic, cycles: int) -> list[Column]:
    losses = traffic.reference.losses
    if losses is None:
        return []
    bins = number_bins(losses)
    now = np.where(np.isnan(traffic.losses), NONE, bins.code(traffic.losses)).astype(np.int16)
    return [Column("quality", LOSS, bins, bins.code(losses), now, cycles)]


def _clock(since: Floats) -> tuple[str, ...]:
    """A note where times go back by more than an hour; what is stored does not say why."""
    back = int((np.maximum.accumulate(since) - since > 3_600).sum()) if len(since) else 0
    told = (
        f"{back:,} calls have times an hour or more before calls that were stored earlier: a clock "
        "went back, or they were stored late."
    )
    return (told,) if back else ()


def _stamp(at: str) -> float:
    return float(stamps([at])[0])
