"""`twinkeel.toml` -> `Config`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from twinkeel.config.decode import decode, known, shown
from twinkeel.config.expectations import expectations
from twinkeel.config.sources import check_source
from twinkeel.config.tables import (
    ComponentConfig,
    ComponentTable,
    Config,
    EventsTable,
    JoinTable,
    MonitorTable,
    ProjectTable,
    RebuildTable,
    ServerTable,
    SourceConfig,
    StoreTable,
    VersionsTable,
)
from twinkeel.config.values import seconds, size, unit
from twinkeel.errors import ConfigError, UsageError
from twinkeel.plugins import suggestion
from twinkeel.records import Limits

FILE = "twinkeel.toml"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s@*]+/?")
COMPONENT_KEYS = tuple(field.name for field in msgspec.structs.fields(ComponentTable))
_TABLES = ("project", "sources", "components", "server", "events", "versions", "store", "monitor")


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that has a `twinkeel.toml`; UsageError if none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise UsageError(
        f"There is no {FILE} in {start} or above it: go to a project's folder, "
        "or start one with twinkeel init TABLE."
    )


def load(root: Path) -> Config:
    """Read `twinkeel.toml` in `root`.

    Raises UsageError where there is none, ConfigError where it says something wrong.
    """
    path = root / FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"There is no {FILE} in {root}: go to a project's folder, "
            "or start one with twinkeel init TABLE."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{FILE} is not valid TOML: {error}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{FILE} is not UTF-8 text: save it as UTF-8.") from None
    return parse(raw, root)


def parse(raw: Mapping[str, Any], root: Path) -> Config:
    """A `Config` from parsed TOML."""
    known(raw, _TABLES, FILE)
    if "project" not in raw:
        raise ConfigError(f'{FILE} has no [project] table: add [project] with name = "...".')
    sources = {
        _name(name, "source"): _source(name, table)
        for name, table in _tables(raw, "sources").items()
    }
    components = {
        _name(name, "component"): _component(name, table, tuple(sources))
        for name, table in _tables(raw, "components").items()
    }
    for name in sources.keys() & components.keys():
        raise ConfigError(f"{name!r} names a source and a component: rename one of them.")
    config = Config(
        root=root,
        project=decode(raw["project"], ProjectTable, "[project]"),
        sources=sources,
        components=components,
        server=decode(raw.get("server", {}), ServerTable, "[server]"),
        events=decode(raw.get("events", {}), EventsTable, "[events]"),
        versions=decode(raw.get("versions", {}), VersionsTable, "[versions]"),
        store=decode(raw.get("store", {}), StoreTable, "[store]"),
        monitor=decode(raw.get("monitor", {}), MonitorTable, "[monitor]"),
    )
    _check_values(config)
    return config


def _source(name: str, table: object) -> SourceConfig:
    plain, expect = table, None
    if isinstance(table, Mapping) and "expect" in table:
        expect = expectations(table["expect"], f"[sources.{name}.expect]")
        plain = {key: value for key, value in table.items() if key != "expect"}
    found = decode(plain, SourceConfig, f"[sources.{name}]")
    check_source(found, f"[sources.{name}]")
    return found if expect is None else msgspec.structs.replace(found, expect=expect)


def _component(name: str, table: object, sources: tuple[str, ...]) -> ComponentConfig:
    where = f"[components.{name}]"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table of keys, not {shown(table)}.")
    for key in ("kind", "source"):
        if key not in table:
            raise ConfigError(f'{where} has no {key}: add {key} = "...".')
    _check_gates(table.get("gates"), where)
    common = decode({k: v for k, v in table.items() if k in COMPONENT_KEYS}, ComponentTable, where)
    if common.source not in sources:
        near = suggestion(common.source, sources)
        raise ConfigError(f"{where} source: there is no source {common.source!r}{near}")
    return ComponentConfig(
        name=name,
        kind=common.kind,
        source=common.source,
        gates=common.gates,
        limits=_limits(common, where),
        seed=common.seed,
        contract=common.contract,
        labels=_join(common.labels, f"[components.{name}.labels]", sources),
        feedback=_join(common.feedback, f"[components.{name}.feedback]", sources),
        rebuild=_rebuild(common.rebuild, f"[components.{name}.rebuild]"),
        options={k: v for k, v in table.items() if k not in COMPONENT_KEYS},
    )


def _check_gates(table: object, where: str) -> None:
    """Name the gate whose condition is no text: that of a number is easily forgotten."""
    for key, text in table.items() if isinstance(table, Mapping) else ():
        if not isinstance(text, str):
            raise ConfigError(
                f'{where} gate {key}: expected a condition as a text, such as ">= 0.80", '
                f"not {shown(text)}."
            )


def _join(table: Mapping[str, Any], where: str, sources: tuple[str, ...]) -> JoinTable:
    found = join_table(table, where)
    if found.source is not None and found.source not in sources:
        near = suggestion(found.source, sources)
        raise ConfigError(f"{where} source: there is no source {found.source!r}{near}")
    return found


def _rebuild(table: Mapping[str, Any], where: str) -> RebuildTable:
    found = decode(table, RebuildTable, where)
    if not 0 <= found.worth < float("inf"):
        raise ConfigError(f"{where} worth must be a number of 0 or more, not {found.worth}.")
    return found


def join_table(table: Mapping[str, Any], where: str) -> JoinTable:
    """How labels or feedback join calls, from a table of keys; raises ConfigError."""
    found = decode(table, JoinTable, where)
    if found.event is not None and found.id is not None:
        raise ConfigError(f"{where} has event and id: calls are found by one of them; remove one.")
    seconds(found.within, f"{where} within")
    if found.maturity is not None:
        seconds(found.maturity, f"{where} maturity")
    if found.share is not None and not 0 < found.share < 1:
        raise ConfigError(f"{where} share must be more than 0 and less than 1, not {found.share}.")
    return found


def _limits(table: ComponentTable, where: str) -> Limits:
    if table.work_limit is not None and table.work_limit < 1:
        raise ConfigError(f"{where} work_limit must be 1 or more, not {table.work_limit}.")
    if table.seed < 0:
        raise ConfigError(f"{where} seed must be 0 or more, not {table.seed}.")
    time, memory = table.time_limit, table.memory_limit
    return Limits(
        time=None if time is None else seconds(time, f"{where} time_limit"),
        work=table.work_limit,
        memory=None if memory is None else size(memory, f"{where} memory_limit"),
        memory_unit="B" if memory is None else unit(memory),
        spend=table.spend_limit,
        workers=table.workers,
    )


def _check_values(config: Config) -> None:
    size(config.server.body_limit, "[server] body_limit")
    seconds(config.server.timeout, "[server] timeout")
    seconds(config.events.retention, "[events] retention")
    _check_server(config.server)
    _check_monitor(config.monitor)
    if config.versions.keep < 1:
        raise ConfigError(f"[versions] keep must be 1 or more, not {config.versions.keep}.")


def _check_monitor(table: MonitorTable) -> None:
    if not 0 < table.false_alarms <= 100:
        raise ConfigError(
            f"[monitor] false_alarms must be above 0 and at most 100, not {table.false_alarms:g}."
        )
    if seconds(table.cycle, "[monitor] cycle") < 1:
        raise ConfigError(f"[monitor] cycle must be a second or more, not {table.cycle}.")
    if table.minimum < 30:
        raise ConfigError(f"[monitor] minimum must be 30 calls or more, not {table.minimum}.")
    if table.webhook is not None and not table.webhook.startswith(("https://", "http://")):
        raise ConfigError(f"[monitor] webhook must begin with https://, not {table.webhook!r}.")


def _check_server(table: ServerTable) -> None:
    if not 0 <= table.port <= 65535:
        raise ConfigError(f"[server] port must be 0 to 65535, not {table.port}.")
    if not 1 <= table.depth_limit <= 500:
        raise ConfigError(f"[server] depth_limit must be 1 to 500, not {table.depth_limit}.")
    for name in (table.host, *table.allowed_hosts):
        if _HOST.fullmatch(name) is None:
            raise ConfigError(f"[server] a host is a name or an address alone, not {name!r}.")
    for origin in table.cors:
        if _ORIGIN.fullmatch(origin) is None:
            raise ConfigError(
                f"[server] cors must hold origins such as https://shop.example, not {origin!r}."
            )


def _tables(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"[{key}] must hold tables, such as [{key}.NAME], not {shown(value)}.")
    return value


def _name(name: str, what: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ConfigError(
            f"{name!r} cannot name a {what}: expected a letter, then letters, digits, - or _."
        )
    return name
