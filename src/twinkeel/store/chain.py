"""The chain of events: each stored event is hashed together with all before it.

Whoever changes, adds or removes a stored event leaves a chain that does not fit, and whoever makes
the whole chain anew leaves one that does not hold the hash that a person noted earlier. Retention
removes events from the chain's beginning; the rest is checked from there. Every function belongs to
a transaction that it neither begins nor ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select

from twinkeel.records import Record
from twinkeel.store.schema import chain, events

_BATCH = 2_000
_NAMES = 500


class Checked(Record, frozen=True, kw_only=True):
    """What a look at the chain found."""

    events: int
    """Stored events that the chain holds."""
    head: str
    """The newest hash: whoever notes it can later tell that nothing before it was changed."""
    faults: tuple[str, ...] = ()
    """What does not fit, a sentence each; the first ones."""
    holds_known: bool | None = None
    """Whether the chain goes through the hash that was asked for."""

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.faults and self.holds_known is not False


def unknown(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of rows that are about to be stored, the ones that are new, each once."""
    ids = [row["id"] for row in rows]
    known: set[str] = set()
    for start in range(0, len(ids), _NAMES):
        part = ids[start : start + _NAMES]
        known |= set(connection.scalars(select(events.c.id).where(events.c.id.in_(part))))
    return list({row["id"]: row for row in reversed(rows) if row["id"] not in known}.values())[::-1]


def extend(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events that have just been stored, in this order."""
    if not rows:
        return
    position, before = _head(connection)
    links = []
    for row in rows:
        position, digest = position + 1, _digest(row["record"])
        before = _next(before, digest)
        links.append(
            {
                "position": position,
                "event": row["id"],
                "at": row["at"],
                "digest": digest,
                "hash": before,
            }
        )
    connection.execute(insert(chain), links)


def trim(connection: Connection) -> None:
    """Forget the beginning of the chain whose events are gone, but for its last link."""
    gone = ~exists(select(events.c.id).where(events.c.id == chain.c.event))
    first = connection.scalar(select(func.min(chain.c.position)).where(~gone))
    last = _head(connection)[0] if first is None else first - 1
    connection.execute(delete(chain).where(chain.c.position < last))


def check(connection: Connection, *, kept_since: str, known: str | None = None) -> Checked:
    """Read the whole chain beside the events; those before `kept_since` may be gone.

    `known` is a hash that was the newest one once.
    """
    faults: list[str] = []
    found = position = 0
    before: str | None = None
    met = None if known is None else False
    while links := _links(connection, position):
        for link in links:
            if before is not None and link.hash != _next(before, link.digest):
                faults.append(f"The chain is broken at the event {link.event}.")
            if link.record is None:
                gone = link.at >= kept_since
                faults += [f"The event {link.event} of {link.at} was removed."] if gone else []
            elif _digest(link.record) != link.digest:
                faults.append(f"The event {link.event} was changed after it was stored.")
            found += link.record is not None
            before, position = link.hash, link.position
            met = met or (None if known is None else link.hash == known)
    faults += _unchained(connection)
    return Checked(events=found, head=before or "", faults=tuple(faults[:20]), holds_known=met)


def _links(connection: Connection, after: int) -> Sequence[Any]:
    query = (
        select(chain, events.c.record)
        .select_from(chain.outerjoin(events, events.c.id == chain.c.event))
        .where(chain.c.position > after)
        .order_by(chain.c.position)
    )
    return connection.execute(query.limit(_BATCH)).all()


def _unchained(connection: Connection) -> list[str]:
    linked = exists(select(chain.c.event).where(chain.c.event == events.c.id))
    query = select(events.c.id).where(~linked).limit(20)
    return [f"The event {id_} was added past the chain." for id_ in connection.scalars(query)]


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        select(chain.c.position, chain.c.hash).order_by(chain.c.position.desc()).limit(1)
    ).first()
    return (0, "") if row is None else (row.position, row.hash)


def _digest(record: str) -> str:
    return hashlib.sha256(record.encode()).hexdigest()


def _next(before: str, digest: str) -> str:
    return hashlib.sha256(f"{before}{digest}".encode()).hexdigest()
