"""Release and rollback: a verdict -> what is in production.

A version is released when its gates passed, as they stand now and against what is in production
now; anything else needs a reason, which is recorded with who and when. Both verbs are one
compare-and-swap in the store: of two people who release at once, one wins and the other is told.
"""

from __future__ import annotations

import getpass

from twinkeel.config import Config
from twinkeel.errors import Refused
from twinkeel.lifecycle.components import component
from twinkeel.records import Evaluation, Release, Version, VersionRef
from twinkeel.store.store import Store


def release(
    config: Config,
    store: Store,
    version: Version,
    *,
    override: str | None = None,
    who: str | None = None,
) -> Release:
    """Put `version` into production; raises Refused with the reason where it may not."""
    current, obstacle = permitted(config, store, version, override)
    return store.release(
        version.component,
        version.number,
        expected=None if current is None else current.sequence,
        action="release",
        who=who or user(),
        override=None if obstacle is None else override,
    )


def permitted(
    config: Config, store: Store, version: Version, override: str | None
) -> tuple[Release | None, str | None]:
    """What is in production, and the obstacle that `override` overcomes; raises Refused."""
    current = store.current(version.component)
    if current is not None and current.number == version.number:
        raise Refused(f"{version.ref} is already in production.")
    if override is not None and not override.strip():
        raise Refused("An override needs a reason: --override 'why this is right'.")
    obstacle = _obstacle(config, store, version, None if current is None else current.number)
    if obstacle is not None and override is None:
        raise Refused(f"{obstacle} To release it all the same, give --override 'reason'.")
    store.open_bundle(version.bundle)
    return current, obstacle


def rollback(config: Config, store: Store, name: str, *, who: str | None = None) -> Release:
    """Bring back what was in production before; raises Refused where there is nothing."""
    history = store.releases(name)
    if not history:
        component(config, name)
    standing = _standing(history)
    if len(standing) < 2:
        raise Refused(f"{name} has no earlier release to go back to.")
    target = VersionRef(component=name, number=standing[-2])
    store.open_bundle(store.version(target).bundle)
    return store.release(
        name,
        target.number,
        expected=max(entry.sequence for entry in history),
        action="rollback",
        who=who or user(),
    )


def _standing(history: list[Release]) -> list[int]:
    """Released numbers that no rollback took back, oldest first."""
    standing: list[int] = []
    for entry in sorted(history, key=lambda entry: entry.sequence):
        if entry.action == "release":
            standing.append(entry.number)
        else:
            standing.pop()
    return standing


def _obstacle(config: Config, store: Store, version: Version, current: int | None) -> str | None:
    """Why `version` may not be released without an override, in a sentence."""
    judged = store.evaluation(version.ref)
    again = f"run twinkeel evaluate {version.ref}."
    if judged is None:
        return f"{version.ref} has not been evaluated: {again}"
    wanted = component(config, version.component).gates
    if [verdict.gate for verdict in judged.verdicts] != list(wanted):
        return f"The gates have changed since {version.ref} was evaluated: {again}"
    if any(gate.test == "not worse by" for gate in wanted) and judged.against != current:
        return f"Production has changed since {version.ref} was evaluated: {again}"
    return _unpassed(version, judged)


def _unpassed(version: Version, judged: Evaluation) -> str | None:
    failing = [v for v in judged.verdicts if v.outcome in ("fail", "inconclusive")]
    if not failing:
        return None
    return f"{version.ref} has not passed: {' '.join(verdict.sentence for verdict in failing)}"


def user() -> str:
    """The name of the person whose process this is."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
