"""The SQL of versions, evaluations and releases, on a connection that the caller opened.

Every function belongs to one transaction that it neither begins nor ends. Numbers and sequences
are given out here, inside a write transaction, and never twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from twinkeel.errors import Refused, UnknownName
from twinkeel.records import Evaluation, Release, Version, VersionRef
from twinkeel.store.schema import evaluations, releases, versions

_T = TypeVar("_T")


def encode(record: msgspec.Struct) -> str:
    """A record as the JSON text that its column holds."""
    return msgspec.json.encode(record).decode()


def _one(type_: type[_T], row: Row[str] | None) -> _T | None:
    return None if row is None else msgspec.json.decode(row[0], type=type_)


def _all(type_: type[_T], connection: Connection, query: Select[str]) -> list[_T]:
    decoder = msgspec.json.Decoder(type_)
    return [decoder.decode(text) for text in connection.scalars(query)]


# ------------------------------------------------------------------------------ versions


def next_number(connection: Connection, component: str) -> int:
    """The number of a component's next version; those of removed ones stay taken."""
    query = select(func.max(versions.c.number)).where(versions.c.component == component)
    return (connection.scalar(query) or 0) + 1


def insert_version(connection: Connection, version: Version) -> None:
    """Record a new version."""
    connection.execute(
        insert(versions).values(
            component=version.component,
            number=version.number,
            bundle=version.bundle,
            record=encode(version),
        )
    )


def get_version(connection: Connection, ref: VersionRef) -> Version:
    """One version. Raises UnknownName if there is none, or none any more."""
    row = connection.execute(
        select(versions.c.record, versions.c.removed).where(_is(versions, ref))
    ).first()
    if row is None:
        known = [version.number for version in list_versions(connection, ref.component)]
        there = f"its versions are {', '.join(map(str, known))}" if known else "build it first"
        raise UnknownName(f"There is no version {ref}: {there}.")
    if row.removed is not None:
        raise UnknownName(f"{ref} was removed by gc at {row.removed}: build again.")
    return msgspec.json.decode(row.record, type=Version)


def list_versions(connection: Connection, component: str | None) -> list[Version]:
    """Versions that have not been removed, by component, oldest first."""
    query = select(versions.c.record).where(versions.c.removed.is_(None))
    if component is not None:
        query = query.where(versions.c.component == component)
    return _all(Version, connection, query.order_by(versions.c.component, versions.c.number))


def remove_versions(connection: Connection, refs: Iterable[VersionRef], at: str) -> None:
    """Mark versions as removed and forget their evaluations."""
    for ref in refs:
        connection.execute(delete(evaluations).where(_is(evaluations, ref)))
        connection.execute(update(versions).where(_is(versions, ref)).values(removed=at))


# ------------------------------------------------------------------------------ evaluations


def insert_evaluation(connection: Connection, evaluation: Evaluation) -> None:
    """Record one more judgement of a version."""
    ref = VersionRef(component=evaluation.component, number=evaluation.number)
    newest = connection.scalar(
        select(func.max(evaluations.c.sequence)).where(_is(evaluations, ref))
    )
    connection.execute(
        insert(evaluations).values(
            component=ref.component,
            number=ref.number,
            sequence=(newest or 0) + 1,
            record=encode(evaluation),
        )
    )


def numbered_evaluations(connection: Connection) -> list[tuple[int, Evaluation]]:
    """All evaluations, each with its sequence within its version, newest first."""
    query = select(evaluations.c.sequence, evaluations.c.record).order_by(
        evaluations.c.sequence.desc()
    )
    decoder = msgspec.json.Decoder(Evaluation)
    return [(row.sequence, decoder.decode(row.record)) for row in connection.execute(query)]


def remove_evaluations(connection: Connection, doomed: Iterable[tuple[int, Evaluation]]) -> None:
    """Forget these evaluations."""
    for sequence, evaluation in doomed:
        ref = VersionRef(component=evaluation.component, number=evaluation.number)
        this = and_(_is(evaluations, ref), evaluations.c.sequence == sequence)
        connection.execute(delete(evaluations).where(this))


def list_evaluations(
    connection: Connection, ref: VersionRef | None, *, limit: int | None = None
) -> list[Evaluation]:
    """A version's evaluations (or all there are), newest first."""
    query = select(evaluations.c.record).order_by(evaluations.c.sequence.desc()).limit(limit)
    return _all(
        Evaluation, connection, query if ref is None else query.where(_is(evaluations, ref))
    )


# ------------------------------------------------------------------------------ releases


def insert_release(connection: Connection, release: Release, *, expected: int | None) -> None:
    """Record a release that follows the one the caller saw.

    Raises Refused if another came between. The table's unique (component, follows) holds this
    on any database.
    """
    seen = get_current(connection, release.component)
    sequence = None if seen is None else seen.sequence
    if sequence != expected:
        now_there = "nothing" if seen is None else f"{release.component}@{seen.number}"
        raise Refused(
            f"{release.component} was released by somebody else meanwhile and {now_there} is in "
            "production now: look at it, then release again."
        )
    connection.execute(
        insert(releases).values(
            sequence=release.sequence,
            component=release.component,
            follows=expected or 0,
            number=release.number,
            record=encode(release),
        )
    )


def newest_sequence(connection: Connection) -> int:
    """The newest release of all components, 0 if there is none."""
    return connection.scalar(select(func.max(releases.c.sequence))) or 0


def get_current(connection: Connection, component: str) -> Release | None:
    """The newest release of a component, which is in production."""
    row = connection.execute(_releases(component).limit(1)).first()
    return _one(Release, row)


def list_releases(connection: Connection, component: str | None) -> list[Release]:
    """Releases of a component or of all, newest first."""
    return _all(Release, connection, _releases(component))


def _releases(component: str | None) -> Select[str]:
    query = select(releases.c.record).order_by(releases.c.sequence.desc())
    return query if component is None else query.where(releases.c.component == component)


def _is(table: Table, ref: VersionRef) -> ColumnElement[bool]:
    return and_(table.c.component == ref.component, table.c.number == ref.number)
