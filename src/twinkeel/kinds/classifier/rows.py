"""The classifier's rows: which can be used, which are held out, and the cases they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.split import Split, SplitOptions, split
from twinkeel.data.table import Table, json_values, texts
from twinkeel.errors import ConfigError, InputError
from twinkeel.kinds.base import Task
from twinkeel.kinds.classifier.kind import ClassifierOptions, named_columns
from twinkeel.plugins import suggestion
from twinkeel.records import Cases

SHARE = 0.2
"""The share of rows that judge."""
MIN_CLASS_ROWS = 5
"""A class with fewer rows can neither be learned nor judged."""
_MAX_SLICES = 10


@dataclass(frozen=True)
class LabelledRows:
    """The usable rows of a source: n rows, their class and how they are split."""

    table: Table
    labels: NDArray[np.object_]
    """Class of each row, as text, shape (n,)."""
    split: Split
    notes: tuple[str, ...]


def labelled(task: Task[ClassifierOptions]) -> LabelledRows:
    """Read the source and keep what has a class that can be learned.

    Raises ConfigError for options that do not fit the table, InputError for a table that no
    classifier can be learned from.
    """
    table, options = task.data.table(), task.options
    _check_columns(task, table)
    labels = np.asarray(texts(table.columns[options.target]), dtype=object)
    keep, notes = _usable(labels, options.target)
    table, labels = table.take(keep), labels[keep]
    _check_classes(task, labels)
    by = SplitOptions(id=options.id, group=options.group, time=options.time)
    found = split(table.drop([options.target]), options=by, key=task.split_key, share=SHARE)
    return LabelledRows(table=table, labels=labels, split=found, notes=tuple(notes))


def cases(task: Task[ClassifierOptions]) -> Cases:
    """The held-out rows as cases; raises InputError where there are none."""
    rows, options = labelled(task), task.options
    held = np.flatnonzero(rows.split.held_out)
    if len(held) == 0 or len(held) == len(rows.labels):
        raise InputError(
            f"{task.component}: {len(rows.labels)} rows cannot be split into rows to learn from "
            "and rows that judge: give more rows or more groups."
        )
    table = rows.table.take(held)
    return Cases(
        ids=tuple(rows.split.ids[i] for i in held),
        units=tuple(rows.split.units[i] for i in held),
        inputs=columns_json(table.drop([options.target, *options.exclude])),
        expected=rows.labels[held].tolist(),
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


def slices(values: NDArray[Any], index: NDArray[np.intp]) -> list[str]:
    """The group of each row at `index`: its value, or its quarter of a number's range.

    Groups are drawn from all rows, so that a version's slices do not depend on the cases.
    """
    named = texts(values)
    counts = Counter(name for name in named if name)
    if len(counts) > _MAX_SLICES and _numeric(counts):
        return _quarters(np.asarray([float(name or "nan") for name in named]), index)
    common = {name for name, _ in counts.most_common(_MAX_SLICES)}
    return [_slice(named[i], common) for i in index]


def columns_json(table: Table) -> dict[str, list[Any]]:
    """A table's columns as JSON-ready lists."""
    return {name: json_values(column) for name, column in table.columns.items()}


def _check_columns(task: Task[ClassifierOptions], table: Table) -> None:
    options, where = task.options, f"[components.{task.component}]"
    named = [*named_columns(options).items()]
    named += [(key, n) for key in ("exclude", "sensitive") for n in getattr(options, key)]
    for key, name in named:
        if name not in table.names:
            near = suggestion(name, tuple(table.names))
            raise ConfigError(f"{where} {key}: {task.data.name} has no column {name!r}{near}")
    roles = Counter(named_columns(options).values())
    twice = [name for name, times in roles.items() if times > 1 and name == options.target]
    if twice or options.target in options.exclude:
        raise ConfigError(f"{where} target {options.target!r} cannot have another role as well.")


def _usable(labels: NDArray[np.object_], target: str) -> tuple[NDArray[np.bool_], list[str]]:
    notes = []
    keep = np.asarray(labels != "", dtype=bool)
    if not keep.all():
        notes.append(f"{int((~keep).sum()):,} rows without {target} were left out.")
    counts = Counter(labels[keep].tolist())
    rare = sorted(name for name, count in counts.items() if count < MIN_CLASS_ROWS)
    if rare and len(counts) - len(rare) >= 2:
        keep &= ~np.isin(labels, rare)
        shown = ", ".join(map(repr, rare[:5])) + (" and others" if len(rare) > 5 else "")
        notes.append(f"Classes with fewer than {MIN_CLASS_ROWS} rows were left out: {shown}.")
    return keep, notes


def _check_classes(task: Task[ClassifierOptions], labels: NDArray[np.object_]) -> None:
    options, where = task.options, f"[components.{task.component}]"
    classes = tuple(np.unique(labels).tolist())
    if len(classes) == 0:
        raise InputError(f"{task.component}: every row lacks its target {options.target!r}.")
    if len(classes) == 1:
        raise InputError(
            f"{task.component}: the target {options.target!r} has one class, {classes[0]!r}, "
            "in all rows; a classifier needs two or more."
        )
    if options.positive is not None and options.positive not in classes:
        near = suggestion(options.positive, classes)
        raise ConfigError(f"{where} positive: there is no class {options.positive!r}{near}")
    for actual, row in (options.costs or {}).items():
        for name in (actual, *row):
            if name not in classes:
                near = suggestion(name, classes)
                raise ConfigError(f"{where} costs: there is no class {name!r}{near}")
    if len(classes) > len(labels) / 2:
        raise InputError(
            f"{task.component}: the target {options.target!r} has {len(classes):,} different "
            f"values in {len(labels):,} rows, which is not a class; choose another target."
        )


def _numeric(names: Iterable[str]) -> bool:
    try:
        [float(name) for name in names]
    except ValueError:
        return False
    return True


def _quarters(numbers: NDArray[np.float64], index: NDArray[np.intp]) -> list[str]:
    edges = np.unique(np.nanquantile(numbers, [0.0, 0.25, 0.5, 0.75, 1.0]))
    named = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(named) - 1)
    return ["missing" if np.isnan(numbers[i]) else named[place[i]] for i in index]


def _slice(text: str, common: set[str]) -> str:
    if text == "":
        return "missing"
    return text if text in common else "other"
