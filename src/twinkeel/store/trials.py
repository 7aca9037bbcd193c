"""Trials: which candidates run beside production, and how earlier trials ended.

Owns that a component has one running trial, and that a trial ends once, whoever judges it at the
same time. A trial is kept for good: it is the evidence of a release.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from twinkeel.errors import Refused
from twinkeel.records import Trial
from twinkeel.store import points
from twinkeel.store.database import Database
from twinkeel.store.schema import trials

_decode = msgspec.json.Decoder(Trial).decode


class Trials:
    """The trials of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, trial: Trial) -> None:
        """Record a new trial. Raises Refused where its component has a running one."""
        with self._database.write() as connection:
            for other in running(connection, trial.component):
                raise Refused(
                    f"{other.ref} is on trial already: wait for its end, or stop it with twinkeel "
                    f"trial {trial.component} --stop 'why'."
                )
            connection.execute(
                insert(trials).values(
                    id=trial.id,
                    component=trial.component,
                    state=trial.state,
                    revision=newest(connection) + 1,
                    record=_text(trial),
                )
            )
            points.reached("trial.inserted")
        points.reached("trial.committed")

    def update(self, trial: Trial) -> bool:
        """Replace a running trial's record; False where it has ended already."""
        with self._database.write() as connection:
            there = update(trials).where(trials.c.id == trial.id, trials.c.state == "running")
            there = there.values(state=trial.state, record=_text(trial))
            if trial.state != "running":
                there = there.values(revision=newest(connection) + 1)
            done: bool = connection.execute(there).rowcount == 1
            points.reached("trial.updated")
        points.reached("trial.committed")
        return done

    def running(self, component: str) -> Trial | None:
        """The component's trial that has not ended."""
        with self._database.read() as connection:
            return next(iter(running(connection, component)), None)

    def every(self, component: str) -> list[Trial]:
        """A component's trials, newest first."""
        query = select(trials.c.record).where(trials.c.component == component)
        with self._database.read() as connection:
            found = [_decode(text) for text in connection.scalars(query)]
        return sorted(found, key=lambda trial: (trial.started, trial.id), reverse=True)


def newest(connection: Connection) -> int:
    """A number that grows whenever a trial begins or ends."""
    return connection.scalar(select(func.max(trials.c.revision))) or 0


def running(connection: Connection, component: str | None = None) -> list[Trial]:
    """The trials of a component, or of all, that have not ended."""
    query = select(trials.c.record).where(trials.c.state == "running")
    if component is not None:
        query = query.where(trials.c.component == component)
    return [_decode(text) for text in connection.scalars(query)]


def _text(trial: Trial) -> str:
    return msgspec.json.encode(trial).decode()
