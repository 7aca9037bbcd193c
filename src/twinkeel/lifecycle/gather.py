"""Gather: a release's calls as coded columns in cells of time, beside the cases that judged it.

Owns the reading: the reference is the version's own answers to its cases, as they were when it was
released, and never moves; the calls come from the event log in bounded memory. Refuses what may not
be stored, and calls whose times cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.config import Config, seconds
from twinkeel.errors import Refused
from twinkeel.kinds.base import Kind
from twinkeel.kinds.signals import Calls, Score, Series
from twinkeel.lifecycle.labels import apart, settle, weigh
from twinkeel.lifecycle.sampling import asked, each_stands_for, part_read
from twinkeel.lifecycle.service import FEEDBACK
from twinkeel.lifecycle.shelf import Held, ProjectShelf
from twinkeel.lifecycle.traffic import CELLS, LOSS, NONE, Column, Reference, Scored, Traffic
from twinkeel.lifecycle.unanswered import FAILED, REFUSED
from twinkeel.lifecycle.unanswered import KIND as UNANSWERED
from twinkeel.plugins import kind as kind_named
from twinkeel.records import Cases, Event, Json, Release, Sampled, VersionRef
from twinkeel.stats.bins import Bins, Codes, as_numbers, number_bins, text_bins
from twinkeel.stats.tails import Floats
from twinkeel.store.events import sequence_at
from twinkeel.store.store import Store

_REFERENCE = 10_000
_CHUNK = 20_000
_FUTURE = 60.0
"""Seconds that a call may be ahead of this clock."""


@dataclass
class _Read:
    """What is gathered while events go by."""

    codes: dict[str, list[Codes]] = field(default_factory=dict)
    times: list[Floats] = field(default_factory=list)
    took: list[Floats] = field(default_factory=list)
    paid: list[Floats] = field(default_factory=list)
    losses: list[Floats] = field(default_factory=list)
    liked: list[Floats] = field(default_factory=list)
    expected: dict[str, list[Floats]] = field(default_factory=dict)
    found: dict[str, list[Floats]] = field(default_factory=dict)


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
    held = ProjectShelf(config, store).load(
        VersionRef(component=release.component, number=release.number)
    )
    kind = kind_named(held.kind)
    reference = _reference(config, store, release, held, kind)
    bins = {f"{one.part}.{one.name}": _bins(one) for one in reference.series}
    (labels, senders), opinions = _labels(config, store, release), _opinions(store, release)
    gathered = _Read()
    for events in _chunks(store, span):
        _gather(events, gathered, (held, kind, reference, bins, labels))
        gathered.liked.append(as_numbers([opinions.get(event.id) for event in events]))
    traffic = _traffic(config, span, reference, gathered)
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


def _traffic(config: Config, span: Span, reference: Reference, gathered: _Read) -> Traffic:
    release, cycle, whole = span.release, span.cycle, span.whole
    since = _joined(gathered.times) - _stamp(release.at)
    age = _stamp(span.now) - _stamp(release.at)
    there = (since >= 0) & (since <= age + _FUTURE)
    cells = np.minimum(since[there], age) * CELLS / cycle
    cycles = math.floor(age / cycle) if whole else max(1, math.ceil(age / cycle))
    maturity = config.components[release.component].labels.maturity
    wait = 0.0 if maturity is None else seconds(maturity, "maturity")
    mature = since[there] <= age - wait
    losses = np.where(mature, _joined(gathered.losses)[there], np.nan)
    matured = math.floor(max(age - wait, 0) / cycle) if whole else cycles
    traffic = Traffic(
        reference=reference,
        columns=(),
        cells=cells.astype(np.int64),
        losses=losses,
        scores=_scores(reference, gathered, there, mature),
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
    columns = [
        Column(one.part, one.name, _bins(one), _bins(one).code(one.values), codes[there], cycles)
        for one in reference.series
        if len(codes := _joined(gathered.codes.get(f"{one.part}.{one.name}", []))) == len(there)
    ]
    said = {"latency": gathered.took, "cost": gathered.paid, FEEDBACK: gathered.liked}
    service = {name: _joined(parts)[there] for name, parts in said.items()}
    columns += _quality(traffic, matured)
    return replace(traffic, columns=tuple(columns), service=service)


def _reference(
    config: Config, store: Store, release: Release, held: Held, kind: Kind[Any]
) -> Reference:
    """The version's answers to the cases of its last evaluation before the release."""
    judged = store.evaluations(held.ref)
    before = [one for one in judged if one.created <= release.at] or judged[-1:]
    if not before:
        raise Refused(
            f"{held.ref} was never judged, so there is nothing to compare its calls with: run "
            f"twinkeel evaluate {held.ref}."
        )
    cases = msgspec.json.decode(store.get_object(before[0].cases_digest), type=Cases)
    index = range(0, len(cases), max(1, math.ceil(len(cases) / _REFERENCE)))
    inputs = {name: [values[i] for i in index] for name, values in cases.inputs.items()}
    rows = [{name: values[i] for name, values in inputs.items()} for i in range(len(index))]
    answers = held.servable.call(rows)
    names = stored_inputs(config, held)
    known = {name: values for name, values in inputs.items() if name in names}
    calls = Calls(
        signature=held.servable.signature,
        inputs=known,
        outputs=[one.values for one in answers],
        warnings=[len(one.warnings) for one in answers],
    )
    expected = [cases.expected[i] for i in index]
    found = kind.losses(calls, expected)
    return Reference(
        calls=calls,
        series=tuple(kind.signals(calls)),
        losses=None if found is None else as_numbers(found),
        scores=tuple(_scored(one, len(calls)) for one in kind.scores(calls, expected)),
        unit=np.unique([cases.units[i] for i in index], return_inverse=True)[1],
    )


def _scored(one: Score, n: int) -> Scored:
    nothing = np.full(n, np.nan)
    expected, found = (nothing if v is None else as_numbers(v) for v in (one.expected, one.found))
    return Scored(one.name, one.form, expected, found)


def stored_inputs(config: Config, held: Held) -> frozenset[str]:
    """The inputs that events of this version hold."""
    if not config.events.inputs:
        return frozenset()
    return held.inputs if config.events.sensitive else held.open_inputs


def _gather(
    events: Sequence[Event],
    into: _Read,
    what: tuple[Held, Kind[Any], Reference, Mapping[str, Bins], Mapping[str, Json]],
) -> None:
    """Code one chunk of calls."""
    held, kind, reference, bins, labels = what
    rows = [event.inputs or {} for event in events]
    names = reference.calls.inputs
    calls = Calls(
        signature=held.servable.signature,
        inputs={name: [row.get(name) for row in rows] for name in names},
        outputs=[event.output if isinstance(event.output, dict) else {} for event in events],
        warnings=[event.warnings for event in events],
    )
    for one in kind.signals(calls):
        key = f"{one.part}.{one.name}"
        if key in bins:
            into.codes.setdefault(key, []).append(bins[key].code(one.values))
    into.times.append(_stamps([event.at for event in events]))
    into.took.append(as_numbers([event.ms for event in events]))
    into.paid.append(as_numbers([event.cost for event in events]))
    labelled = _Labelled.of(events, calls, labels)
    into.losses.append(labelled.whole(labelled.losses(kind)))
    without = {one.name: _scored(one, len(calls)) for one in kind.scores(calls, None)}
    told = {one.name: one.found for one in labelled.scores(kind)}
    for score in reference.scores:
        width = score.found.shape[1:]
        nothing = np.full((len(calls), *width), np.nan)
        expected = without[score.name].expected if score.name in without else nothing
        found = labelled.whole(told.get(score.name), width)
        into.expected.setdefault(score.name, []).append(expected)
        into.found.setdefault(score.name, []).append(found)


@dataclass(frozen=True)
class _Labelled:
    """Those of a chunk's calls that have a label."""

    calls: Calls
    labels: list[Json]
    index: list[int]
    n: int
    """Calls of the whole chunk."""

    @classmethod
    def of(cls, events: Sequence[Event], calls: Calls, labels: Mapping[str, Json]) -> _Labelled:
        """The calls that have a label alone."""
        index = [i for i, event in enumerate(events) if event.id in labels]
        some = Calls(
            signature=calls.signature,
            inputs={name: [values[i] for i in index] for name, values in calls.inputs.items()},
            outputs=[calls.outputs[i] for i in index],
        )
        return cls(some, [labels[events[i].id] for i in index], index, len(events))

    def losses(self, kind: Kind[Any]) -> Sequence[float] | None:
        """How wrong each was; None without any."""
        return kind.losses(self.calls, self.labels) if self.index else None

    def scores(self, kind: Kind[Any]) -> Sequence[Score]:
        """What the kind makes of them; nothing without any."""
        return kind.scores(self.calls, self.labels) if self.index else ()

    def whole(self, values: Sequence[float] | Floats | None, width: tuple[int, ...] = ()) -> Floats:
        """A value, or so many, for every call of the chunk; NaN for those without a label."""
        found = np.full((self.n, *width), np.nan)
        if values is not None:
            found[self.index] = as_numbers(values)
        return found


def _scores(
    reference: Reference, gathered: _Read, there: NDArray[np.bool_], mature: NDArray[np.bool_]
) -> tuple[Scored, ...]:
    """The scores of the calls that count; labels that have not matured are not known yet."""
    return tuple(
        Scored(
            one.name,
            one.form,
            _joined(gathered.expected.get(one.name, []))[there],
            _only(mature, _joined(gathered.found.get(one.name, []))[there]),
        )
        for one in reference.scores
    )


def _only(which: NDArray[np.bool_], values: Floats) -> Floats:
    """The values of some calls, NaN of the others."""
    found = values.copy()
    found[~which] = np.nan
    return found


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
    passed = _stamps([one.at for one in told]) - _stamp(release.at)
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


def _bins(one: Series) -> Bins:
    return number_bins(one.values) if one.form == "number" else text_bins(list(one.values))


def _clock(since: Floats) -> tuple[str, ...]:
    """A note where times go back by more than an hour; what is stored does not say why."""
    back = int((np.maximum.accumulate(since) - since > 3_600).sum()) if len(since) else 0
    told = (
        f"{back:,} calls have times an hour or more before calls that were stored earlier: a clock "
        "went back, or they were stored late."
    )
    return (told,) if back else ()


def _stamps(times: Sequence[str]) -> Floats:
    """Seconds since 1970 of moments as events write them."""
    moments = np.asarray([at[:26] for at in times], dtype="datetime64[us]")
    return np.asarray(moments.astype(np.int64) / 1e6)


def _stamp(at: str) -> float:
    return float(_stamps([at])[0])


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)
