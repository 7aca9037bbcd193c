"""The catalog in a PostgreSQL database: the store of a team, or of many servers.

Owns all that is PostgreSQL's own: connections that survive a restart of the server, one writer at
a time by an advisory lock, what its errors mean. A password never reaches a message. One database
(or one schema, by `?options=-csearch_path%3DNAME`) holds one project.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from twinkeel.config import urls
from twinkeel.errors import ConfigError, MissingExtra
from twinkeel.store.database import WAIT, Database

SCHEMES = ("postgresql", "postgres")
"""How the URL of a PostgreSQL database may begin."""
_WRITER, _GUARD, _CLAIM = 0x74776B01, 0x74776B02, 0x74776B03
"""The advisory locks, "twk" and a number: of the one writer, of `guard`, of `claim`."""

_HELD = f"""
SELECT EXISTS (
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
    AND classid = {_CLAIM} AND objid::bigint = hashtext(current_schema())::bigint & 4294967295
)"""  # noqa: S608  a number of our own
"""Whether a process holds the lock of `claim`: its two numbers are unsigned there."""

_AGAIN = f"another process has held it for more than {WAIT:g} s: try again"
_STATES = {
    "55P03": _AGAIN,
    "40001": _AGAIN,
    "40P01": _AGAIN,
    "53100": "the disk of its server is full: free some space and try again",
    "53300": "it has no free connection: raise its max_connections or use a pooler",
    "25006": "it cannot be written: name the primary server, not a copy of it",
    "42501": "its user may not do this: grant CREATE on the schema and its tables",
    "57P01": "its server is shutting down: try again",
    "57P03": "its server is starting or shutting down: try again",
}
_SIGNS = {
    "password authentication failed": "the user or the password is wrong: check the URL",
    "no password supplied": "it asks for a password: put one into the URL or PGPASSWORD",
    "does not exist": "its server knows no such database or user: create it, or check the URL",
    "too many clients": _STATES["53300"],
    "starting up": _STATES["57P03"],
    "shutting down": _STATES["57P03"],
    "timeout": "it does not answer: check that the server runs and can be reached from here",
}
_GONE = "it cannot be reached: check that the server runs and that the URL is right"


class Postgres(Database):
    """A PostgreSQL database, opened for reading or for both."""

    def __init__(self, url: str, *, read_only: bool, why: str | None = None) -> None:
        parsed = _parsed(url)
        super().__init__(
            f"the PostgreSQL database {parsed.database or ''} at {_server(parsed)}",
            _engine(parsed, read_only=read_only),
            read_only=read_only,
            why=why,
        )

    @contextmanager
    def guard(self, *, exclusive: bool) -> Iterator[None]:
        """Hold an advisory lock, which ends with its connection whatever happens."""
        with self._words(), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(_lock(_GUARD, shared=not exclusive))
            yield

    @contextmanager
    def claim(self, *, exclusive: bool) -> Iterator[bool]:
        """Hold an advisory lock; a restart of the database ends it."""
        with self._words():
            connection = self._engine.connect()
        try:
            with self._words():
                # In this isolation, an open transaction keeps no old rows alive.
                waiting = connection.execution_options(isolation_level="READ COMMITTED")
                lock = _lock(_CLAIM, shared=not exclusive, wait=False)
                held = bool(waiting.exec_driver_sql(lock).scalar_one())
            yield held
        finally:
            with suppress(SQLAlchemyError):  # the server may be gone, and the lock with it
                connection.close()

    def claimed(self) -> bool:
        """Look for the advisory lock of `claim` among those that are held."""
        with self.read() as connection:
            return bool(connection.exec_driver_sql(_HELD).scalar_one())

    def compact(self) -> None:
        """Nothing: the server's autovacuum does this."""

    def prepare(self) -> None:
        """Nothing."""

    def insert_new(self, table: Table) -> Insert:
        """PostgreSQL's INSERT ... ON CONFLICT DO NOTHING."""
        return postgresql.insert(table).on_conflict_do_nothing()

    def definition(self, statement: str) -> str:
        """Text sorts and compares by its bytes, as in every other database of a store."""
        return statement.replace(" TEXT", ' TEXT COLLATE "C"')

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[Connection]:
        # Each statement after the lock must see what the writer before committed.
        writing = connection.execution_options(isolation_level="READ COMMITTED")
        with writing.begin():
            writing.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT:g}s'")
            writing.exec_driver_sql(_lock(_WRITER))
            yield writing

    def _reason(self, error: Exception) -> str:
        origin: Any = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(origin, "sqlstate", None)
        if state in _STATES:
            return _STATES[state]
        text = str(origin).strip()
        known = next((words for sign, words in _SIGNS.items() if sign in text), None)
        if state is None:
            return known or _GONE
        return f"{text.splitlines()[0].rstrip('.')} (SQLSTATE {state})"


def _server(url: URL) -> str:
    port = "" if url.port is None else f":{url.port}"
    return f"{url.host}{port}" if url.host else "its socket"


def _lock(number: int, *, shared: bool = False, wait: bool = True) -> str:
    # 64 bits: the number, and the schema, since one database may hold several projects
    name = f"pg_{'' if wait else 'try_'}advisory_xact_lock{'_shared' if shared else ''}"
    return f"SELECT {name}({number}, hashtext(current_schema()))"


def _parsed(url: str) -> URL:
    """The URL with our driver. Raises ConfigError, which never shows the URL: it holds secrets."""
    scheme, _, rest = url.partition("://")
    try:
        if scheme not in SCHEMES:
            raise ArgumentError(scheme)
        parsed = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        raise ConfigError(
            "[store] url is not the URL of a PostgreSQL database: "
            "expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None
    return parsed.update_query_dict({**urls.POSTGRES, **parsed.query})


def _engine(url: URL, *, read_only: bool) -> Engine:
    try:
        engine = create_engine(
            url,
            isolation_level="REPEATABLE READ",  # a reader's one consistent look
            pool_pre_ping=True,
            pool_timeout=WAIT,
            hide_parameters=True,
        )
    except ModuleNotFoundError:
        raise MissingExtra("psycopg", "postgres", "A store in PostgreSQL") from None
    if read_only:
        event.listen(engine, "begin", _read_only)
    return engine


def _read_only(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
