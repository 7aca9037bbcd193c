"""Trial: a candidate beside production -> promoted, rolled back, or still running.

Owns how a trial begins, what both versions' answers to the same calls say once labels come, and
how it ends: promoted where the candidate is surely not worse by more than the margin, rolled back
where it surely is or where it fails. A look may come at any time and as often as one likes. Refuses
candidates that may not be released, and a second trial of one component.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from twinkeel import plugins
from twinkeel.config import Config, seconds
from twinkeel.errors import Refused, TwinkeelError, UsageError
from twinkeel.kinds.base import Kind
from twinkeel.kinds.signals import Calls
from twinkeel.lifecycle.call import loaded
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.labels import settle, weigh
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.release import permitted, release, user
from twinkeel.records import (
    Event,
    Json,
    Mode,
    Signature,
    Standing,
    Terms,
    Trial,
    TrialState,
    Version,
    VersionRef,
    now,
)
from twinkeel.stats.paired import paired
from twinkeel.store.store import Store

ERRORS: Mapping[Mode, int] = {"shadow": 3, "canary": 1}
"""Failed calls of a candidate that end its trial."""
_CHUNK = 2_000


def start(
    config: Config,
    store: Store,
    version: Version,
    terms: Terms,
    *,
    override: str | None = None,
    who: str | None = None,
) -> Trial:
    """Put `version` on trial beside production; raises Refused with the reason where it may not."""
    if not 0 < terms.share <= 1:
        raise UsageError(f"The share must be more than 0 and at most 1, not {terms.share:g}.")
    if not 0 <= terms.margin < 1:
        raise UsageError(f"The margin must be 0 or more and less than 1, not {terms.margin:g}.")
    current, obstacle = permitted(config, store, version, override)
    if current is None:
        raise Refused(
            f"Nothing of {version.component} is in production to try {version.ref} beside: "
            f"run twinkeel release {version.ref}."
        )
    made = Trial(
        id=secrets.token_hex(8),
        component=version.component,
        number=version.number,
        against=current.number,
        release=current.sequence,
        mode=terms.mode,
        share=terms.share,
        margin=terms.margin,
        started=now(),
        who=who or user(),
        override=None if obstacle is None else override,
    )
    store.trials.add(made)
    return made


def judge(config: Config, store: Store, name: str) -> Trial:
    """Look at the running trial of a component, and end it where that is decided.

    Raises Refused where nothing is on trial.
    """
    trial = _running(config, store, name)
    current = store.current(name)
    if current is None or current.sequence != trial.release:
        there = "nothing" if current is None else f"{name}@{current.number}"
        return _end(store, trial, "stopped", f"{there} was released meanwhile.")
    try:
        loaded(store, store.version(_ref(trial, trial.number)))
    except TwinkeelError as error:
        return _end(store, trial, "rolled back", f"It does not load: {error}")
    standing = compare(config, store, trial)
    trial = msgspec.structs.replace(trial, standing=standing)
    state, why = _decided(trial)
    if state == "promoted":
        return _promote(config, store, trial, why)
    if state != "running":
        return _end(store, trial, state, why)
    store.trials.update(trial)
    return trial


def stop(config: Config, store: Store, name: str, why: str) -> Trial:
    """End the running trial of a component by hand; production stays as it is."""
    if not why.strip():
        raise UsageError("Stopping a trial needs a reason: --stop 'why'.")
    return _end(store, _running(config, store, name), "stopped", why)


def compare(config: Config, store: Store, trial: Trial) -> Standing:
    """Both versions on the calls that both were asked."""
    kind = plugins.kind(store.version(_ref(trial, trial.number)).kind)
    labels = _labels(config, store, trial)
    sides = _Sides(
        kind,
        _signature(store, trial, trial.against),
        _signature(store, trial, trial.number),
    )
    shadows = store.events.each(trial.component, "shadow", since=trial.started)
    calls = errors = 0
    timed: list[tuple[float, float]] = []
    losses: list[tuple[str, float, float]] = []
    while chunk := list(islice(shadows, _CHUNK)):
        pairs = list(_pairs(store, trial, chunk))
        calls += len(pairs)
        errors += sum(pair.failed for pair in pairs)
        timed += [pair.ms for pair in pairs if pair.ms is not None]
        losses += sides.losses([pair for pair in pairs if pair.about in labels], labels)
    losses.sort(key=lambda one: one[0])  # of the same moment, as the calls came
    gains = _gains([(ours, theirs) for _, ours, theirs in losses])
    found = paired(np.asarray(gains))
    means = np.asarray(timed).mean(axis=0) if timed else None
    return Standing(
        calls=calls,
        errors=errors,
        labelled=found.n,
        gain=found.mean if found.n else None,
        low=found.low if found.n else None,
        high=found.high if found.n else None,
        production_ms=None if means is None else round(float(means[0]), 3),
        candidate_ms=None if means is None else round(float(means[1]), 3),
    )


@dataclass(frozen=True)
class _Pair:
    """Both answers to one call; the candidate's is None where it failed."""

    about: str
    production: Mapping[str, Json]
    candidate: Mapping[str, Json] | None
    ms: tuple[float, float] | None
    """Of production and of the candidate."""

    @property
    def failed(self) -> bool:
        """Whether production alone answered."""
        return self.candidate is None


@dataclass(frozen=True)
class _Sides:
    """How the kind judges both versions' answers."""

    kind: Kind[Any]
    production: Signature
    candidate: Signature

    def losses(
        self, pairs: Sequence[_Pair], labels: Mapping[str, tuple[str, Json]]
    ) -> list[tuple[str, float, float]]:
        """When each label came, and the losses of production and candidate."""
        said = [labels[pair.about] for pair in pairs]
        ours = self._judged(self.production, [pair.production for pair in pairs], said)
        answers = [pair.candidate or {} for pair in pairs]
        theirs = self._judged(self.candidate, answers, said)
        worst = [
            math.inf if pair.failed else loss for pair, loss in zip(pairs, theirs, strict=True)
        ]
        found = zip(said, ours, worst, strict=True)
        return [(at, a, b) for (at, _), a, b in found if not (math.isnan(a) or math.isnan(b))]

    def _judged(
        self,
        signature: Signature,
        outputs: Sequence[Mapping[str, Json]],
        said: Sequence[tuple[str, Json]],
    ) -> list[float]:
        calls = Calls(signature=signature, inputs={}, outputs=outputs)
        found = self.kind.losses(calls, [label for _, label in said]) if outputs else []
        return [math.nan] * len(outputs) if found is None else [float(loss) for loss in found]


def _pairs(store: Store, trial: Trial, shadows: Sequence[Event]) -> Iterable[_Pair]:
    about = {shadow.about for shadow in shadows if shadow.about is not None}
    calls = {event.id: event for event in store.events.among("id", about)}
    for shadow in shadows:
        call = calls.get(shadow.about or "")
        if call is None or {call.number, shadow.number} != {trial.number, trial.against}:
            continue
        ours, theirs = (shadow, call) if call.number == trial.number else (call, shadow)
        failed = theirs.status >= 400 or not isinstance(theirs.output, Mapping)
        both = None if failed or ours.ms is None or theirs.ms is None else (ours.ms, theirs.ms)
        if isinstance(ours.output, Mapping):
            yield _Pair(call.id, ours.output, None if failed else theirs.output, both)


def _labels(config: Config, store: Store, trial: Trial) -> dict[str, tuple[str, Json]]:
    """Event id -> when its label came and the label, where it has matured and nobody disagrees."""
    table = config.components[trial.component].labels
    told = list(store.events.each(trial.component, "label", since=trial.started))
    apart = {one.who for one in weigh(told, share=table.share) if one.quarantined}
    came = {one.about: one.at for one in reversed(told)}
    wait = 0.0 if table.maturity is None else seconds(table.maturity, "maturity")
    settled = {about: v[0] for about, v in settle(told, without=apart).items() if len(v) == 1}
    if wait:
        due = shifted(now(), -wait)
        calls = store.events.among("id", settled.keys())
        settled = {call.id: settled[call.id] for call in calls if call.at <= due}
    return {about: (came[about], value) for about, value in settled.items()}


def _gains(losses: Sequence[tuple[float, float]]) -> list[float]:
    """Production's loss less the candidate's, -1 to 1; -1 where the candidate failed.

    Losses beyond 1, such as errors in money, are compared by their larger one.
    """
    within = all(0 <= loss <= 1 for pair in losses for loss in pair if math.isfinite(loss))
    found = []
    for ours, theirs in losses:
        if math.isinf(theirs):
            found.append(-1.0)
        elif within:
            found.append(ours - theirs)
        else:
            found.append((ours - theirs) / (max(abs(ours), abs(theirs)) or 1.0))
    return found


def _decided(trial: Trial) -> tuple[TrialState, str]:
    standing = trial.standing
    if standing.errors >= ERRORS[trial.mode]:
        many = f"{standing.errors:,} of {standing.calls:,} calls"
        return "rolled back", f"It failed on {many} that production answered."
    if standing.low is None or standing.high is None:
        return "running", ""
    said = (
        f"production's loss less its own is {standing.gain:+.4f} ({standing.low:+.4f} to "
        f"{standing.high:+.4f}, n={standing.labelled:,})"
    )
    if standing.low > -trial.margin:
        return "promoted", f"It is not worse by {trial.margin:g}: {said}."
    if standing.high < -trial.margin:
        return "rolled back", f"It is worse by more than {trial.margin:g}: {said}."
    return "running", ""


def _promote(config: Config, store: Store, trial: Trial, why: str) -> Trial:
    version = store.version(_ref(trial, trial.number))
    try:
        release(config, store, version, override=trial.override, who=f"trial of {trial.who}")
    except Refused as refused:
        current = store.current(trial.component)
        if current is not None and current.number == trial.number:  # somebody else did
            return _end(store, trial, "promoted", why)
        return _end(store, trial, "stopped", f"{why} It was not released: {refused}")
    return _end(store, trial, "promoted", why)


def _end(store: Store, trial: Trial, state: TrialState, why: str) -> Trial:
    ended = msgspec.structs.replace(trial, state=state, ended=now(), why=why)
    if store.trials.update(ended):
        return ended
    return next(one for one in store.trials.every(trial.component) if one.id == trial.id)


def _running(config: Config, store: Store, name: str) -> Trial:
    trial = store.trials.running(name)
    if trial is None:
        component(config, name)
        raise Refused(
            f"Nothing of {name} is on trial: twinkeel release {name} --shadow 0.2 begins."
        )
    return trial


def _signature(store: Store, trial: Trial, number: int) -> Signature:
    return loaded(store, store.version(_ref(trial, number))).signature


def _ref(trial: Trial, number: int) -> VersionRef:
    return VersionRef(component=trial.component, number=number)
