"""Build: a component of the configuration -> an immutable version in the store.

Cases are fixed and stored before anything is learned. All work happens in a folder of its own;
the store changes only at the end, in one step. A build that was killed finds its finished steps
again as long as its data, options, limits and seed are the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import platform
import shutil
import time
from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from twinkeel import __version__
from twinkeel.config import Config
from twinkeel.data.opening import source as open_source
from twinkeel.data.sources import Source
from twinkeel.errors import BuildError, UsageError
from twinkeel.kinds.base import Built, Servable, Task
from twinkeel.lifecycle.components import Component, component, options_json
from twinkeel.lifecycle.contract import check_pin, pinned, read_by
from twinkeel.lifecycle.expectations import held_to
from twinkeel.lifecycle.rehearse import rehearse
from twinkeel.lifecycle.versions import find, load
from twinkeel.records import Cases, Expectations, Lineage, Progress, Tick, Version, silent
from twinkeel.store.bundles import BundleInfo, FileEntry
from twinkeel.store.steps import Steps
from twinkeel.store.store import Store

_PACKAGES = ("catboost", "lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")
_encode = msgspec.json.Encoder(order="deterministic").encode


def build(
    config: Config,
    store: Store,
    name: str,
    *,
    seed: int | None = None,
    progress: Progress = silent,
) -> tuple[Version, Cases]:
    """Build the component `name`; returns the new version and the cases that will judge it."""
    started = time.monotonic()
    what = component(config, name)
    source = _source(config, what)
    seed = what.config.seed if seed is None else seed
    if seed < 0:
        raise UsageError(f"The seed must be a whole number of 0 or more, not {seed}.")
    progress(Tick(stage="reading", detail=source.describe()))
    pinned(config, name)
    broken = held_to(source, config.sources[what.config.source].expect)
    with store.building(work_key(config, what, source, seed)) as folder:
        steps = Steps(folder / "steps")
        depends_on: dict[str, str] = {}
        task = dataclasses.replace(
            task_for_cases(config, store, what, folder),
            data=source,
            progress=progress,
            seed=seed,
            started=started,
            step=steps,
            resolve=lambda text: resolved(config, store, text, depends_on),
        )
        _empty(task.bundle)
        cases = what.kind.cases(task)
        rehearsed = rehearse(what, task, cases)
        built = what.kind.build(task)
        built = dataclasses.replace(
            built, notes=(*broken, *built.notes), findings=(*rehearsed, *built.findings)
        )
        check_honest(name, cases, built)
        lineage = lineage_of(store, task, what, built, depends_on)
        progress(Tick(stage="storing"))
        bundle = stored(config, store, what, task.bundle, shared=task.shared.entries)
        made = store.add_version(name, what.kind.name, bundle, lineage)
        steps.forget()
    return made, cases


def task_for_cases(config: Config, store: Store, what: Component, folder: Path) -> Task[Any]:
    """A task that is enough for `Kind.cases` on the source as it is now."""
    source = _source(config, what)
    return Task(
        component=what.name,
        options=what.options,
        data=source,
        root=config.root,
        split_key=config.project.split_key,
        bundle=folder / "bundle",
        progress=silent,
        limits=what.config.limits,
        seed=what.config.seed,
        started=time.monotonic(),
        work=folder,
        step=Steps(folder / "steps"),
        shared=store.shared(),
        resolve=lambda text: resolved(config, store, text, {}),
        expectations=config.sources[what.config.source].expect or Expectations(),
        agree=partial(check_pin, config, what.name),
    )


def stored(
    config: Config,
    store: Store,
    what: Component,
    folder: Path,
    *,
    shared: Mapping[str, FileEntry],
) -> BundleInfo:
    """The bundle that was filled, sealed and held to the pinned contract."""
    bundle = store.add_bundle(folder, kind=what.kind.name, runtime=what.kind.runtime, shared=shared)
    if what.config.contract is not None:
        servable = what.kind.load(store.open_bundle(bundle.digest))
        check_pin(config, what.name, read_by(servable, what.name, what.kind.name))
    return bundle


def learned_units(store: Store, made: Version) -> frozenset[str]:
    """The units that `made` learned from."""
    digest = made.lineage.learned_digest
    return frozenset(msgspec.json.decode(store.get_object(digest), type=list[str]))


def check_honest(name: str, cases: Cases, built: Built) -> None:
    """Raise BuildError where a unit is learned from and judges, or the rules differ."""
    if cases.rule != built.split.get("rule", ""):
        raise BuildError(f"{name}: its kind must hold cases out and learn under one rule.")
    both = set(cases.units) & set(built.learned)
    if both:
        raise BuildError(
            f"{name} learned from {len(both)} of the units that judge it: "
            "its kind must leave out of learning what it gives as cases."
        )


def lineage_of(
    store: Store, task: Task[Any], what: Component, built: Built, depends_on: dict[str, str]
) -> Lineage:
    """Where what was built in `task` came from."""
    learned = sorted(set(built.learned))
    return Lineage(
        source=what.config.source,
        source_digest=task.data.digest(),
        rows=built.rows,
        rows_learned=len(built.learned),
        learned_digest=store.put_object(_encode(learned)),
        options=options_json(what.options),
        seed=task.seed,
        split={**built.split, "key": hashlib.sha256(task.split_key.encode()).hexdigest()[:16]},
        depends_on=depends_on,
        packages=_packages(),
        origins=task.data.origins(),
        notes=(*task.data.notes(), *built.notes),
        findings=tuple(built.findings),
        seconds=round(time.monotonic() - task.started, 3),
    )


def _source(config: Config, what: Component) -> Source:
    return open_source(config, what.config.source)


def work_key(config: Config, what: Component, source: Source, seed: int) -> str:
    """The key under which the steps of a build are kept: equal for equal work."""
    identity = {
        "component": msgspec.to_builtins(what.config),
        "data": source.digest(),
        "expectations": msgspec.to_builtins(config.sources[what.config.source].expect),
        "seed": seed,
        "split_key": config.project.split_key,
        "twinkeel": __version__,
    }
    return hashlib.sha256(_encode(identity)).hexdigest()[:32]


def resolved(config: Config, store: Store, text: str, depends_on: dict[str, str]) -> Servable:
    """The version that `text` names, loaded and noted in `depends_on`."""
    made = find(config, store, text)
    depends_on[made.component] = str(made.ref)
    return load(store, made)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _packages() -> dict[str, str]:
    found = {"python": platform.python_version(), "twinkeel": __version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
