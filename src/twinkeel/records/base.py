"""What every record is made of: plain JSON-ready values, the clock, limits and progress.

A change returns a new record (`msgspec.structs.replace`). Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

Json: TypeAlias = Any
"""A JSON value; `Any` because this is the wire border."""

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""A table by column: name to values, every column of the same length."""

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""A table by row; a key that is absent differs from one that is None."""

FieldType: TypeAlias = Literal["number", "integer", "boolean", "category", "text", "date"]


Workers: TypeAlias = Literal["threads", "processes", "ray"]
"""Threads of this process, processes on this machine, or a Ray cluster."""


def now() -> str:
    """The present moment, ISO 8601 in UTC with microseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every record: immutable, keyword-only, JSON-ready."""


class Limits(Record, frozen=True, kw_only=True):
    """What a build may use; None is no limit."""

    time: float | None = None
    """Seconds."""
    work: int | None = None
    """Units of a fixed list of work, so that the same seed gives the same version."""
    memory: int | None = None
    """Bytes for all that learns from a table: what would take more is refused, or ended."""
    memory_unit: str = "B"
    """The unit that it was written in, and is told in."""
    spend: float | None = None
    """Money, in the currency of the providers' bills."""
    workers: Workers = "threads"
    """Where what can be done side by side is done."""


class Tick(Record, frozen=True, kw_only=True):
    """One step of progress."""

    stage: str
    """What is being done, a few words: `training`, `evaluating`."""
    fraction: float | None = None
    """How much of the stage is done, 0 to 1, where it can be known."""
    detail: str = ""


Progress: TypeAlias = Callable[[Tick], None]


def silent(_: Tick) -> None:
    """A progress that shows nothing."""
