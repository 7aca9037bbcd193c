"""Opening the catalog: with the newest schema for writing, as it is for reading.

Refuses a schema that is newer than this code, and one that is older where it cannot be migrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import StoreError
from twinkeel.store import migrations
from twinkeel.store.database import Database


def existing(path: Path, why: str | None) -> Database:
    """The catalog that is there, for reading; `why` is what refuses changes."""
    if not path.is_file():
        raise StoreError(f"There is no store at {path.parent}: build something first.")
    with _opened(path, read_only=True, why=why) as database:
        if migrations.check(database) < migrations.NEWEST:
            raise StoreError(
                f"The store at {path.parent} has an older schema: open it once for writing."
            )
    return database


def migrated(path: Path) -> Database:
    """The catalog with the newest schema, made if it is not there."""
    with _opened(path, read_only=False) as database:
        if migrations.check(database) < migrations.NEWEST:
            database.prepare()
            migrations.migrate(database)
    return database


@contextmanager
def _opened(path: Path, *, read_only: bool, why: str | None = None) -> Iterator[Database]:
    """A database that is closed again where it turns out that it cannot be used."""
    database = Database(path, read_only=read_only, why=why)
    try:
        yield database
    except BaseException:
        database.close()
        raise
