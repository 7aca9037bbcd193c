"""Opening the catalog, wherever it is: with the newest schema for writing, as it is for reading.

Without a URL it is the file `catalog.db` in the store's folder. Refuses a schema that is newer
than this code, and one that is older where it cannot be migrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import Refused, StoreError
from twinkeel.store import migrations
from twinkeel.store.database import Database
from twinkeel.store.sqlite import SQLite

CATALOG = "catalog.db"


def existing(folder: Path, url: str | None, why: str | None) -> Database:
    """The catalog that is there, for reading; `why` is what refuses changes."""
    if url is None and not (folder / CATALOG).is_file():
        raise StoreError(f"There is no store at {folder}: build something first.")
    with _opened(_database(folder, url, read_only=True, why=why)) as database:
        if migrations.check(database) < migrations.NEWEST:
            raise StoreError(f"{database.name} has an older schema: open it once for writing.")
    return database


def migrated(folder: Path, url: str | None) -> Database:
    """The catalog with the newest schema, made if it is not there."""
    with _opened(_database(folder, url, read_only=False)) as database, database.opening():
        if migrations.check(database) < migrations.NEWEST:
            database.prepare()
            migrations.migrate(database)
    return database


@contextmanager
def serving(database: Database) -> Iterator[None]:
    """While inside, this catalog is not moved. Raises Refused while it is being moved."""
    if database.read_only:  # nothing that is served from it could be lost
        yield
        return
    with database.claim(exclusive=False) as held:
        if not held:
            raise Refused(
                "The store is being moved: wait until that is done, write the new [store] table, "
                "then start the server."
            )
        yield


def served(database: Database) -> bool:
    """Whether a server runs on this catalog; False where nobody may ask."""
    return not database.read_only and database.claimed()


def _database(
    folder: Path, url: str | None, *, read_only: bool, why: str | None = None
) -> Database:
    if url is None:
        return SQLite(folder / CATALOG, read_only=read_only, why=why)
    from twinkeel.store.postgres import Postgres

    return Postgres(url, read_only=read_only, why=why)


@contextmanager
def _opened(database: Database) -> Iterator[Database]:
    """A database that is closed again where it turns out that it cannot be used."""
    try:
        yield database
    except BaseException:
        database.close()
        raise
