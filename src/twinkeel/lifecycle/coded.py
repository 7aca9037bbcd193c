"""Coded: calls as they go by in the event log -> bins, times and losses, in bounded memory.

Owns what is kept of a call: the bins of its columns, its moment, what it took and cost, what is
expected of its answer and what its label says. Of its inputs and outputs nothing else stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.kinds.base import Kind
from twinkeel.kinds.signals import Calls, Score, Series
from twinkeel.lifecycle.reference import bins_of, scored
from twinkeel.lifecycle.service import FEEDBACK
from twinkeel.lifecycle.shelf import Held
from twinkeel.lifecycle.traffic import Column, Reference, Scored
from twinkeel.records import Event, Json
from twinkeel.stats.bins import Bins, Codes, as_numbers
from twinkeel.stats.tails import Floats


@dataclass
class Coded:
    """The calls that have gone by."""

    held: Held
    kind: Kind[Any]
    reference: Reference
    labels: Mapping[str, Json]
    """The label of every call that has one alone, by the call's id."""
    opinions: Mapping[str, Json]
    """What was said of a call, by its id."""
    _bins: dict[str, Bins] = field(init=False)
    _codes: dict[str, list[Codes]] = field(default_factory=dict, init=False)
    _times: list[Floats] = field(default_factory=list, init=False)
    _service: dict[str, list[Floats]] = field(init=False)
    _losses: list[Floats] = field(default_factory=list, init=False)
    _expected: dict[str, list[Floats]] = field(default_factory=dict, init=False)
    _found: dict[str, list[Floats]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._bins = {_key(one): bins_of(one) for one in self.reference.series}
        self._service = {"latency": [], "cost": [], FEEDBACK: []}

    def take(self, events: Sequence[Event]) -> None:
        """Code one chunk of calls."""
        rows = [event.inputs or {} for event in events]
        names = self.reference.calls.inputs
        calls = Calls(
            signature=self.held.servable.signature,
            inputs={name: [row.get(name) for row in rows] for name in names},
            outputs=[event.output if isinstance(event.output, dict) else {} for event in events],
            warnings=[event.warnings for event in events],
        )
        for one in self.kind.signals(calls):
            if _key(one) in self._bins:
                codes = self._bins[_key(one)].code(one.values)
                self._codes.setdefault(_key(one), []).append(codes)
        self._times.append(stamps([event.at for event in events]))
        service = {
            "latency": [event.ms for event in events],
            "cost": [event.cost for event in events],
            FEEDBACK: [self.opinions.get(event.id) for event in events],
        }
        for name, values in service.items():
            self._service[name].append(as_numbers(values))
        self._judge(calls, _Labelled.of(events, calls, self.labels))

    def _judge(self, calls: Calls, labelled: _Labelled) -> None:
        """Keep what is expected of the calls, and what their labels say."""
        kind = self.kind
        self._losses.append(labelled.whole(labelled.losses(kind)))
        without = {one.name: scored(one, len(calls)) for one in kind.scores(calls, None)}
        told = {one.name: one.found for one in labelled.scores(kind)}
        for score in self.reference.scores:
            width = score.found.shape[1:]
            nothing = np.full((len(calls), *width), np.nan)
            expected = without[score.name].expected if score.name in without else nothing
            found = labelled.whole(told.get(score.name), width)
            self._expected.setdefault(score.name, []).append(expected)
            self._found.setdefault(score.name, []).append(found)

    @property
    def times(self) -> Floats:
        """When each call was, in seconds since 1970."""
        return _joined(self._times)

    @property
    def losses(self) -> Floats:
        """How wrong each was; NaN without a label."""
        return _joined(self._losses)

    def service(self) -> dict[str, Floats]:
        """Milliseconds, cost and feedback of each; NaN where none is known."""
        return {name: _joined(parts) for name, parts in self._service.items()}

    def columns(self, there: NDArray[np.bool_], cycles: int) -> list[Column]:
        """What is watched of the calls that are `there`, beside the reference."""
        found = []
        for one in self.reference.series:
            codes = _joined(self._codes.get(_key(one), []))
            if len(codes) == len(there):
                bins = self._bins[_key(one)]
                then = bins.code(one.values)
                found.append(Column(one.part, one.name, bins, then, codes[there], cycles))
        return found

    def scores(self, there: NDArray[np.bool_], mature: NDArray[np.bool_]) -> tuple[Scored, ...]:
        """The scores of the calls that are `there`; of those, the labels that are `mature`."""
        return tuple(
            Scored(
                one.name,
                one.form,
                _joined(self._expected.get(one.name, []))[there],
                _only(mature, _joined(self._found.get(one.name, []))[there]),
            )
            for one in self.reference.scores
        )


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


def _only(which: NDArray[np.bool_], values: Floats) -> Floats:
    """The values of some calls, NaN of the others."""
    found = values.copy()
    found[~which] = np.nan
    return found


def _key(one: Series) -> str:
    return f"{one.part}.{one.name}"


def stamps(times: Sequence[str]) -> Floats:
    """Seconds since 1970 of moments as events write them."""
    moments = np.asarray([at[:26] for at in times], dtype="datetime64[us]")
    return np.asarray(moments.astype(np.int64) / 1e6)


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)
