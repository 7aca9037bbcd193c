"""Calls whose answers became known, as rows of the table that a kind learns from.

A row has the target, what the version was asked, its id where the call kept it, and the moment of
the call where rows have a time. Refuses components whose rows say more than a call does: a group,
a weight, or a time that is no date. What the table has already is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from twinkeel.data.moments import moments
from twinkeel.data.split import contents
from twinkeel.data.table import Table, from_values, texts
from twinkeel.errors import InputError
from twinkeel.kinds.base import Lesson, Task
from twinkeel.kinds.tabular.options import TabularT
from twinkeel.records import Json

_NAMED = "call-"
"""Before the hash of what was asked, where nothing else names a row: equal calls stay together."""


def lesson_rows(task: Task[TabularT], lessons: Sequence[Lesson]) -> Table:
    """The lessons as rows with the columns of `task.data`, without those that it has already."""
    table = task.data.table()
    _check(task, table)
    rows = [_row(task, table, one) for one in sorted(lessons, key=lambda one: one.at)]
    rows = _newest(task, rows)
    asked = {name for row in rows for name in row} - {task.options.id, task.options.time}
    made = Table({name: from_values(name, [row.get(name) for row in rows]) for name in table.names})
    return _unknown(task, table, made, sorted(asked))


def _check(task: Task[TabularT], table: Table) -> None:
    options, where = task.options, f"[components.{task.component}.rebuild] calls"
    for key in ("group", "weight"):
        name = getattr(options, key)
        if name is not None:
            raise InputError(
                f"{where}: a call does not say its {name}, which is the {key} of every row: add "
                "such rows to the source instead."
            )
    if options.time is not None:
        found = moments(table.columns[options.time])
        if found is None or not found.dated:
            raise InputError(
                f"{where}: the moment of a call is no {options.time}, which holds no dates: add "
                "such rows to the source instead."
            )


def _row(task: Task[TabularT], table: Table, one: Lesson) -> dict[str, Json]:
    options = task.options
    row = {name: cell for name, cell in one.inputs.items() if name in table.columns}
    if options.time is not None:
        row[options.time] = one.at
    if options.id is not None and row.get(options.id) is None:
        row[options.id] = _NAMED + _hash(row)
    return {**row, options.target: one.label}


def _hash(row: Mapping[str, Json]) -> str:
    """The same for the same inputs, however they are typed."""
    names = sorted(row)
    table = Table({name: from_values(name, [row[name]]) for name in names})
    return hashlib.sha256(contents(table)[0].encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _newest(task: Task[TabularT], rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The newest of the rows of one id and one time; rows without an id are all kept."""
    options = task.options
    if options.id is None:
        return rows
    last = {(row[options.id], row.get(options.time or "")): row for row in rows}
    return list(last.values())


def _unknown(task: Task[TabularT], table: Table, made: Table, asked: Sequence[str]) -> Table:
    """The rows whose id, at their time, the table does not have; where a row has no id, whose
    contents."""
    there = set(contents(Table({name: table.columns[name] for name in asked})))
    now = contents(Table({name: made.columns[name] for name in asked}))
    new = [one not in there for one in now]
    if task.options.id is not None:
        known = set(_keys(task, table))
        new = [
            fresh if id_.startswith(_NAMED) else (id_, at) not in known
            for (id_, at), fresh in zip(_keys(task, made), new, strict=True)
        ]
    return made.take(np.asarray(new, dtype=bool))


def _keys(task: Task[TabularT], table: Table) -> list[tuple[str, float]]:
    """Each row's id and moment, which is 0 where rows have no time."""
    options = task.options
    assert options.id is not None  # asked for only then
    ids = texts(table.columns[options.id])
    found = None if options.time is None else moments(table.columns[options.time])
    at = np.zeros(len(ids)) if found is None else found.values
    return list(zip(ids, at.tolist(), strict=True))
