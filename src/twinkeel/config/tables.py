"""The tables of `twinkeel.toml`, as records: every key that is not a kind's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from twinkeel.records import Expectations, Limits, Record, Workers


class ProjectTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[project]`: what the project is."""

    name: str
    """The project's name."""
    split_key: str = "twinkeel"
    """The key of the hash that holds cases out; change it and no two versions compare."""


class SourceConfig(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sources.NAME]`: named data: files, a query, a database, or a frame given from Python."""

    path: str | None = None
    """A file, a folder, a glob, or a URL of files such as `s3://bucket/data/*.csv`."""
    query: str | None = None
    """One SELECT: over the project's other sources, or where there is a `url`, in that database."""
    url: str | None = None
    """A database: `sqlite:///file.db`, `postgresql://...`, `mongodb://...`, or `$VARIABLE`."""
    table: str | None = None
    """The table of the database to read."""
    collection: str | None = None
    """The collection of a MongoDB database to read."""
    time: str | None = None
    """The column that says when a row came to be known: a query may not look beyond it."""
    allow: tuple[str, ...] = ()
    """Folders whose files a query may read by itself, besides the project's sources."""
    delimiter: str | None = None
    """What separates cells of CSV, where it is not found out rightly."""
    encoding: str | None = None
    """The encoding of CSV, as `cp1252`, where it is not found out rightly."""
    decimal: Literal[".", ","] | None = None
    """The decimal mark of numbers in CSV, where it is not found out rightly."""
    sheet: str | None = None
    """The sheet of an Excel workbook; the first by default."""
    sample_rows: int = 1_000_000
    """The most rows to learn from and judge on: of more, a fixed sample is taken."""
    time_limit: str = "10m"
    """How long a query may run."""
    memory_limit: str = "2 GB"
    """The memory that a query over sources may use before it goes to disk."""
    expect: Expectations | None = None
    """What is expected of its rows: see `[sources.NAME.expect]`."""


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


class MonitorTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[monitor]`: when a person is called."""

    false_alarms: float = 1.0
    """How many false alarms a month each component may raise on average, over all signals."""
    cycle: str = "1d"
    """Calls are judged in windows of whole cycles, so that the time of day cancels out."""
    minimum: int = 100
    """A window with fewer calls cannot be judged."""
    webhook: str | None = None
    """A URL that gets every alert, signed with the secret in TWINKEEL_WEBHOOK_SECRET."""
    internal: bool = False
    """Whether the webhook may be on this machine or in a private network."""


class JoinTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[components.NAME.labels]` and `[components.NAME.feedback]`: what joins calls later."""

    source: str | None = None
    """The source that `twinkeel label` (or `feedback`) reads where no file is given."""
    value: str | None = None
    """The column that holds the label, or the feedback."""
    event: str | None = None
    """The column that holds the call's event id."""
    id: str | None = None
    """Instead of `event`: the column that names the case. The server then keeps the value of this
    column with every call."""
    time: str | None = None
    """With `id`: the column that says when; a date alone counts as the end of its day."""
    within: str = "30d"
    """With `id`: how long before that time the call may have been; the latest one is meant."""
    by: str | None = None
    """The column that says who said so."""
    maturity: str | None = None
    """How long after a call its label may still come, as `30d`; scores wait for that long."""
    share: float | None = None
    """The largest share of the labels that one sender may have; a larger one is set apart."""


class RebuildTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[components.NAME.rebuild]`: when another version is worth it."""

    score: str | None = None
    """The score that must gain, as `log_loss` or `cost`; by default any that has a gate."""
    worth: float = 0.002
    """The least gain that is worth a release, in the units of the score: money for `cost`."""
    calls: bool = False
    """Whether labelled calls of production are rows as well, to learn from and to be judged on."""
    trusted: bool = True
    """Whether what calls have taught is judged by trusted cases too, which no label can change;
    false where the world itself has changed."""


class StoreTable(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[store]`: where versions, releases, keys and events are kept; by default `.twinkeel/`.

    `$NAME` stands for the environment variable `NAME`, which `.env` may set.
    """

    url: str | None = None
    """A PostgreSQL database, `postgresql://...`; `$DATABASE_URL` keeps its password out of here."""
    bundles: str | None = None
    """The folder of bundles and evidence on an object store, as `s3://BUCKET/NAME`; with copies
    here."""


class ComponentConfig(Record, frozen=True, kw_only=True):
    """`[components.NAME]`: one thing to build."""

    name: str
    kind: str
    source: str
    gates: dict[str, str] = {}
    limits: Limits = Limits()
    seed: int = 0
    contract: str | None = None
    labels: JoinTable = JoinTable()
    feedback: JoinTable = JoinTable()
    rebuild: RebuildTable = RebuildTable()
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
    store: StoreTable = StoreTable()
    monitor: MonitorTable = MonitorTable()
    given: dict[str, Any] = {}
    """Data frames given from Python, which stand in for what `[sources.NAME]` names."""


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
    """The most memory for learning from a table, as `4 GB`: a candidate that goes beyond its part
    is ended and left out."""
    workers: Workers = "threads"
    """Where candidates are fitted: on `threads`, in `processes`, or on a cluster by `ray`."""
    spend_limit: float | None = None
    """The most money that a build may cost, for kinds that cost money."""
    seed: int = 0
    """Where all randomness comes from."""
    contract: str | None = None
    """A file in the project, written by `twinkeel contract NAME --write`: a build whose contract
    would refuse calls that this one reads fails."""
    labels: dict[str, Any] = {}
    """A table of its own: how labels join calls, `[components.NAME.labels]`."""
    feedback: dict[str, Any] = {}
    """A table of its own: how feedback joins calls, `[components.NAME.feedback]`."""
    rebuild: dict[str, Any] = {}
    """A table of its own: when another version is worth it, `[components.NAME.rebuild]`."""
