"""Evaluate: a version and its cases -> evidence -> scorecard -> verdicts.

Where production exists, it answers the same cases, so that the two are compared case by case.
A case is left out of the comparison if production learned from it or if it is not later than
production's cutoff; without a case that is fair to both, the comparison says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from twinkeel import gates
from twinkeel.config import Config
from twinkeel.errors import BuildError, ConfigError, Refused, TwinkeelError
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
    Scorecard,
    Tick,
    Verdict,
    Version,
    VersionRef,
    now,
    silent,
)
from twinkeel.store.store import Store

RESAMPLES = 1000
SEED = 0
_PerCaseT = TypeVar("_PerCaseT", Cases, Evidence)
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
    measures = what.measures(evidence)
    progress(Tick(stage="scoring", detail=f"{len(measures)} measures"))
    card = scorecard(measures, evidence, resamples=RESAMPLES, seed=SEED, progress=progress)
    current = store.current(version.component)
    if current is not None:
        progress(Tick(stage="comparing", detail="with production"))
    itself = current is not None and current.number == version.number
    against = _compare(store, what, version, cases, evidence)
    found = None if against is None else against.differences
    made = Evaluation(
        component=version.component,
        number=version.number,
        created=now(),
        cases_digest=store.put_object(_encode(cases)),
        evidence_digest=store.put_object(_encode(evidence)),
        scorecard=card,
        verdicts=_verdicts(what, version, card, found, itself=itself),
        against=None if against is None else against.number,
        against_digest=None if against is None else against.digest,
    )
    store.add_evaluation(made)
    return made


def _verdicts(
    what: Component,
    version: Version,
    card: Scorecard,
    found: dict[str, Score] | None,
    *,
    itself: bool,
) -> tuple[Verdict, ...]:
    standing = str(version.ref) if itself else None
    try:
        return tuple(gates.judge(gate, card, found, standing=standing) for gate in what.gates)
    except ConfigError as error:
        raise ConfigError(
            f"{error} {version.ref} is built: correct [components.{what.name}.gates], then run "
            f"twinkeel evaluate {version.ref}."
        ) from None


def current_cases(config: Config, store: Store, version: Version) -> Cases:
    """The cases that the component's source gives now, as far as `version` has not seen them."""
    what = component(config, version.component)
    with store.scratch() as folder:
        cases = what.kind.cases(task_for_cases(config, store, what, folder))
    return pick(cases, cases.after(version.lineage.split.get("cutoff")))


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
        both = fair(store, version, production, cases)
        theirs = what.kind.evaluate(load(store, production), pick(cases, both))
        found = differences(what.measures(pick(evidence, both)), what.measures(theirs), theirs)
    except TwinkeelError as error:
        return _Comparison(release.number, _impossible(wanted, ref, str(error)))
    return _Comparison(release.number, found, store.put_object(_encode(theirs)))


def fair(store: Store, version: Version, production: Version, cases: Cases) -> list[int]:
    """The places of the cases of `version` that `production` did not learn from either.

    Raises Refused where the two held cases out in different ways, or where there is none.
    """
    ours, theirs = version.lineage.split, production.lineage.split
    if any(ours.get(key) != theirs.get(key) for key in ("rule", "method", "key")):
        raise Refused(
            f"{production.ref} held its cases out in another way ({theirs.get('method')}, "
            f"now {ours.get('method')}), so no case is known to be new to both."
        )
    learned, cutoff = learned_units(store, production), theirs.get("cutoff")
    found = [i for i in cases.after(cutoff) if cases.units[i] not in learned]
    if not found:
        raise Refused(f"every case is one that {production.ref} learned from.")
    return found


def _impossible(wanted: list[Gate], ref: VersionRef, why: str) -> dict[str, Score]:
    note = f"cannot be compared with {ref}: {why}"
    return {
        gate.key: Score(
            name=gate.key, value=None, low=None, high=None, n=0, direction="higher", note=note
        )
        for gate in wanted
    }


def _check_unlearned(store: Store, version: Version, cases: Cases) -> None:
    if cases.rule != version.lineage.split.get("rule", ""):
        raise Refused(
            f"Cases are held out in another way than when {version.ref} was built, so it may have "
            "learned from some of them: split_key, id, group or time has changed, or the columns "
            f"of rows without an id; run twinkeel build {version.component}."
        )
    seen = learned_units(store, version) & set(cases.units)
    if seen:
        raise BuildError(
            f"{len(seen)} of the {len(cases):,} cases are ones that {version.ref} learned from: "
            "the way that cases are held out has changed since; build it again."
        )


def pick(record: _PerCaseT, index: list[int]) -> _PerCaseT:
    """Cases or evidence at `index`, in that order."""
    if len(index) == len(record):
        return record
    changed: dict[str, Any] = {
        "ids": tuple(record.ids[i] for i in index),
        "units": tuple(record.units[i] for i in index),
    }
    for name in ("expected", "weight", "time"):
        if (values := getattr(record, name, None)) is not None:
            changed[name] = [values[i] for i in index]
    for name in ("inputs", "outputs", "slices"):
        if (columns := getattr(record, name, None)) is not None:
            changed[name] = {key: [one[i] for i in index] for key, one in columns.items()}
    return msgspec.structs.replace(record, **changed)
