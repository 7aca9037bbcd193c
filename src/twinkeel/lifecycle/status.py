"""Status: what is in production, what is newest, and what could be released next."""

from __future__ import annotations

from twinkeel.config import Config
from twinkeel.records import Outcome, Record, Release, VersionRef
from twinkeel.store.store import Store


class ComponentStatus(Record, frozen=True, kw_only=True):
    """Where one component stands."""

    component: str
    kind: str
    production: Release | None
    newest: int | None
    outcome: Outcome | None
    """The newest version's verdict; None where it has not been evaluated."""
    versions: int
    stale: tuple[str, ...] = ()
    """Dependencies that production was built with and that are no longer in production."""
    next: str = ""
    """The command that would come next, where there is one."""


def status(config: Config, store: Store) -> list[ComponentStatus]:
    """One entry per component, in the order of the configuration."""
    return [_one(store, name, table.kind) for name, table in config.components.items()]


def _one(store: Store, name: str, kind: str) -> ComponentStatus:
    newest = store.latest(name)
    production = store.current(name)
    judged = None if newest is None else store.evaluation(newest.ref)
    outcome = None if judged is None else judged.outcome
    number = None if newest is None else newest.number
    return ComponentStatus(
        component=name,
        kind=kind,
        production=production,
        newest=number,
        outcome=outcome,
        versions=len(store.versions(name)),
        stale=() if production is None else _stale(store, name, production.number),
        next=_next(store, name, number, production, outcome),
    )


def _stale(store: Store, name: str, number: int) -> tuple[str, ...]:
    made = store.version(VersionRef(component=name, number=number))
    found = []
    for needed, ref in made.lineage.depends_on.items():
        current = store.current(needed)
        if current is not None and ref != f"{needed}@{current.number}":
            found.append(ref)
    return tuple(found)


def _next(
    store: Store,
    name: str,
    newest: int | None,
    production: Release | None,
    outcome: Outcome | None,
) -> str:
    if newest is None:
        return f"twinkeel build {name}"
    if production is not None and production.number == newest:
        return "" if store.served() else "twinkeel serve"
    if outcome is None:
        return f"twinkeel evaluate {name}@{newest}"
    if outcome == "pass":
        return f"twinkeel release {name}@{newest}"
    return f"twinkeel show {name}@{newest}"
