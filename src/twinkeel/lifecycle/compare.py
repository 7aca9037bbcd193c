"""Compare: two versions and their evidence -> what differs, on the cases that both were judged on.

Nothing is asked again: evidence is kept per version. A case counts if both were judged on it as it
is and neither learned from it. Differences and their intervals are those that the gate `not worse
by` judges. Refuses versions of different kinds, or without a case in common.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from twinkeel.config import Config
from twinkeel.data.compatibility import differences as contract_differences
from twinkeel.errors import Refused, UsageError
from twinkeel.kinds.base import Decided, Kind, ReadsColumns, Servable, Weighs
from twinkeel.lifecycle.components import Measuring, measuring
from twinkeel.lifecycle.evaluate import RESAMPLES, SEED, fair, pick
from twinkeel.lifecycle.versions import find, load
from twinkeel.metrics.scorecard import differences, scorecard
from twinkeel.plugins import kind as kind_of
from twinkeel.records import (
    Beside,
    Cases,
    Comparison,
    Decisions,
    Evaluation,
    Evidence,
    Pair,
    Progress,
    Score,
    Scorecard,
    Switch,
    Tick,
    Turn,
    Version,
    VersionRef,
    silent,
)
from twinkeel.records.comparing import Fate
from twinkeel.report.comparison import sections
from twinkeel.report.html import page
from twinkeel.store.store import Store

_SAME = 1e-9
"""Two losses that differ by no more are even: it is rounding."""


def compare(
    config: Config, store: Store, old: str, new: str | None = None, *, progress: Progress = silent
) -> Comparison:
    """From version `old` to version `new`; of one name alone, from production to it.

    Raises UsageError where there are not two versions of one kind, Refused where no case is fair
    to both.
    """
    was, now = _sides(config, store, old, new)
    shared = _shared(store, was, now)
    kind: Kind[Any] = kind_of(now.version.kind)
    before, after = pick(was.evidence, shared.old), pick(now.evidence, shared.new)
    progress(Tick(stage="comparing", detail=f"{len(after):,} cases"))
    measures = measuring(config, now.version)
    old_card, new_card = was.on(measures, before), now.on(measures, after)
    scores = list(_scores(measures, old_card, new_card, (before, after)))
    servables = load(store, was.version), load(store, now.version)
    breaking, differing = _contracts(*servables)
    return Comparison(
        old=was.name,
        new=now.name,
        kind=now.version.kind,
        production=_production(store, was, now),
        cases=after.ids,
        asked=Pair(name="cases", old=len(was.evidence), new=len(now.evidence)),
        notes=shared.notes,
        scores=tuple(one for one in scores if one.new.slice is None and not one.new.timing),
        slices=_ranked(one for one in scores if one.new.slice is not None),
        timings=tuple(one for one in scores if one.new.timing),
        decisions=_decisions(kind.decided(before), kind.decided(after), after.ids),
        breaking=breaking,
        differing=differing,
        importance=_importance(*servables),
        lineage=tuple(_lineage(was.version, now.version)),
    )


def write(store: Store, found: Comparison, out: Path | None = None) -> Path:
    """Write a comparison as one HTML page to `out`, by default beside the store; gives the path."""
    if out is not None and out.is_dir():
        raise UsageError(f"{out} is a folder: name a file in it, such as {out / 'compare.html'}.")
    name = f"{found.old}-{found.new}.html"
    return store.write_page(out, name, page(f"{found.old} and {found.new}", sections(found)))


@dataclass(frozen=True)
class _Side:
    """One version with what it was last judged on."""

    version: Version
    evaluation: Evaluation
    cases: Cases
    evidence: Evidence

    @property
    def name(self) -> str:
        return str(self.version.ref)

    def on(self, measures: Measuring, evidence: Evidence) -> Scorecard:
        """Its scores on some of its evidence."""
        if evidence is self.evidence:
            return self.evaluation.scorecard
        return scorecard(measures(evidence), evidence, resamples=RESAMPLES, seed=SEED)


def _sides(config: Config, store: Store, old: str, new: str | None) -> tuple[_Side, _Side]:
    if new is not None:
        was, now = find(config, store, old), find(config, store, new)
    else:
        now = find(config, store, old, newest=True)
        was = _in_production(store, now)
    if was.ref == now.ref:
        raise UsageError(
            f"{was.ref} is both: name two versions, as twinkeel compare "
            f"{was.component}@1 {was.component}@2, or one that is not in production."
        )
    if was.kind != now.kind:
        raise UsageError(
            f"{was.ref} is a {was.kind} and {now.ref} a {now.kind}: only versions of one kind "
            "have the same scores."
        )
    return _side(store, was), _side(store, now)


def _in_production(store: Store, version: Version) -> Version:
    current = store.current(version.component)
    if current is None:
        raise UsageError(
            f"{version.component} has nothing in production to compare {version.ref} with: name "
            f"two versions, as twinkeel compare {version.component}@1 {version.component}@2."
        )
    return store.version(VersionRef(component=version.component, number=current.number))


def _side(store: Store, version: Version) -> _Side:
    judged = store.evaluation(version.ref)
    if judged is None:
        raise UsageError(
            f"{version.ref} has not been evaluated: run twinkeel evaluate {version.ref}."
        )
    cases = msgspec.json.decode(store.get_object(judged.cases_digest), type=Cases)
    evidence = msgspec.json.decode(store.get_object(judged.evidence_digest), type=Evidence)
    return _Side(version, judged, cases, evidence)


def _production(store: Store, *sides: _Side) -> str | None:
    for side in sides:
        current = store.current(side.version.component)
        if current is not None and current.number == side.version.number:
            return side.name
    return None


@dataclass(frozen=True)
class _Shared:
    """The places of the shared cases in the evidence of each, in the same order."""

    old: list[int]
    new: list[int]
    notes: tuple[str, ...]


def _shared(store: Store, was: _Side, now: _Side) -> _Shared:
    """The cases that both were judged on and that are fair to both."""
    try:
        fit_new = set(fair(store, was.version, now.version, was.cases))
        fit_old = set(fair(store, now.version, was.version, now.cases))
    except Refused as error:
        raise Refused(f"{was.name} and {now.name} cannot be compared: {error}") from None
    pairs = [(i, j) for i, j in _same(was.cases, now.cases) if i in fit_new and j in fit_old]
    again = f"twinkeel evaluate {was.name} and twinkeel evaluate {now.name}"
    if not pairs:
        raise Refused(
            f"{was.name} and {now.name} were judged on no case in common: run {again}, which "
            "judge both on the cases that the source gives now."
        )
    alone = len(fit_new) + len(fit_old) - 2 * len(pairs)
    unfair = len(was.cases) - len(fit_new) + len(now.cases) - len(fit_old)
    notes = []
    if alone:
        notes.append(
            f"{_of(alone)} asked of one version only, or not in the same words or with the same "
            f"expectation, and left out: to judge both on what the source gives now, run {again}."
        )
    if unfair:
        notes.append(
            f"{_of(unfair)} left out because the other version learned from them, or because they "
            "are not later than its cutoff."
        )
    return _Shared([i for i, _ in pairs], [j for _, j in pairs], tuple(notes))


def _of(count: int) -> str:
    return "1 case was" if count == 1 else f"{count:,} cases were"


def _same(old: Cases, new: Cases) -> Iterator[tuple[int, int]]:
    """The places of what is one case in both: the same id, inputs and expectation."""
    place = {name: i for i, name in enumerate(old.ids)}
    inputs = [(old.inputs[name], new.inputs[name]) for name in new.inputs if name in old.inputs]
    columns = [(old.units, new.units), (old.expected, new.expected), *inputs]
    for j, name in enumerate(new.ids):
        i = place.get(name)
        if i is not None and all(was[i] == now[j] for was, now in columns):
            yield i, j


def _scores(
    measures: Measuring,
    old: Scorecard,
    new: Scorecard,
    evidence: tuple[Evidence, Evidence],
) -> Iterator[Beside]:
    """Every score that both have, with its paired difference."""
    before, after = evidence
    gains = differences(measures(after), measures(before), after, resamples=RESAMPLES, seed=SEED)
    theirs = {score.key: score for score in old.scores}
    for score in new.scores:
        if score.key in theirs:
            gain = None if score.timing else gains.get(score.key)
            yield Beside(key=score.key, old=theirs[score.key], new=score, gain=gain)


def _ranked(found: Iterator[Beside]) -> tuple[Beside, ...]:
    return tuple(sorted(found, key=lambda one: (-_strength(one.gain), one.key)))


def _strength(gain: Score | None) -> float:
    """The difference in half-widths of its interval; less than 0 where there is none."""
    if gain is None or gain.value is None or gain.low is None or gain.high is None:
        return -1.0
    half = (gain.high - gain.low) / 2
    return abs(gain.value) / half if half > 0 else math.inf if gain.value else 0.0


def _decisions(old: Decided | None, new: Decided | None, ids: tuple[str, ...]) -> Decisions | None:
    if old is None or new is None:
        return None
    fates = [_fate(was, now) for was, now in zip(old.losses, new.losses, strict=True)]
    counts = Counter(fates)
    turns = _turns(old, new, fates, ids)
    return Decisions(
        won=counts["won"],
        lost=counts["lost"],
        even=counts["even"],
        switches=_switches(turns),
        turns=turns,
    )


def _fate(old: float, new: float) -> Fate:
    if math.isclose(old, new, rel_tol=_SAME, abs_tol=_SAME):
        return "even"
    return "won" if new < old else "lost"


def _turns(old: Decided, new: Decided, fates: list[Fate], ids: tuple[str, ...]) -> tuple[Turn, ...]:
    if old.words is None or new.words is None:
        return ()
    rows = zip(new.names or ids, old.words, new.words, fates, strict=True)
    found = [Turn(case=c, old=o, new=n, fate=fate) for c, o, n, fate in rows if o != n]
    order = {"lost": 0, "won": 1, "even": 2}
    return tuple(sorted(found, key=lambda one: order[one.fate]))


def _switches(turns: tuple[Turn, ...]) -> tuple[Switch, ...]:
    ways: dict[tuple[str, str], Counter[Fate]] = {}
    for turn in turns:
        ways.setdefault((turn.old, turn.new), Counter())[turn.fate] += 1
    found = [
        Switch(old=old, new=new, n=counts.total(), won=counts["won"], lost=counts["lost"])
        for (old, new), counts in ways.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.n, one.old, one.new)))


def _contracts(old: Servable, new: Servable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What breaks callers, and what else differs for them; nothing where no columns are read."""
    if not (isinstance(old, ReadsColumns) and isinstance(new, ReadsColumns)):
        return (), ()
    found = contract_differences(old.contract, new.contract)
    breaking = tuple(one.sentence for one in found if one.breaking)
    return breaking, tuple(one.sentence for one in found if not one.breaking)


def _importance(old: Servable, new: Servable) -> tuple[Pair, ...]:
    if not (isinstance(old, Weighs) and isinstance(new, Weighs)):
        return ()
    before, after = dict(old.importance), dict(new.importance)
    pairs = (Pair(name=name, old=before.get(name), new=after.get(name)) for name in before | after)
    return tuple(sorted(pairs, key=lambda one: (-max(one.old or 0.0, one.new or 0.0), one.name)))


def _lineage(old: Version, new: Version) -> Iterator[Pair]:
    """What differs of where they come from."""
    before, after = _facts(old), _facts(new)
    for name in before | after:
        if before.get(name) != after.get(name):
            yield Pair(name=name, old=before.get(name), new=after.get(name))


def _facts(version: Version) -> dict[str, object]:
    line = version.lineage
    return {
        "built": version.created[:19].replace("T", " "),
        "source": line.source,
        "data": f"sha256 {line.source_digest[:16]}",
        "rows": line.rows,
        "rows learned from": line.rows_learned,
        "seed": line.seed,
        **{f"option {name}": value for name, value in line.options.items()},
        **{f"depends on {name}": ref for name, ref in line.depends_on.items()},
        **{f"package {name}": number for name, number in line.packages.items()},
    }
