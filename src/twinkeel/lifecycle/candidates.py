"""Candidates: what a kind can do about production -> bundles, and their answers to the same cases.

Owns which cases are new to everybody, and the building of each remedy within the component's
limits, kept as a step so that a rebuild that was killed goes on. What calls have taught is asked
the trusted cases as well. Releases nothing.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec

from twinkeel.config import Config
from twinkeel.errors import BuildError, InputError, Refused
from twinkeel.kinds.base import Built, Production, Remedy, Task
from twinkeel.lifecycle.build import check_honest, learned_units, resolved, stored
from twinkeel.lifecycle.choose import Impossible, Price, Tried
from twinkeel.lifecycle.components import Component
from twinkeel.lifecycle.evaluate import RESAMPLES, SEED, pick
from twinkeel.lifecycle.trusted import Answered, Trusted, objection
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import KEEP, Cases, Record, Tick, Version
from twinkeel.store.bundles import BundleInfo, FileEntry
from twinkeel.store.steps import Steps
from twinkeel.store.store import Store

FEWEST = 100
"""So many cases that judged no version before are enough to judge by these alone."""
_MADE, _BUNDLE = "made.json", "bundle"


class Made(Record, frozen=True):
    """What is noted of a remedy that was built."""

    built: Built
    seconds: float
    shared: dict[str, FileEntry]
    depends_on: dict[str, str]


@dataclass(frozen=True)
class Candidate:
    """A remedy that was built."""

    remedy: Remedy[Any]
    task: Task[Any]
    made: Made
    bundle: BundleInfo


@dataclass(frozen=True)
class Bench:
    """What all candidates are tried on."""

    config: Config
    store: Store
    what: Component
    version: Version
    """The one in production."""
    task: Task[Any]
    cases: Cases
    folder: Path
    trusted: Trusted | None = None
    """What judges as well where calls teach."""

    @cached_property
    def production(self) -> Tried:
        """Production's own answers."""
        return self._tried(KEEP, "leave it as it is", self.version.bundle)

    @property
    def price(self) -> Price:
        """What decides."""
        asked = self.what.config.rebuild
        return Price(self.what.gates, asked.worth, asked.score)

    def _tried(self, name: str, text: str, digest: str, seconds: float = 0.0) -> Tried:
        """What the version of a bundle answers to the cases, and its scores that decide."""
        found = self._answered(digest, self.cases)
        card = scorecard(found.measures, found.evidence, resamples=RESAMPLES, seed=SEED)
        return Tried(name, text, card, found.evidence, found.measures, seconds)

    def _answered(self, digest: str, cases: Cases) -> Answered:
        kind = self.what.kind
        evidence = kind.evaluate(kind.load(self.store.open_bundle(digest)), cases)
        measures = self.what.measures(evidence)
        return Answered(evidence, self.price.decisive(measures, evidence))

    def _objection(self, one: Candidate, learned: frozenset[str]) -> str | None:
        """What the trusted cases that neither side has learned say against a candidate."""
        if self.trusted is None:
            return None
        known = learned.union(one.made.built.learned)
        index = [i for i, unit in enumerate(self.trusted.cases.units) if unit not in known]
        if not index:
            return "it has learned from all trusted cases, so none can judge it."
        cases = pick(self.trusted.cases, index)
        try:
            return self._worse(self._answered(one.bundle.digest, cases), cases)
        except InputError as error:
            return f"it cannot answer the trusted cases: {error}"

    def _worse(self, answered: Answered, cases: Cases) -> str | None:
        assert self.trusted is not None
        keys = self.price.keys(self.production)
        others = {str(one.ref): one.bundle for one in (self.version, self.trusted.version)}
        for ref, digest in others.items():
            other = self.task.once(
                ("trusted cases", digest, cases.ids), partial(self._answered, digest, cases)
            )
            found = objection(answered, other, self.price, keys, than=ref)
            if found is not None:
                return f"on the trusted cases it {found}."
        return None

    def candidates(self) -> Iterator[tuple[Tried | Impossible, Candidate | None]]:
        """Every remedy of the kind, built and judged, or why it could not be."""
        production = Production(
            ref=str(self.version.ref),
            bundle=self.store.open_bundle(self.version.bundle),
            learned=learned_units(self.store, self.version),
        )
        remedies = tuple(self.what.kind.remedies())
        for place, remedy in enumerate(remedies, 1):
            which = f"{place} of {len(remedies)}: {remedy.name}"
            self.task.progress(Tick(stage="trying", detail=which))
            began = time.monotonic()
            try:
                one = self._built(remedy, production)
            except (InputError, BuildError) as error:
                spent = time.monotonic() - began
                yield Impossible(remedy.name, remedy.text, _sentence(error), spent), None
                continue
            tried = self._tried(remedy.name, remedy.text, one.bundle.digest, one.made.seconds)
            said = self._objection(one, production.learned)
            yield dataclasses.replace(tried, objection=said), one

    def _built(self, remedy: Remedy[Any], production: Production) -> Candidate:
        depends_on: dict[str, str] = {}
        shared = self.store.shared()
        steps = Steps(self.folder / f"{remedy.steps or remedy.name}-steps")
        task = dataclasses.replace(
            self.task,
            step=steps,
            shared=shared,
            resolve=lambda text: resolved(self.config, self.store, text, depends_on),
        )

        def work(folder: Path) -> None:
            own = dataclasses.replace(task, bundle=folder / _BUNDLE, started=time.monotonic())
            own.bundle.mkdir()
            built = remedy.build(own, production)
            check_honest(self.what.name, self.cases, built)
            seconds = round(time.monotonic() - own.started, 3)
            made = Made(
                built=built, seconds=seconds, shared=dict(shared.entries), depends_on=depends_on
            )
            (folder / _MADE).write_bytes(msgspec.json.encode(made))

        done = Steps(self.folder / "remedies")(remedy.name, work)
        made = msgspec.json.decode((done / _MADE).read_bytes(), type=Made)
        bundle = stored(self.config, self.store, self.what, done / _BUNDLE, shared=made.shared)
        return Candidate(remedy, task, made, bundle)


@dataclass(frozen=True)
class Judging:
    """The cases that all candidates are judged on."""

    cases: Cases
    notes: tuple[str, ...] = ()


def newest(
    store: Store, version: Version, cases: Cases, repeats: frozenset[str] = frozenset()
) -> Judging:
    """The newest of the cases that `version` did not learn from, as far as they are enough: those
    that judged nothing yet, else those that judged nothing before it, else all.

    Those whose units are in `repeats` do not judge. Raises Refused where none is known to be new,
    or where too many of them repeat.
    """
    split = version.lineage.split
    if cases.rule != split.get("rule", ""):
        raise Refused(
            f"{version.ref} held its cases out in another way, so no case is known to be new to "
            f"it: run twinkeel build {version.component}."
        )
    learned, cutoff = learned_units(store, version), split.get("cutoff")
    fair = [i for i in cases.after(cutoff) if cases.units[i] not in learned]
    if not fair:
        raise Refused(f"Every case is one that {version.ref} learned from: give newer data.")
    for upto in (version.number, version.number - 1):
        judged = _judged(store, version.component, upto)
        fresh = [i for i in fair if cases.units[i] not in judged]
        if len(fresh) >= FEWEST:
            return _apart(version, cases, fresh, repeats)
    return _apart(version, cases, fair, repeats)


def _apart(version: Version, cases: Cases, index: list[int], repeats: frozenset[str]) -> Judging:
    """The cases at `index` without those that repeat what is learned from."""
    kept = [i for i in index if cases.units[i] not in repeats]
    if len(kept) == len(index):
        return Judging(pick(cases, index))
    said = (
        f"{len(index) - len(kept):,} of {len(index):,} new cases repeat a row that is learned from"
    )
    if len(kept) < min(FEWEST, (len(index) + 1) // 2):
        raise Refused(
            f"{said}, which flatters what learns again, so nothing can be decided: name a time "
            f"column, or leave out id, which keeps equal rows of {version.component} together."
        )
    return Judging(pick(cases, kept), (f"{said}; they do not judge.",))


def _judged(store: Store, component: str, upto: int) -> set[str]:
    """The units that judged a version up to this number when it was new."""
    units: set[str] = set()
    for one in store.versions(component):
        judged = store.evaluations(one.ref) if one.number <= upto else []
        if judged:
            data = store.get_object(judged[-1].cases_digest)
            units.update(msgspec.json.decode(data, type=Cases).units)
    return units


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
