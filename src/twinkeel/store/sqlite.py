"""The catalog as a SQLite file, in write-ahead mode: the store of one machine.

Owns all that is SQLite's own: how a file is opened where nobody can write it, what its errors
mean, the lock beside it. Writers wait for each other (10 s at most), readers wait for nobody, and
a commit returns when it is on the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from twinkeel.store import files
from twinkeel.store.database import WAIT, Database

_REASONS = {
    "readonly": "it cannot be written: use a project folder that can be written",
    "disk is full": "the disk is full: free some space and try again",
    "shmsize": "the disk is full: free some space and try again",
    "disk i/o": "the disk refuses to read or write: check its space and health",
    "locked": f"another process has held it for more than {WAIT:g} s: try again",
    "unable to open": "it cannot be opened: check that it exists and its folder's permissions",
    "malformed": "it is damaged: restore it from a backup",
    "not a database": "it is not a database: restore it from a backup",
}
_WORTH_VACUUM = 0.25
"""Share of the file that is free when it is worth writing anew."""
_UNSHARED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
"""SQLite cannot make the file beside the database that its readers share."""


class SQLite(Database):
    """A SQLite file, opened for reading or for both."""

    _errors = (SQLAlchemyError, sqlite3.Error)

    def __init__(self, path: Path, *, read_only: bool, why: str | None = None) -> None:
        super().__init__(
            str(path), _engine(path, read_only=read_only), read_only=read_only, why=why
        )
        self._lock = path.with_name("lock")
        self._claim = path.with_name("serving")

    @contextmanager
    def guard(self, *, exclusive: bool) -> Iterator[None]:
        """Hold a lock on a file beside the database."""
        with files.explained(self._lock), files.locked(self._lock, exclusive=exclusive):
            yield

    @contextmanager
    def claim(self, *, exclusive: bool) -> Iterator[bool]:
        """Hold a lock on another file beside the database."""
        path = self._claim
        with files.explained(path), files.claimed(path, exclusive=exclusive) as held:
            yield held

    def claimed(self) -> bool:
        """Ask for the lock of `claim` without standing in anybody's way."""
        with files.explained(self._claim):
            return files.is_claimed(self._claim)

    def compact(self) -> None:
        """Give the space of what was removed back, and leave no copy of it in the log."""
        with self._words(), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            (free,) = driver.execute("PRAGMA freelist_count").fetchone()
            (pages,) = driver.execute("PRAGMA page_count").fetchone()
            if free > _WORTH_VACUUM * pages:
                driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def opening(self) -> AbstractContextManager[None]:
        """Nobody else may have the file open while the write-ahead log is turned on."""
        return self.guard(exclusive=True)

    def prepare(self) -> None:
        """Turn on the write-ahead log, for good."""
        with self._words(), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")

    def insert_new(self, table: Table) -> Insert:
        """SQLite's INSERT ... ON CONFLICT DO NOTHING."""
        return sqlite.insert(table).on_conflict_do_nothing()

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[Connection]:
        writing = connection.execution_options(begin="BEGIN IMMEDIATE")
        with writing.begin():
            yield writing

    def _reason(self, error: Exception) -> str:
        origin = error.orig if isinstance(error, DatabaseError) else error
        text = str(origin)
        lowered = f"{getattr(origin, 'sqlite_errorname', '')} {text}".lower()
        return next((words for sign, words in _REASONS.items() if sign in lowered), text)


def _engine(path: Path, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        return _connect(path, read_only=read_only)

    # Without a pool, every look at an immutable file is a fresh one.
    pool = NullPool if read_only else None
    engine = create_engine("sqlite+pysqlite:///store", creator=connect, poolclass=pool)
    event.listen(engine, "begin", _begin)
    return engine


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection; to a file that nobody can be writing, one that does without shared files."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = _opened(uri)
    if not read_only:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
    elif not _shares(connection) and not _has_log(path):
        connection.close()
        connection = _opened(f"{uri}&immutable=1")
    return connection


def _opened(uri: str) -> sqlite3.Connection:
    # SQLAlchemy's pool hands a connection to one thread at a time.
    return sqlite3.connect(
        uri, uri=True, timeout=WAIT, isolation_level=None, check_same_thread=False
    )


def _shares(connection: sqlite3.Connection) -> bool:
    """Whether SQLite can make its shared files: not on a disk that is read-only or full."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in _UNSHARED:
            return False
        raise
    return True


def _has_log(path: Path) -> bool:
    """Whether changes wait beside the file; where a process has it open, there is a log too."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
