"""Forgetting events that are older than the project keeps them, on a connection that is open."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from twinkeel.store import chain
from twinkeel.store.schema import events


def count_before(connection: Connection, at: str) -> int:
    """How many stored events are earlier than this time."""
    query = select(func.count()).select_from(events).where(events.c.at < at)
    return connection.scalar(query) or 0


def remove_before(connection: Connection, at: str) -> None:
    """Forget the stored events that are earlier than this time."""
    connection.execute(delete(events).where(events.c.at < at))
    chain.trim(connection)
