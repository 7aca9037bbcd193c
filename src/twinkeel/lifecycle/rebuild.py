"""Rebuild: a version in production and newer data -> a decision, and perhaps a version.

All that a kind can do is built and compared with production on the newest cases, which nobody
learned from. The cheapest that is worth it is registered, judged and released by its gates as any
version is; that nothing is worth it is an answer.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Literal

import msgspec

from twinkeel.config import Config
from twinkeel.data.sources import Source
from twinkeel.errors import Refused, UnknownName
from twinkeel.lifecycle.build import learned_units, lineage_of, task_for_cases, work_key
from twinkeel.lifecycle.candidates import Bench, Candidate, newest
from twinkeel.lifecycle.choose import choose
from twinkeel.lifecycle.components import Component, component
from twinkeel.lifecycle.evaluate import evaluate
from twinkeel.lifecycle.lessons import taught
from twinkeel.lifecycle.release import release
from twinkeel.lifecycle.trusted import Trusted, trusted
from twinkeel.records import (
    Progress,
    Rebuild,
    Remedied,
    Tick,
    Version,
    VersionRef,
    silent,
)
from twinkeel.store.store import Store

Upto = Literal["compare", "register", "release"]


def rebuild(
    config: Config,
    store: Store,
    name: str,
    *,
    upto: Upto = "release",
    who: str | None = None,
    progress: Progress = silent,
) -> Rebuild:
    """Compare what can be done about `name` with leaving it, and do what is worth it.

    `upto` says how far to go: `compare` registers nothing, `register` releases nothing. Raises
    UnknownName where nothing is in production, Refused where no case is new to production.
    """
    what, version = component(config, name), _production(store, name)
    progress(Tick(stage="reading", detail=what.config.source))
    more = taught(config, store, what, version)
    source = more.source
    with store.building(_key(config, what, source, version)) as folder:
        task = task_for_cases(config, store, what, folder)
        wanted = what.config.rebuild.trusted and more.rows
        gold = trusted(store, version, what.kind.remedies()) if wanted else None
        apart = frozenset(() if gold is None else gold.cases.units)
        task = dataclasses.replace(task, data=source, progress=progress, apart=apart)
        judging = newest(store, version, what.kind.cases(task), what.kind.repeats(task))
        bench = Bench(config, store, what, version, task, judging.cases, folder, gold)
        found, chosen = _compared(bench)
        notes = (*more.notes, *_also(gold), *judging.notes)
        found = msgspec.structs.replace(found, calls=more.rows, notes=notes)
        if chosen is None or upto == "compare":
            return found
        fresh = _registered(bench, chosen, found)
    evaluate(config, store, fresh, cases=judging.cases, progress=progress)
    found = msgspec.structs.replace(found, version=str(fresh.ref))
    return found if upto == "register" else _released(config, store, fresh, found, who)


def _production(store: Store, name: str) -> Version:
    current = store.current(name)
    if current is None:
        raise UnknownName(
            f"{name} is not in production yet, so there is nothing to rebuild: "
            f"run twinkeel build {name}, then twinkeel release {name}."
        )
    return store.version(VersionRef(component=name, number=current.number))


def _compared(bench: Bench) -> tuple[Rebuild, Candidate | None]:
    """The decision, and what was built for it; None where production is kept."""
    tried = list(bench.candidates())
    choice = choose(bench.production, [one for one, _ in tried], bench.price)
    alerts = bench.store.watching.alerts(bench.what.name, only_open=True)
    alert = next((one for one in alerts if one.number == bench.version.number), None)
    found = Rebuild(
        component=bench.what.name,
        production=bench.version.number,
        cases=len(bench.cases),
        worth=bench.price.worth,
        table=choice.table,
        chosen=choice.chosen,
        why=choice.why,
        alert=None if alert is None else alert.id,
    )
    made = (one for _, one in tried if one is not None and one.remedy.name == choice.chosen)
    return found, next(made, None)


def _also(gold: Trusted | None) -> tuple[str, ...]:
    """Who judges besides the newest cases."""
    if gold is None:
        return ()
    many = f"{len(gold.cases):,} trusted cases, those that judged {gold.version.ref},"
    return (f"{many} judge what learned from calls as well: no label of a call is among them.",)


def _registered(bench: Bench, chosen: Candidate, found: Rebuild) -> Version:
    """The chosen candidate as a version, which has learned what it goes on from as well."""
    store, version, made = bench.store, bench.version, chosen.made
    built = made.built
    if chosen.remedy.inherits:
        learned = learned_units(store, version).union(built.learned)
        built = dataclasses.replace(built, learned=sorted(learned))
    lineage = lineage_of(store, chosen.task, bench.what, built, made.depends_on)
    remedy = Remedied(name=found.chosen, of=str(version.ref), alert=found.alert, why=found.why)
    lineage = msgspec.structs.replace(lineage, seconds=made.seconds, remedy=remedy)
    return store.add_version(version.component, version.kind, chosen.bundle, lineage)


def _released(
    config: Config, store: Store, fresh: Version, found: Rebuild, who: str | None
) -> Rebuild:
    try:
        release(config, store, fresh, who=who)
    except Refused as error:
        return msgspec.structs.replace(found, why=f"{found.why} {error}")
    return msgspec.structs.replace(found, released=True)


def _key(config: Config, what: Component, source: Source, version: Version) -> str:
    same = f"rebuild {work_key(config, what, source, what.config.seed)} {version.bundle}"
    return hashlib.sha256(same.encode()).hexdigest()[:32]
