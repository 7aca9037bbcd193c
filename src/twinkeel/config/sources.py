"""What the keys of `[sources.NAME]` may say together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from twinkeel.config.tables import Config, SourceConfig
from twinkeel.config.values import seconds, size
from twinkeel.errors import ConfigError, UnknownName
from twinkeel.plugins import suggestion

_OF_FILES = ("delimiter", "encoding", "decimal", "sheet")
_OF_DATABASES = ("table", "collection")


def check_source(source: SourceConfig, where: str) -> None:
    """Raise ConfigError where keys of a source contradict one another."""
    if source.path is not None and (source.query is not None or source.url is not None):
        other = "query" if source.query is not None else "url"
        raise ConfigError(f"{where} has path and {other}: keep the one that the data comes from.")
    _only(source, _OF_FILES, where, fits=source.path is not None, needs="path")
    _only(source, _OF_DATABASES, where, fits=source.url is not None, needs="url")
    if source.url is not None:
        named = [k for k in ("table", "collection", "query") if getattr(source, k) is not None]
        if len(named) != 1:
            raise ConfigError(f"{where} url needs one of table, query and collection with it.")
    if source.allow and (source.query is None or source.url is not None):
        raise ConfigError(f"{where} allow is for a query over sources; remove it.")
    if source.sample_rows < 1:
        raise ConfigError(f"{where} sample_rows must be 1 or more, not {source.sample_rows}.")
    if source.delimiter is not None and len(source.delimiter) != 1:
        raise ConfigError(
            f"{where} delimiter must be one character, such as ; or a tab, not "
            f"{source.delimiter!r}."
        )
    seconds(source.time_limit, f"{where} time_limit")
    size(source.memory_limit, f"{where} memory_limit")


def given(config: Config, frames: Mapping[str, Any]) -> Config:
    """The configuration with data frames in place of sources; raises UnknownName."""
    for name in frames:
        if name not in config.sources:
            near = suggestion(name, tuple(config.sources))
            raise UnknownName(f"There is no source {name!r} for the data{near}")
    return replace(config, given=dict(frames))


def _only(
    source: SourceConfig, keys: tuple[str, ...], where: str, *, fits: bool, needs: str
) -> None:
    stray = next((key for key in keys if getattr(source, key) is not None), None)
    if stray is not None and not fits:
        raise ConfigError(f"{where} has {stray} and no {needs}: add the {needs}, or remove it.")
