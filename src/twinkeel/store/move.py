"""Moving a store: its catalog to another database, its bundles and objects to another place.

Everything is copied, then read back and compared; the old store is only read. The catalog arrives
in one transaction, after the files that it refers to, so that the new one is there as a whole or
not at all. What was copied before a kill is used by the next try. Refuses a place that holds
anything else, and a store that a server runs on or into which a process writes events.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import Connection, Row, Table, select

from twinkeel.errors import Refused, UsageError
from twinkeel.records import Record
from twinkeel.store import catalog, files, gc, points, segments
from twinkeel.store.database import Database
from twinkeel.store.holdings import Holdings, holdings
from twinkeel.store.opening import CATALOG, migrated
from twinkeel.store.schema import metadata, schema_version

_BATCH = 2_000
_STOP = "stop it, move the store, change twinkeel.toml, then start it again."
TABLES = tuple(table for table in metadata.tables.values() if table is not schema_version)
"""All that a catalog holds, each table after those that it refers to."""


class Place(Record, frozen=True):
    """Where a store's parts are, as `[store]` says it; None is the store's own folder."""

    url: str | None = None
    bundles: str | None = None


class Copied(Record, frozen=True):
    """What was copied and compared."""

    rows: dict[str, int]
    """Records by table; empty where the catalog stayed where it was."""
    digest: str
    """The sha256 of all of them, the same on both sides."""
    bundles: int
    objects: int


def move(folder: Path, source: Place, target: Place) -> Copied:
    """Copy the store in `folder` from one place to another and compare every part.

    Raises Refused where the target holds other things or a server runs on the source, UsageError
    where there is nothing to move, StoreError where a side fails. The source is left as it is.
    """
    if source == target:
        raise UsageError("The store is there already: name another database or bundles folder.")
    with (
        closing(migrated(folder, source.url)) as old,
        old.claim(exclusive=True) as alone,
        old.guard(exclusive=True),
        old.write() as rows,
    ):
        if not alone:
            raise Refused(f"A server is running on this store: {_STOP}")
        _check_nobody_writes(folder / "events")
        bundles, objects = 0, 0
        if source.bundles != target.bundles:
            bundles, objects = _copy_files(folder, rows, source, target)
        points.reached("move.files")
        counts: dict[str, int] = {}
        digest = ""
        if source.url != target.url:
            with closing(migrated(folder, target.url)) as new:
                advice = (
                    f"move {folder.name}/{CATALOG} away first"
                    if target.url is None
                    else "name an empty database"
                )
                counts, digest = _copy_rows(rows, new, advice)
    return Copied(rows=counts, digest=digest, bundles=bundles, objects=objects)


def _check_nobody_writes(events: Path) -> None:
    for path in events.glob(f"*{segments.SUFFIX}"):
        descriptor = files.own(path)
        if descriptor is None and path.exists():
            raise Refused(f"A server is writing events into this store: {_STOP}")
        if descriptor is not None:
            os.close(descriptor)


# ------------------------------------------------------------------------------ records


def _copy_rows(old: Connection, target: Database, advice: str) -> tuple[dict[str, int], str]:
    counts: dict[str, int] = {}
    digests = []
    with target.write() as new:
        for table in TABLES:
            for batch in _batches(old, table):
                new.execute(target.insert_new(table), [row._asdict() for row in batch])
            counts[table.name], ours = _sum(old, table)
            count, theirs = _sum(new, table)
            if ours != theirs:
                raise Refused(
                    f"{target.name[:1].upper()}{target.name[1:]} holds other things already "
                    f"({count} {table.name}, of which this store has {counts[table.name]}): "
                    f"{advice}; nothing was changed."
                )
            digests.append(ours)
        points.reached("move.copied")
    return counts, hashlib.sha256("".join(digests).encode()).hexdigest()


def _sum(connection: Connection, table: Table) -> tuple[int, str]:
    """How many rows a table has, and the sha256 of all of them in the order of their key."""
    count, digest = 0, hashlib.sha256()
    for batch in _batches(connection, table):
        count += len(batch)
        for row in batch:
            digest.update(msgspec.json.encode(tuple(row)) + b"\n")
    return count, digest.hexdigest()


def _batches(connection: Connection, table: Table) -> Iterator[list[Row[tuple[object, ...]]]]:
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execute(query.execution_options(yield_per=_BATCH)) as rows:
        for batch in rows.partitions():
            yield list(batch)


# ------------------------------------------------------------------------------ files


def _copy_files(folder: Path, rows: Connection, source: Place, target: Place) -> tuple[int, int]:
    old, new = holdings(folder, source.bundles), holdings(folder, target.bundles)
    versions = catalog.list_versions(rows, None)
    bundles = {version.bundle for version in versions}
    objects = gc.referenced(versions, catalog.list_evaluations(rows, None)) - bundles
    objects |= {one for bundle in bundles for one in old.bundles.shared(bundle)}
    for digest in sorted(objects):
        new.objects.put(old.objects.get(digest))
    for digest in sorted(bundles):
        if not new.bundles.has(digest):
            new.bundles.copy(old.bundles.open(digest))
    with TemporaryDirectory(dir=files.folder(folder / "work"), prefix=files.FRESH) as empty:
        # What comes back from a URL must not be the copy that is here already.
        again = new if target.bundles is None else holdings(Path(empty), target.bundles)
        _check_files(again, objects, bundles)
    return len(bundles), len(objects)


def _check_files(held: Holdings, objects: set[str], bundles: set[str]) -> None:
    """Read everything; raises StoreError or BundleError for what differs from its digest."""
    for digest in objects:
        held.objects.get(digest)
    for digest in bundles:
        held.bundles.open(digest)
