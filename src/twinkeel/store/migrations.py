"""Numbered steps from one schema to the next, applied in one transaction, one process at a time.

The SQL is written out, never derived from `schema`, so that a step does tomorrow what it did
today. It keeps to what every database understands. A schema that is newer than this code is
refused and left as it is.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, inspect, select

from twinkeel.errors import StoreError
from twinkeel.records import Record, now
from twinkeel.store import points
from twinkeel.store.database import Database
from twinkeel.store.schema import schema_version


class Migration(Record, frozen=True):
    """One step."""

    number: int
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        number=1,
        statements=(
            "CREATE TABLE schema_version (number INTEGER NOT NULL, applied TEXT NOT NULL, "
            "PRIMARY KEY (number))",
            "CREATE TABLE versions (component TEXT NOT NULL, number INTEGER NOT NULL, "
            "bundle TEXT NOT NULL, removed TEXT, record TEXT NOT NULL, "
            "PRIMARY KEY (component, number))",
            "CREATE TABLE evaluations (component TEXT NOT NULL, number INTEGER NOT NULL, "
            "sequence INTEGER NOT NULL, record TEXT NOT NULL, "
            "PRIMARY KEY (component, number, sequence), "
            "FOREIGN KEY (component, number) REFERENCES versions (component, number))",
            "CREATE TABLE releases (sequence INTEGER NOT NULL, component TEXT NOT NULL, "
            "follows INTEGER NOT NULL, number INTEGER NOT NULL, record TEXT NOT NULL, "
            "PRIMARY KEY (sequence), UNIQUE (component, follows), "
            "FOREIGN KEY (component, number) REFERENCES versions (component, number))",
            "CREATE TABLE keys (name TEXT NOT NULL, hash TEXT NOT NULL, record TEXT NOT NULL, "
            "PRIMARY KEY (name), UNIQUE (hash))",
            "CREATE TABLE events (id TEXT NOT NULL, sequence BIGINT NOT NULL, "
            "component TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, about TEXT, "
            "record TEXT NOT NULL, PRIMARY KEY (id))",
            "CREATE INDEX events_by_component ON events (component, kind, sequence)",
            "CREATE INDEX events_by_sequence ON events (sequence)",
            "CREATE INDEX events_by_about ON events (about)",
            "CREATE INDEX events_by_time ON events (at)",
        ),
    ),
    Migration(
        number=2,
        statements=(
            "CREATE TABLE chain (position BIGINT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, "
            "digest TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (position))",
            "CREATE INDEX chain_by_event ON chain (event)",
        ),
    ),
    Migration(
        number=3,
        statements=(
            "CREATE TABLE looks (component TEXT NOT NULL, sequence INTEGER NOT NULL, "
            "at TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (component, sequence))",
            "CREATE TABLE alerts (id TEXT NOT NULL, component TEXT NOT NULL, "
            "cause TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT NOT NULL, "
            "record TEXT NOT NULL, PRIMARY KEY (id), UNIQUE (component, cause, resolved))",
        ),
    ),
    Migration(
        number=4,
        statements=(
            "CREATE TABLE trials (id TEXT NOT NULL, component TEXT NOT NULL, state TEXT NOT NULL, "
            "revision BIGINT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (id))",
            "CREATE INDEX trials_by_component ON trials (component, state)",
        ),
    ),
)
"""All steps, oldest first."""

NEWEST = MIGRATIONS[-1].number


def check(database: Database) -> int:
    """The schema's number, 0 for an empty database. Raises StoreError if it is too new."""
    with database.read() as connection:
        return _check(connection, database)


def migrate(database: Database) -> int:
    """Apply the steps that are missing; returns how many. All or none of them take effect.

    Raises StoreError if the schema is newer than this code; nothing is changed then.
    """
    with database.write() as connection:
        number = _check(connection, database)
        missing = [migration for migration in MIGRATIONS if migration.number > number]
        for migration in missing:
            _apply(connection, migration, database)
            points.reached("migrate.applied")
    points.reached("migrate.committed")
    return len(missing)


def _apply(connection: Connection, migration: Migration, database: Database) -> None:
    for statement in migration.statements:
        connection.exec_driver_sql(database.definition(statement))
    connection.execute(insert(schema_version).values(number=migration.number, applied=now()))


def _check(connection: Connection, database: Database) -> int:
    if not inspect(connection).has_table(schema_version.name):
        return 0
    number = connection.scalar(select(func.max(schema_version.c.number))) or 0
    if number > NEWEST:
        raise StoreError(
            f"The store at {database.name} has schema {number} and this Twinkeel knows up to "
            f"{NEWEST}: use the newer Twinkeel that wrote it; nothing was changed."
        )
    return number
