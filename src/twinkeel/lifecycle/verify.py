"""Verify: is a version still what it was, and do its scores follow from its evidence?

Re-hashes the bundle, the cases and the evidence; loads the bundle and asks it all cases again;
derives every score but the timings, and every verdict, from the stored evidence. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from twinkeel import gates, plugins
from twinkeel.config import Config, seconds
from twinkeel.errors import TwinkeelError
from twinkeel.lifecycle.components import measuring
from twinkeel.lifecycle.evaluate import RESAMPLES, SEED, pick
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.versions import load
from twinkeel.metrics.scorecard import differences, scorecard
from twinkeel.records import (
    Cases,
    Evaluation,
    Evidence,
    Progress,
    Record,
    Score,
    Tick,
    Version,
    close,
    now,
    silent,
)
from twinkeel.store.store import Store


class Check(Record, frozen=True, kw_only=True):
    """One thing that was verified."""

    name: str
    ok: bool
    detail: str


class Verification(Record, frozen=True, kw_only=True):
    """All checks of one version."""

    ref: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return all(check.ok for check in self.checks)


def verify(
    config: Config, store: Store, version: Version, *, progress: Progress = silent
) -> Verification:
    """Check everything that can be checked about `version`.

    A score by a function of the project is recomputed by that function as it is now.
    """
    checks = [_checked("bundle", lambda: _bundle(store, version))]
    judged = store.evaluation(version.ref)
    if judged is None:
        checks.append(Check(name="evaluation", ok=False, detail="it has not been evaluated"))
        return Verification(ref=str(version.ref), checks=tuple(checks))
    parts = (
        ("outputs", _outputs),
        ("scores", partial(_scores, config)),
        ("verdicts", partial(_verdicts, config)),
    )
    for name, work in parts:
        progress(Tick(stage="verifying", detail=name))
        checks.append(_checked(name, partial(work, store, version, judged)))
    return Verification(ref=str(version.ref), checks=tuple(checks))


def verify_events(config: Config, store: Store, *, known: str | None = None) -> Verification:
    """Check that no stored event was changed, added or removed, by the chain of their hashes.

    `known` is a hash that was the newest one once: only a chain that goes through it holds.
    """
    kept_since = shifted(now(), -seconds(config.events.retention, "retention"))
    found = store.check_events(kept_since=kept_since, known=known)
    said = f"{found.events:,} events fit together; the newest hash is {found.head or 'none'}"
    checks = [Check(name="events", ok=not found.faults, detail=" ".join(found.faults) or said)]
    if known is not None:
        there = "goes" if found.holds_known else "does not go"
        detail = f"the chain {there} through {known}"
        checks.append(Check(name="known", ok=bool(found.holds_known), detail=detail))
    return Verification(ref="events", checks=tuple(checks))


class _Differs(Exception):
    """A check did not hold; the message says how."""


def _checked(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=work())
    except (_Differs, TwinkeelError) as error:
        return Check(name=name, ok=False, detail=str(error))


def _bundle(store: Store, version: Version) -> str:
    bundle = store.open_bundle(version.bundle)
    store.get_object(version.lineage.learned_digest)
    manifest = bundle.manifest
    return f"{len(manifest.files) + len(manifest.shared)} files match their hashes"


def _outputs(store: Store, version: Version, judged: Evaluation) -> str:
    """The loaded bundle answers every stored case as the evidence says."""
    cases = msgspec.json.decode(store.get_object(judged.cases_digest), type=Cases)
    stored = _evidence(store, judged)
    kind, servable = plugins.kind(version.kind), load(store, version)
    again = kind.evaluate(servable, cases)
    if again.ids != stored.ids or again.expected != stored.expected:
        raise _Differs("the evidence is not about the stored cases")
    if again.outputs.keys() != stored.outputs.keys():
        raise _Differs("the evidence has other outputs than the version")
    differs = kind.differs(servable, stored, again)
    if any(differs):
        i = list(differs).index(True)
        outputs = [(name, was[i], again.outputs[name][i]) for name, was in stored.outputs.items()]
        name, was, came = next((one for one in outputs if one[1] != one[2]), outputs[0])
        raise _Differs(f"case {stored.ids[i]}: {name} was {was!r} and is now {came!r}")
    return f"{len(cases):,} cases answered again as recorded"


def _scores(config: Config, store: Store, version: Version, judged: Evaluation) -> str:
    evidence = _evidence(store, judged)
    measures = measuring(config, version)(evidence)
    again = scorecard(measures, evidence, resamples=RESAMPLES, seed=SEED)
    stored = [score for score in judged.scorecard.scores if not score.timing]
    for score in stored:
        came = again.get(score.key)
        if came is None:
            raise _Differs(f"{score.key} cannot be recomputed: twinkeel.toml does not name it")
        if not _same(score, came):
            now = f"{came.value} ({came.low} to {came.high})"
            was = f"{score.value} ({score.low} to {score.high})"
            raise _Differs(f"{score.key} was {was} and is recomputed as {now}")
    return f"{len(stored)} scores recomputed from the evidence"


def _verdicts(config: Config, store: Store, version: Version, judged: Evaluation) -> str:
    """The verdicts follow from the scores, and from production's evidence on the same cases."""
    found = _differences(config, store, version, judged)
    for verdict in judged.verdicts:
        again = gates.judge(verdict.gate, judged.scorecard, found)
        if again.outcome != verdict.outcome:
            raise _Differs(
                f"{verdict.gate.key} {verdict.gate.text} was {verdict.outcome!r} and is judged "
                f"again as {again.outcome!r}"
            )
    if len(judged.verdicts) == 1:
        return "1 verdict follows from the scores"
    return f"{len(judged.verdicts)} verdicts follow from the scores"


def _differences(
    config: Config, store: Store, version: Version, judged: Evaluation
) -> dict[str, Score] | None:
    """None without production; nothing where no case was fair to both."""
    if judged.against is None:
        return None
    if judged.against_digest is None:
        return {}
    theirs = msgspec.json.decode(store.get_object(judged.against_digest), type=Evidence)
    ours = _evidence(store, judged)
    place = {name: i for i, name in enumerate(ours.ids)}
    same = pick(ours, [place[name] for name in theirs.ids])
    measures = measuring(config, version)
    return differences(measures(same), measures(theirs), theirs)


def _evidence(store: Store, judged: Evaluation) -> Evidence:
    return msgspec.json.decode(store.get_object(judged.evidence_digest), type=Evidence)


def _same(one: Score, other: Score) -> bool:
    return one.n == other.n and all(
        close(getattr(one, end), getattr(other, end)) for end in ("value", "low", "high")
    )
