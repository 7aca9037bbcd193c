"""The one place that knows which database this is: SQLite, in write-ahead mode.

`read` and `write` are the only doors to it: one transaction each, errors already in words. All
other SQL of the store is SQLAlchemy Core that any database understands. Writers wait for each
other (10 s at most), readers wait for nobody, and a commit returns when it is on the disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from twinkeel.errors import StoreError

_WAIT = 10.0
_REASONS = {
    "readonly": "it cannot be written: use a project folder that can be written",
    "disk is full": "the disk is full: free some space and try again",
    "disk i/o": "the disk refuses to read or write: check its space and health",
    "locked": f"another process has held it for more than {_WAIT:g} s: try again",
    "unable to open": "it cannot be opened: check that it exists and its folder's permissions",
    "malformed": "it is damaged: restore it from a backup",
    "not a database": "it is not a database: restore it from a backup",
}


class Database:
    """A SQLite file, opened for reading or for both."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._engine = _engine(path, read_only=read_only)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look at everything. Raises StoreError."""
        with self._words(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One change, whole or not at all; the only one at its time. Raises StoreError."""
        if self.read_only:
            raise StoreError(f"The store at {self.path} was opened for reading only.")
        with self._words(), self._engine.connect() as plain:
            connection = plain.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def prepare(self) -> None:
        """Turn on the write-ahead log, for good; only while nobody else opens the file."""
        with self._words(), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot use {self.path}: {_reason(error)}.") from error


def insert_new(table: Table) -> Insert:
    """An INSERT that passes over rows whose primary key is there already."""
    return sqlite.insert(table).on_conflict_do_nothing()


def _engine(path: Path, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        return _connect(path, read_only=read_only)

    engine = create_engine("sqlite+pysqlite:///store", creator=connect)
    event.listen(engine, "begin", _begin)
    return engine


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    if read_only and _is_still(path):
        uri += "&immutable=1"
    # SQLAlchemy's pool hands a connection to one thread at a time.
    connection = sqlite3.connect(
        uri, uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _is_still(path: Path) -> bool:
    """Whether nobody can be writing: a folder on a read-only disk, and no log beside the file.

    There SQLite cannot make the files that readers share, and has to be told to do without.
    """
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not log.exists()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _reason(error: SQLAlchemyError) -> str:
    text = str(error.orig if isinstance(error, DatabaseError) else error)
    lowered = text.lower()
    return next((words for sign, words in _REASONS.items() if sign in lowered), text)
