"""What monitoring remembers: its looks, and the alerts that are or were open.

Owns that one cause has one open alert, whoever looks at the same time. Looks are kept for as long
as a page shows them: the newest thousand of each component.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import delete, func, insert, select, update

from twinkeel.records import Alert, Look
from twinkeel.store import points
from twinkeel.store.database import Database
from twinkeel.store.schema import alerts, events, looks

KEPT = 1_000
"""Looks of one component."""
_look = msgspec.json.Decoder(Look).decode
_alert = msgspec.json.Decoder(Alert).decode


class Watching:
    """The looks and the alerts of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, look: Look, raised: Iterable[Alert] = (), resolved: Iterable[Alert] = ()
    ) -> list[Alert]:
        """Record a look with what it raised and resolved; returns the alerts that are new.

        An alert whose cause has an open one already is not new. Raises StoreError.
        """
        with self._database.write() as connection:
            newest = connection.scalar(
                select(func.max(looks.c.sequence)).where(looks.c.component == look.component)
            )
            sequence = (newest or 0) + 1
            row = {"component": look.component, "sequence": sequence, "at": look.at}
            connection.execute(insert(looks).values(**row, record=_text(look)))
            connection.execute(
                delete(looks).where(
                    looks.c.component == look.component, looks.c.sequence <= sequence - KEPT
                )
            )
            for one in resolved:
                gone = update(alerts).where(alerts.c.id == one.id, alerts.c.resolved == "")
                connection.execute(gone.values(resolved=one.resolved, record=_text(one)))
            made = self._database.insert_new(alerts).returning(alerts.c.id)
            new = [one for one in raised if connection.scalar(made.values(_row(one))) is not None]
            points.reached("look.inserted")
        points.reached("look.committed")
        return new

    def sent(self, alert: Alert) -> None:
        """Record that the webhook took an alert."""
        with self._database.write() as connection:
            taken = update(alerts).where(alerts.c.id == alert.id)
            connection.execute(taken.values(record=_text(alert)))

    def calls(self, component: str, *, after: int) -> int:
        """How many calls of a component are in SQL that were stored after a sequence."""
        query = select(func.count()).where(
            events.c.component == component, events.c.kind == "call", events.c.sequence > after
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def looks(self, component: str, *, limit: int = 1) -> list[Look]:
        """A component's looks, newest first."""
        query = select(looks.c.record).where(looks.c.component == component)
        with self._database.read() as connection:
            found = connection.scalars(query.order_by(looks.c.sequence.desc()).limit(limit))
            return [_look(text) for text in found]

    def alerts(
        self, component: str | None = None, *, only_open: bool = False, limit: int = 1_000
    ) -> list[Alert]:
        """Alerts of a component or of all, newest first."""
        query = select(alerts.c.record).order_by(alerts.c.opened.desc(), alerts.c.id)
        if component is not None:
            query = query.where(alerts.c.component == component)
        if only_open:
            query = query.where(alerts.c.resolved == "")
        with self._database.read() as connection:
            return [_alert(text) for text in connection.scalars(query.limit(limit))]

    def hours(self, component: str, *, since: str) -> dict[str, int]:
        """The calls of each hour from the time `since` on, as `2026-11-21T14`, as far as in SQL."""
        hour = func.substr(events.c.at, 1, 13).label("hour")
        query = select(hour, func.count()).where(
            events.c.component == component, events.c.kind == "call", events.c.at >= since
        )
        with self._database.read() as connection:
            found = connection.execute(query.group_by(hour).order_by(hour))
            return {str(name): int(count) for name, count in found}


def _row(alert: Alert) -> Mapping[str, str]:
    return {
        "id": alert.id,
        "component": alert.component,
        "cause": alert.cause,
        "opened": alert.opened,
        "resolved": alert.resolved or "",
        "record": _text(alert),
    }


def _text(record: Look | Alert) -> str:
    return msgspec.json.encode(record).decode()
