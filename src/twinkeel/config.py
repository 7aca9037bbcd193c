"""`twinkeel.toml` -> `Config`. An unknown key is an error with a suggestion.

Owns the keys that every project, source and component has. What is a kind's own stays in
`ComponentConfig.options` as it was written, until the kind's options record reads it through
`decode`. Refuses names that clash: components and sources share one namespace.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from twinkeel.errors import ConfigError, UsageError
from twinkeel.plugins import suggestion
from twinkeel.records import Limits, Record

FILE = "twinkeel.toml"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s@*]+/?")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class ProjectTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[project]`: what the project is."""

    name: str
    """The project's name."""
    split_key: str = "twinkeel"
    """The key of the hash that holds cases out; change it and no two versions compare."""


class SourceConfig(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sources.NAME]`: named data."""

    path: str
    """A file, or a glob of files, relative to the project; tables of one source have one form."""


class ServerTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`: how the project is served."""

    host: str = "127.0.0.1"
    """Where to listen; anything but loopback needs keys."""
    port: int = 8400
    """The TCP port to listen on."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names that callers may use, beyond loopback's and `host` itself."""
    cors: tuple[str, ...] = ()
    """Origins whose pages may call the server from a browser."""
    body_limit: str = "4 MB"
    """The largest request body."""
    depth_limit: int = 32
    """The deepest nesting of a JSON body, 1 to 500."""
    timeout: str = "30s"
    """How long one request may take, its body included."""


class EventsTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[events]`: what is kept of served calls."""

    retention: str = "90d"
    """How long events are kept; `twinkeel gc` removes older ones."""
    inputs: bool = True
    """Whether inputs are stored at all (sensitive columns need `sensitive` as well)."""
    sensitive: bool = False
    """Whether sensitive columns, and what people write in conversations, are stored too."""


class VersionsTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[versions]`: what is kept of builds."""

    keep: int = 10
    """How many of a component's newest versions `twinkeel gc` keeps, besides released ones."""


class ComponentConfig(Record, frozen=True, kw_only=True):
    """`[components.NAME]`: one thing to build."""

    name: str
    kind: str
    source: str
    gates: dict[str, str] = {}
    limits: Limits = Limits()
    seed: int = 0
    options: dict[str, Any] = {}
    """The keys that belong to the kind, as written."""


class Config(Record, frozen=True, kw_only=True):
    """A whole `twinkeel.toml`."""

    root: Path
    project: ProjectTable
    sources: dict[str, SourceConfig]
    components: dict[str, ComponentConfig]
    server: ServerTable = ServerTable()
    events: EventsTable = EventsTable()
    versions: VersionsTable = VersionsTable()


class ComponentTable(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a component that are not its kind's own."""

    kind: str
    """What to build: the name of a registered kind."""
    source: str
    """The source to build from."""
    gates: dict[str, str] = {}
    """Conditions that a version must pass before it is released."""
    time_limit: str | None = None
    """The longest that a build may take, as `40s` or `2h`."""
    work_limit: int | None = None
    """Units of work instead of time: the same seed then gives the same version."""
    memory_limit: str | None = None
    """A build that is estimated to need more, as `4 GB`, is refused; its use is not capped."""
    spend_limit: float | None = None
    """The most money that a build may cost, for kinds that cost money."""
    seed: int = 0
    """Where all randomness comes from."""


COMPONENT_KEYS = tuple(field.name for field in msgspec.structs.fields(ComponentTable))
_TABLES = ("project", "sources", "components", "server", "events", "versions")
_T = TypeVar("_T")


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
    _known(raw, _TABLES, FILE)
    if "project" not in raw:
        raise ConfigError(f'{FILE} has no [project] table: add [project] with name = "...".')
    sources = {
        _name(name, "source"): decode(table, SourceConfig, f"[sources.{name}]")
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
    )
    _check_values(config)
    return config


def decode(table: object, record: type[_T], where: str, *, also: tuple[str, ...] = ()) -> _T:
    """Read a TOML table as `record`; raises ConfigError naming the key and the nearest one.

    `also` are keys that are read elsewhere, to suggest when a key is misspelt.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table of keys, not {_shown(table)}.")
    names = tuple(item.encode_name for item in msgspec.structs.fields(record))  # type: ignore[arg-type]  # a Struct
    _known(table, names, where, also=also)
    try:
        return msgspec.convert(table, record, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where} {_explained(str(error))}.") from None


def seconds(text: str, where: str) -> float:
    """`40s`, `2 min`, `1.5h` or `90d` in seconds; raises ConfigError."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*(s|m|min|h|d)\s*", text)
    value = _product(match[1], _UNITS[match[2]]) if match else 0.0
    if not 0 < value < math.inf:
        raise ConfigError(f"{where} must be a time such as 40s, 5m, 2h or 90d, not {text!r}.")
    return value


def size(text: str, where: str) -> int:
    """`4 GB` or `512 MiB` in bytes; raises ConfigError."""
    match = re.fullmatch(rf"\s*([0-9.]+)\s*({'|'.join(_BYTES)})\s*", text)
    value = _product(match[1], _BYTES[match[2]]) if match else 0.0
    if not 1 <= value < math.inf:
        raise ConfigError(f"{where} must be a size such as 512 MB or 4 GB, not {text!r}.")
    return int(value)


def _component(name: str, table: object, sources: tuple[str, ...]) -> ComponentConfig:
    where = f"[components.{name}]"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table of keys, not {_shown(table)}.")
    for key in ("kind", "source"):
        if key not in table:
            raise ConfigError(f'{where} has no {key}: add {key} = "...".')
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
        options={k: v for k, v in table.items() if k not in COMPONENT_KEYS},
    )


def _limits(table: ComponentTable, where: str) -> Limits:
    if table.work_limit is not None and table.work_limit < 1:
        raise ConfigError(f"{where} work_limit must be 1 or more, not {table.work_limit}.")
    time, memory = table.time_limit, table.memory_limit
    return Limits(
        time=None if time is None else seconds(time, f"{where} time_limit"),
        work=table.work_limit,
        memory=None if memory is None else size(memory, f"{where} memory_limit"),
        spend=table.spend_limit,
    )


def _check_values(config: Config) -> None:
    size(config.server.body_limit, "[server] body_limit")
    seconds(config.server.timeout, "[server] timeout")
    seconds(config.events.retention, "[events] retention")
    _check_server(config.server)
    if config.versions.keep < 1:
        raise ConfigError(f"[versions] keep must be 1 or more, not {config.versions.keep}.")


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
        raise ConfigError(f"[{key}] must hold tables, such as [{key}.NAME], not {_shown(value)}.")
    return value


def _name(name: str, what: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ConfigError(
            f"{name!r} cannot name a {what}: expected a letter, then letters, digits, - or _."
        )
    return name


def _known(
    table: Mapping[str, Any], names: tuple[str, ...], where: str, *, also: tuple[str, ...] = ()
) -> None:
    for key in table:
        if key not in names:
            raise ConfigError(f"{where} has no key {key!r}{suggestion(key, names + also)}")


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""What msgspec calls the types of TOML."""


def _explained(error: str) -> str:
    error = re.sub(r"`(\w+)( \| null)?`", lambda m: _WORDS.get(m[1], m[0]), error)
    match = re.fullmatch(r"(.*?) - at `\$\.?([^`]*)`", error)
    return f"{match[2]}: {match[1][0].lower()}{match[1][1:]}" if match else error


def _product(text: str, unit: float) -> float:
    """0 for what is no number, such as `1.2.3`."""
    try:
        return float(text) * unit
    except ValueError:
        return 0.0


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
