"""`twinkeel.toml` -> `Config`. An unknown key is an error with a suggestion.

Owns the keys that every project, source and component has. What is a kind's own stays in
`ComponentConfig.options` as it was written, until the kind's options record reads it through
`decode`. Refuses names that clash: components and sources share one namespace.
"""

from twinkeel.config.decode import decode
from twinkeel.config.reading import COMPONENT_KEYS, FILE, find_root, join_table, load, parse
from twinkeel.config.sources import given
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
from twinkeel.config.urls import from_environment
from twinkeel.config.values import seconds, shown, size, unit
from twinkeel.records.expectations import (
    ColumnExpectation,
    Expectations,
    FreshExpectation,
    RowsExpectation,
)

__all__ = [
    "COMPONENT_KEYS",
    "FILE",
    "ColumnExpectation",
    "ComponentConfig",
    "ComponentTable",
    "Config",
    "EventsTable",
    "Expectations",
    "FreshExpectation",
    "JoinTable",
    "MonitorTable",
    "ProjectTable",
    "RebuildTable",
    "RowsExpectation",
    "ServerTable",
    "SourceConfig",
    "StoreTable",
    "VersionsTable",
    "decode",
    "find_root",
    "from_environment",
    "given",
    "join_table",
    "load",
    "parse",
    "seconds",
    "shown",
    "size",
    "unit",
]
