"""Tables, queries and collections of databases -> rows on this machine, as JSON lines.

Owns reading SQLite, PostgreSQL and MongoDB without changing them: read-only connections, one
statement, a time limit. Rows come out in the order of all their columns (documents by `_id`), so
that the same data gives the same digest. A URL may be an environment variable, `$NAME`; its
password is never shown.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from twinkeel.config import SourceConfig, from_environment, urls
from twinkeel.data.lines import flat
from twinkeel.data.queries import quoted
from twinkeel.errors import ConfigError, MissingExtra, SourceError, TwinkeelError

_ROWS = 10_000
_REACH = 10.0
"""Seconds in which a server must answer at all."""
_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock."""
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 33})
"""What a statement may do; 33 is SQLITE_RECURSIVE."""
_MOST_BYTES = 16 << 20
"""The longest value that SQLite may make."""


@dataclass(frozen=True)
class _Asked:
    """What is to be read."""

    source: SourceConfig
    url: str
    root: Path
    where: str
    seconds: float


def place(source: SourceConfig) -> str:
    """Where a database's data is, in words without secrets."""
    url = source.url or ""
    what = source.table or source.collection or "a query"
    return f"{what} in {urls.shown(url)}"


def write(source: SourceConfig, root: Path, path: Path, *, where: str, limit: float) -> None:
    """Write the rows that `source` names to `path`; `limit` is in seconds.

    Raises SourceError, ConfigError, MissingExtra; none of them shows a password.
    """
    url = from_environment(source.url or "", f"{where} url")
    asked = _Asked(source, url, root, where, limit)
    reader = _reader(asked)
    encode = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number").encode
    try:
        with path.open("wb") as out:
            for row in reader(asked):
                out.write(encode(_checked(row, where)) + b"\n")
            if out.tell() == 0:
                raise SourceError(f"{where}: {place(source)} has no rows: expected at least one.")
    except TwinkeelError:
        raise
    except Exception as error:  # noqa: BLE001  # each driver has errors of its own
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise SourceError(
            f"{where}: {place(source)} cannot be read ({urls.without_secrets(reason, asked.url)})."
        ) from None


def _reader(asked: _Asked) -> Callable[[_Asked], Iterator[Mapping[str, Any]]]:
    scheme = urlsplit(asked.url).scheme.partition("+")[0]
    found = {"sqlite": _sqlite, "postgresql": _postgres, "postgres": _postgres, "mongodb": _mongo}
    if scheme not in found:
        raise ConfigError(
            f"{asked.where} url: a source cannot be read from {scheme or 'this'}; there is "
            f"{', '.join(found)}, and other databases can write Parquet or CSV files."
        )
    documents = found[scheme] is _mongo
    if documents != (asked.source.collection is not None):
        needed = "a collection" if documents else "a table or a query"
        raise ConfigError(f"{asked.where}: a {scheme} url needs {needed}.")
    return found[scheme]


def _sqlite(asked: _Asked) -> Iterator[Mapping[str, Any]]:
    file = asked.root / unquote(asked.url.partition("///")[2])
    if not file.is_file():
        raise SourceError(f"{asked.where} url: there is no file {file.name}; correct the path.")
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
        )
        end = time.monotonic() + asked.seconds
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        select = _select(asked.source, quoted)
        names = _names(connection.execute(f"{select} LIMIT 0").description, asked)
        cursor = connection.execute(f"{select} ORDER BY {_all(names)}")
        while rows := cursor.fetchmany(_ROWS):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def _postgres(asked: _Asked) -> Iterator[Mapping[str, Any]]:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise MissingExtra("psycopg", "postgres", "Reading PostgreSQL") from None

    url = re.sub(r"^[a-z]+(\+[a-z0-9]+)?:", "postgresql:", asked.url)
    told: dict[str, Any] = {**urls.POSTGRES, **conninfo_to_dict(url)}
    with psycopg.connect(**told) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(
            "SELECT set_config('statement_timeout', %s, true)", [f"{asked.seconds * 1000:.0f}"]
        )
        select = _select(asked.source, _dotted)
        # prepared statements hold one statement each: what follows a semicolon is refused
        probe = connection.execute(f"{select} LIMIT 0".encode(), prepare=True)
        names = _names(probe.description, asked)
        order = ", ".join(_orderable(connection, select, name) for name in names)
        with connection.cursor("twinkeel") as cursor:
            cursor.itersize = _ROWS
            cursor.execute(f"{select} ORDER BY {order}".encode())
            for row in cursor:
                yield dict(zip(names, row, strict=True))


def _orderable(connection: Any, select: str, name: str) -> str:
    """What PostgreSQL can order a column by: its values, or their texts as with json and points."""
    from psycopg.errors import UndefinedFunction

    column = quoted(name)
    try:
        with connection.transaction():
            connection.execute(f"{select} ORDER BY {column} LIMIT 0".encode())
    except UndefinedFunction:
        return f"{column}::text"
    return column


def _mongo(asked: _Asked) -> Iterator[Mapping[str, Any]]:
    try:
        import pymongo
    except ImportError:
        raise MissingExtra("pymongo", "mongodb", "Reading MongoDB") from None

    milliseconds = int(asked.seconds * 1000)
    client: Any = pymongo.MongoClient(asked.url)
    with closing(client), pymongo.timeout(asked.seconds):
        with pymongo.timeout(_REACH):  # of two times the shorter holds
            client.admin.command("ping")
        found = client.get_default_database()[asked.source.collection or ""].find(
            {}, sort=[("_id", 1)], max_time_ms=milliseconds
        )
        yield from found


def _select(source: SourceConfig, name: Callable[[str], str]) -> str:
    inner = name(source.table) if source.table is not None else f"({source.query}\n)"
    return f"SELECT * FROM {inner} AS rows_read"  # noqa: S608  # read-only, one statement


def _names(description: Any, asked: _Asked) -> tuple[str, ...]:
    names = tuple(str(column[0]) for column in description)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SourceError(
            f"{asked.where} query gives two columns named {twice!r}: rename one of them with AS."
        )
    return names


def _all(names: Sequence[str]) -> str:
    return ", ".join(str(place) for place in range(1, len(names) + 1))


def _dotted(name: str) -> str:
    """A name that may have its schema in front."""
    return ".".join(map(quoted, name.split(".")))


def _checked(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    cells = flat(row, where)
    for name, cell in cells.items():
        if isinstance(cell, bytes | bytearray | memoryview):
            raise SourceError(
                f"{where}: {name} holds bytes, and numbers, texts, booleans or dates were "
                "expected; leave the column out with a query."
            )
    return cells


def _plain(value: object) -> Any:
    """What drivers give beyond plain values, such as ObjectId and Decimal128, as JSON holds it."""
    to_decimal = getattr(value, "to_decimal", None)
    return str(value) if to_decimal is None else to_decimal()
