"""What the checks look at: the columns that may be learned from as numbers, the target, the roles.

Columns are read as the contract would read them, on a sample of rows that keeps their order, so
that the checks take seconds whatever the table's length. Refuses nothing: what cannot be read as
its type counts as missing text.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.columns import READERS, Column
from twinkeel.data.inference import Found, infer_column
from twinkeel.data.table import Table, beyond_floats, texts

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

MOST_ROWS = 20_000
"""Rows that are looked at, drawn at random from longer tables."""
_MOST_CLASSES = 10
"""Rarer classes count as one."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One column on the sampled rows."""

    name: str
    type: str
    """As in `records.FieldType`, or `identifier` or `constant` where it would not be learned."""
    values: Floats
    """(m,) numbers, days, or the place of a text among all texts; NaN where missing."""
    distinct: int
    """Different values among the sampled rows, missing not counted."""

    @property
    def numeric(self) -> bool:
        """Whether the values can be added and divided."""
        return self.type in {"number", "integer", "boolean"}

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(m,) where there is no value."""
        return np.isnan(self.values)


@dataclass(frozen=True, eq=False)
class Subject:
    """Rows to be learned from and to judge, before anything is learned."""

    table: Table
    """All n usable rows: every column but the target, those with a role and the excluded ones."""
    target: str
    y: Floats
    """(m,) the target on the sampled rows: numbers, or places among `classes`."""
    classes: tuple[str, ...]
    """The target's classes, rare ones joined; empty where it is a number."""
    counts: dict[str, int]
    """Class to rows, all of them; empty where the target is a number."""
    keys: NDArray[Any]
    """(n,) the target of each row, as it is compared for equality."""
    rows: Index
    """(m,) the sampled rows, in their order."""
    held_out: NDArray[np.bool_]
    """(n,) rows that judge."""
    features: dict[str, Feature]
    has_id: bool = False
    has_group: bool = False
    has_time: bool = False
    seed: int = 0

    def without(self, names: Collection[str]) -> Subject:
        """The same rows with fewer columns."""
        kept = {name: one for name, one in self.features.items() if name not in names}
        return replace(self, features=kept, table=self.table.drop(sorted(names)))

    def at(self, chosen: Index) -> Subject:
        """The same columns on some of the sampled rows."""
        found = {
            name: replace(one, values=one.values[chosen]) for name, one in self.features.items()
        }
        return replace(self, y=self.y[chosen], rows=self.rows[chosen], features=found)

    @cached_property
    def learnable(self) -> tuple[Feature, ...]:
        """The features that a model would see."""
        return tuple(f for f in self.features.values() if f.type not in {"identifier", "constant"})

    @property
    def unseen(self) -> frozenset[str]:
        """Columns that would not be learned from anyway; their order may still say when."""
        return frozenset(self.features) - {one.name for one in self.learnable}

    @property
    def binary(self) -> bool:
        """Whether the target is one of two classes."""
        return len(self.classes) == 2

    @property
    def metric(self) -> str:
        """The name of the score that the checks speak of."""
        if not self.classes:
            return "r2"
        return "roc_auc" if self.binary else "accuracy above the commonest class"


def subject(
    table: Table,
    *,
    target: str,
    labels: NDArray[Any],
    held_out: NDArray[np.bool_],
    roles: Collection[str] = (),
    seed: int = 0,
) -> Subject:
    """The subject of n rows: `labels` are texts of classes, or numbers to be predicted.

    `roles` says which of `id`, `group` and `time` the configuration has named.
    """
    n = len(held_out)
    rows = _sample(n, seed)
    numeric = labels.dtype.kind == "f"
    classes, counts = ((), {}) if numeric else _classes(labels)
    place = {name: k for k, name in enumerate(classes)}
    other = len(classes) - 1
    y = labels[rows] if numeric else [place.get(label, other) for label in labels[rows].tolist()]
    return Subject(
        table=table,
        target=target,
        y=np.asarray(y, dtype=np.float64),
        classes=classes,
        counts=counts,
        keys=labels,
        rows=rows,
        held_out=held_out,
        features={name: _feature(name, cells, rows) for name, cells in table.columns.items()},
        has_id="id" in roles,
        has_group="group" in roles,
        has_time="time" in roles,
        seed=seed,
    )


def _sample(n: int, seed: int) -> Index:
    if n <= MOST_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False))


def _classes(labels: NDArray[Any]) -> tuple[tuple[str, ...], dict[str, int]]:
    names, counts = np.unique(labels.astype(str), return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    common = sorted(found, key=lambda name: (-found[name], name))
    if len(common) > _MOST_CLASSES:
        common = [*common[: _MOST_CLASSES - 1], "other classes"]
    return tuple(common), found


def _feature(name: str, cells: NDArray[Any], rows: Index) -> Feature:
    found = infer_column(name, cells)
    kind = _type(found)
    if found.column is None or kind in {"category", "text"}:
        values = _places(cells[rows])
    else:
        values = _read(found.column, cells[rows])
    return Feature(name, kind, values, len(np.unique(values[~np.isnan(values)])))


def _type(found: Found) -> str:
    if found.column is not None:
        return found.column.type
    return "constant" if found.left_out == "constant" else "identifier"


def _read(column: Column, cells: NDArray[Any]) -> Floats:
    values, _ = READERS[column.type](column).array(cells)
    return np.asarray(values, dtype=np.float64)


def _places(cells: NDArray[Any]) -> Floats:
    """Texts as their places among all texts, numbers as they are; NaN where missing."""
    if cells.dtype.kind in "iufb" and not beyond_floats(cells):
        return cells.astype(np.float64)
    written = np.asarray(texts(cells), dtype=object).astype(str)
    values = np.unique(written, return_inverse=True)[1].astype(np.float64)
    values[written == ""] = np.nan
    return values
