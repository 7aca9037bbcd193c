"""A component as the verbs need it: its configuration, its kind, its options and its gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from twinkeel import gates, plugins
from twinkeel.config import COMPONENT_KEYS, ComponentConfig, Config, decode
from twinkeel.errors import ConfigError, UnknownName
from twinkeel.kinds.base import Kind, Options
from twinkeel.metrics.measure import Measure
from twinkeel.records import Evidence, Gate, Version


@dataclass(frozen=True)
class Component:
    """One `[components.NAME]`, fully read."""

    config: ComponentConfig
    kind: Kind[Any]
    options: Options
    gates: tuple[Gate, ...]
    root: Path
    """The project's folder."""

    @property
    def name(self) -> str:
        """The component's name."""
        return self.config.name

    def measures(self, evidence: Evidence) -> list[Measure]:
        """What its kind measures on evidence, and what code of the project does.

        Raises ConfigError where that code is not there, or has the name of a score of the kind.
        """
        found = self.kind.measures(evidence)
        names = {measure.name for measure in found} | set(evidence.timings)
        where = f"[components.{self.name}]"
        try:
            own = self.kind.own_measures(self.options, self.root, evidence)
        except ConfigError as error:
            raise ConfigError(f"{where} {error}") from None
        for one in own:
            if one.name in names:
                raise ConfigError(
                    f"{where} a {self.config.kind} has a score {one.name!r} already: give your "
                    "function another name."
                )
        return [*found, *own]


def component(config: Config, name: str) -> Component:
    """The component `name`; raises UnknownName or ConfigError in one sentence."""
    if name not in config.components:
        near = plugins.suggestion(name, tuple(config.components))
        raise UnknownName(f"There is no component {name!r}{near}")
    table = config.components[name]
    where = f"[components.{name}]"
    kind = plugins.kind(table.kind)
    if table.limits.spend is not None and not kind.traits.costs_money:
        raise ConfigError(f"{where} spend_limit: a {table.kind} costs no money; remove the key.")
    return Component(
        config=table,
        kind=kind,
        options=decode(table.options, kind.options, where, also=COMPONENT_KEYS),
        gates=tuple(_gate(where, key, text) for key, text in table.gates.items()),
        root=config.root,
    )


Measuring = Callable[[Evidence], list[Measure]]


def measuring(config: Config, version: Version) -> Measuring:
    """How versions of a component are measured: as it is configured now, and by their kind alone
    where it is not any more."""
    table = config.components.get(version.component)
    if table is None or table.kind != version.kind:
        kind: Kind[Any] = plugins.kind(version.kind)
        return kind.measures
    return component(config, version.component).measures


def _gate(where: str, key: str, text: str) -> Gate:
    try:
        return gates.parse(key, text)
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from None


def check(config: Config) -> None:
    """Read every component, so that a mistake anywhere is told before any work begins."""
    for name in config.components:
        component(config, name)


def options_json(options: Options) -> dict[str, Any]:
    """Options as plain JSON, for the lineage."""
    return msgspec.json.decode(msgspec.json.encode(options), type=dict[str, Any])
