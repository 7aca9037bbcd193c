"""The rows of a source: which can be used, which are held out, and the cases they make.

What the target must be is the kind's own business: it gives a `ReadTarget`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.config import shown
from twinkeel.data.split import Split, SplitOptions, split
from twinkeel.data.table import Table, json_values
from twinkeel.errors import BuildError, ConfigError, InputError
from twinkeel.kinds.base import Task
from twinkeel.kinds.tabular.options import TabularT
from twinkeel.kinds.tabular.slices import slices
from twinkeel.learn.memory import resident
from twinkeel.learn.workers import affordable
from twinkeel.plugins import suggestion
from twinkeel.records import Cases

SHARE = 0.2
"""The share of rows that judge."""


@dataclass(frozen=True)
class Target:
    """The target column of a table of n rows, as its kind reads it."""

    values: NDArray[Any]
    """What is to be learned, of the rows that are kept."""
    keep: NDArray[np.bool_]
    """Shape (n,): whether a row can be used."""
    notes: tuple[str, ...] = ()


ReadTarget: TypeAlias = Callable[[Task[TabularT], NDArray[Any]], Target]
"""The target of a column's values; raises ConfigError or InputError where it cannot be learned."""


@dataclass(frozen=True)
class UsableRows:
    """The usable rows of a source: n rows, their target and how they are split."""

    table: Table
    target: NDArray[Any]
    """Shape (n,)."""
    split: Split
    notes: tuple[str, ...]

    @property
    def learned(self) -> NDArray[np.intp]:
        """Positions of the rows that are not held out."""
        return np.flatnonzero(~self.split.held_out)


def usable(task: Task[TabularT], read: ReadTarget[TabularT]) -> UsableRows:
    """Read the source, once for a task, and keep the rows whose target can be learned, and may be.

    Raises ConfigError for options that do not fit the table, BuildError before it is read where it
    does not fit the memory, and what `read` raises.
    """
    key = ("usable rows", task.data, task.split_key, task.apart)
    return task.once(key, lambda: _usable(task, read))


def _usable(task: Task[TabularT], read: ReadTarget[TabularT]) -> UsableRows:
    _check_memory(task)
    table, options = task.data.table(), task.options
    _check_columns(task, table)
    target = read(task, table.columns[options.target])
    table = table.take(target.keep)
    by = SplitOptions(id=options.id, group=options.group, time=options.time)
    found = split(table.drop([options.target]), options=by, key=task.split_key, share=SHARE)
    rows = UsableRows(table=table, target=target.values, split=found, notes=target.notes)
    return _without(rows, task.apart) if task.apart else rows


def _without(rows: UsableRows, apart: frozenset[str]) -> UsableRows:
    """The rows without those of units that nothing may learn from."""
    kept = np.asarray([unit not in apart for unit in rows.split.units]) | rows.split.held_out
    return UsableRows(
        table=rows.table.take(kept),
        target=rows.target[kept],
        split=rows.split.take(kept),
        notes=rows.notes,
    )


def cases(task: Task[TabularT], rows: UsableRows) -> Cases:
    """The held-out rows as cases; raises InputError where there are none."""
    options = task.options
    held = np.flatnonzero(rows.split.held_out)
    if len(held) == 0 or len(held) == len(rows.target):
        raise InputError(
            f"{task.component}: {len(rows.target)} rows cannot be split into rows to learn from "
            "and rows that judge: give more rows or more groups."
        )
    table = rows.table.take(held)
    return Cases(
        ids=tuple(rows.split.ids[i] for i in held),
        units=tuple(rows.split.units[i] for i in held),
        inputs=columns_json(table.drop([options.target, *options.exclude])),
        expected=rows.target[held].tolist(),
        slices={name: slices(rows.table.columns[name], held) for name in options.sensitive},
        weight=None if options.weight is None else weights(table, options.weight).tolist(),
        time=None if rows.split.times is None else [rows.split.times[i] for i in held],
        cutoff=rows.split.cutoff,
        rule=rows.split.rule,
    )


def weights(table: Table, name: str) -> NDArray[np.float64]:
    """The weight column as numbers, shape (n,); raises InputError unless all are positive."""
    try:
        values = np.asarray([float(value) for value in table.columns[name]], dtype=np.float64)
    except (TypeError, ValueError):
        values = np.full(len(table), np.nan)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise InputError(
            f"weight column {name!r}, row {bad[0] + 1}: expected a positive number, "
            f"got {table.columns[name][bad[0]]!r}."
        )
    return values


def columns_json(table: Table) -> dict[str, list[Any]]:
    """A table's columns as JSON-ready lists."""
    return {name: json_values(column) for name, column in table.columns.items()}


_BYTES_PER_CELL = 16
"""Of a table at least: a number or a reference, and once more while parts become one."""


def _check_memory(task: Task[TabularT]) -> None:
    limits = task.limits
    if limits.memory is None:
        return
    affordable(limits)
    size = task.data.expected()
    if size is None:
        return
    needed, unit = resident() + size[0] * size[1] * _BYTES_PER_CELL, limits.memory_unit
    if needed > limits.memory:
        raise BuildError(
            f"Reading {size[0]:,} rows of {size[1]:,} columns of {task.data.name} takes this "
            f"process to {shown(needed, unit, up=True)} at least, and memory_limit is "
            f"{shown(limits.memory, unit)}: raise it, or lower sample_rows of "
            f"[sources.{task.data.name}]."
        )


def _check_columns(task: Task[TabularT], table: Table) -> None:
    options, where = task.options, f"[components.{task.component}]"
    named = [*options.roles.items()]
    named += [(key, n) for key in ("exclude", "sensitive") for n in getattr(options, key)]
    for key, name in named:
        if name not in table.names:
            near = suggestion(name, tuple(table.names))
            raise ConfigError(f"{where} {key}: {task.data.name} has no column {name!r}{near}")
    also = [
        key for key, name in named if name == options.target and key not in ("target", "sensitive")
    ]
    if also:
        raise ConfigError(
            f"{where} target and {also[0]} are both {options.target!r}: a column has one role; "
            "name another one."
        )
