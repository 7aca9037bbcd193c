"""Evaluate: a version and its cases -> evidence -> scorecard -> verdicts.

Where production exists, it answers the same cases, so that the two are compared case by case.
A case is left out of the comparison if production learned from it or if it is not later than
production's cutoff; without a case that is fair to both, the comparison says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from twinkeel import gates
from twinkeel.config import Config
from twinkeel.errors import BuildError, Refused, TwinkeelError
from twinkeel.lifecycle.build import learned_units, task_for_cases
from twinkeel.lifecycle.components import Component, component
from twinkeel.lifecycle.versions import load
from twinkeel.metrics.scorecard import differences, scorecard
from twinkeel.records import (
    Cases,
    Evaluation,
    Evidence,
    Gate,
    Progress,
    Score,
    Tick,
    Version,
    VersionRef,
    now,
    silent,
)
from twinkeel.store.store import Store

RESAMPLES = 1000
SEED = 0
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True)
class _Comparison:
    """Production beside the candidate: the paired differences, or why there are none."""

    number: int
    differences: dict[str, Score]
    digest: str | None = None


def evaluate(
    config: Config,
    store: Store,
    version: Version,
    *,
    cases: Cases | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Judge `version` on `cases`, or on the cases that its source gives now."""
    what = component(config, version.component)
    if cases is None:
        cases = current_cases(config, store, version)
    _check_unlearned(store, version, cases)
    progress(Tick(stage="evaluating", detail=f"{len(cases):,} cases"))
    evidence = what.kind.evaluate(load(store, version), cases)
    measures = what.kind.measures(evidence)
    progress(Tick(stage="scoring", detail=f"{len(measures)} measures"))
    card = scorecard(measures, evidence, resamples=RESAMPLES, seed=SEED)
    against = _compare(store, what, version, cases, evidence)
    found = None if against is None else against.differences
    made = Evaluation(
        component=version.component,
        number=version.number,
        created=now(),
        cases_digest=store.put_object(_encode(cases)),
        evidence_digest=store.put_object(_encode(evidence)),
        scorecard=card,
        verdicts=tuple(gates.judge(gate, card, found) for gate in what.gates),
        against=None if against is None else against.number,
        against_digest=None if against is None else against.digest,
    )
    store.add_evaluation(made)
    return made


def current_cases(config: Config, store: Store, version: Version) -> Cases:
    """The cases that the component's source gives now, as far as `version` has not seen them."""
    what = component(config, version.component)
    with store.scratch() as folder:
        cases = what.kind.cases(task_for_cases(config, store, what, folder))
    return _later(cases, version.lineage.split.get("cutoff"))


def _compare(
    store: Store, what: Component, version: Version, cases: Cases, evidence: Evidence
) -> _Comparison | None:
    """Production's paired differences on the cases that are fair to both."""
    release = store.current(version.component)
    wanted = [gate for gate in what.gates if gate.test == "not worse by"]
    if release is None or release.number == version.number or not wanted:
        return None
    ref = VersionRef(component=version.component, number=release.number)
    try:
        production = store.version(ref)
        fair = _fair(store, version, production, cases)
        theirs = what.kind.evaluate(load(store, production), pick(cases, fair))
        found = differences(
            what.kind.measures(pick_evidence(evidence, fair)), what.kind.measures(theirs), theirs
        )
    except TwinkeelError as error:
        return _Comparison(release.number, _impossible(wanted, ref, str(error)))
    return _Comparison(release.number, found, store.put_object(_encode(theirs)))


def _fair(store: Store, version: Version, production: Version, cases: Cases) -> list[int]:
    ours, theirs = version.lineage.split, production.lineage.split
    if any(ours.get(key) != theirs.get(key) for key in ("method", "key")):
        raise Refused(
            f"{production.ref} held its cases out in another way ({theirs.get('method')}, "
            f"now {ours.get('method')}), so no case is known to be new to both."
        )
    learned, cutoff = learned_units(store, production), theirs.get("cutoff")
    fair = [i for i, unit in enumerate(cases.units) if unit not in learned]
    if cases.time is not None and cutoff is not None:
        fair = [i for i in fair if cases.time[i] > cutoff]
    if not fair:
        raise Refused(f"every case is one that {production.ref} learned from.")
    return fair


def _impossible(wanted: list[Gate], ref: VersionRef, why: str) -> dict[str, Score]:
    note = f"cannot be compared with {ref}: {why}"
    return {
        gate.key: Score(
            name=gate.key, value=None, low=None, high=None, n=0, direction="higher", note=note
        )
        for gate in wanted
    }


def _check_unlearned(store: Store, version: Version, cases: Cases) -> None:
    seen = learned_units(store, version) & set(cases.units)
    if seen:
        raise BuildError(
            f"{len(seen)} of the {len(cases):,} cases are ones that {version.ref} learned from: "
            "the way that cases are held out has changed since; build it again."
        )


def _later(cases: Cases, cutoff: str | None) -> Cases:
    if cutoff is None or cases.time is None:
        return cases
    return pick(cases, [i for i, time in enumerate(cases.time) if time > cutoff])


def pick(cases: Cases, index: list[int]) -> Cases:
    """The cases at `index`, in that order."""
    if len(index) == len(cases):
        return cases
    return msgspec.structs.replace(
        cases,
        ids=tuple(cases.ids[i] for i in index),
        units=tuple(cases.units[i] for i in index),
        inputs=_picked(cases.inputs, index),
        expected=[cases.expected[i] for i in index],
        slices=_picked(cases.slices, index),
        weight=None if cases.weight is None else [cases.weight[i] for i in index],
        time=None if cases.time is None else [cases.time[i] for i in index],
    )


def pick_evidence(evidence: Evidence, index: list[int]) -> Evidence:
    """The evidence at `index`, in that order, without its timings."""
    if len(index) == len(evidence):
        return evidence
    return msgspec.structs.replace(
        evidence,
        ids=tuple(evidence.ids[i] for i in index),
        units=tuple(evidence.units[i] for i in index),
        expected=[evidence.expected[i] for i in index],
        outputs=_picked(evidence.outputs, index),
        slices=_picked(evidence.slices, index),
        weight=None if evidence.weight is None else [evidence.weight[i] for i in index],
        timings={},
    )


def _picked(columns: dict[str, list[Any]], index: list[int]) -> dict[str, list[Any]]:
    return {name: [values[i] for i in index] for name, values in columns.items()}
