"""Columns that tell nothing: constant, nearly constant, identifiers, and copies of each other.

What certainly adds nothing is left out of learning; what only might is kept and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from twinkeel.checks.found import found
from twinkeel.checks.subject import Feature, Subject
from twinkeel.data.table import texts
from twinkeel.records import Finding

NEARLY = 0.995
"""A column is nearly constant when one value is in this share of rows."""


def constant(subject: Subject) -> Iterator[Finding]:
    """Columns that are empty or always the same."""
    for one in subject.features.values():
        if one.type == "constant":
            said = f"{one.name} is empty" if one.missing.all() else f"{one.name} never varies"
            yield found("constant", [one.name], said, done="left out", severity="note")


def identifier(subject: Subject) -> Iterator[Finding]:
    """Columns that name a row: numbers without a gap, or words that never repeat."""
    for one in subject.features.values():
        if one.type == "identifier":
            said = f"{one.name} looks like an identifier: (nearly) every row has its own value"
            yield found("identifier", [one.name], said, done="left out", severity="note")


def near_constant(subject: Subject) -> Iterator[Finding]:
    """Columns where (nearly) all rows have one value."""
    for one in subject.learnable:
        _, counts = np.unique(one.values[~one.missing], return_counts=True)
        most = max([*counts.tolist(), int(one.missing.sum())])
        share = most / len(one.values)
        if share >= NEARLY and len(one.values) >= 100:
            same = "is empty" if most == one.missing.sum() else "has one value"
            said = f"{one.name} {same} in {share:.2%} of rows"
            yield found(
                "near_constant", [one.name], said, severity="note", numbers={"share": share}
            )


def duplicate_column(subject: Subject) -> Iterator[Finding]:
    """Columns that repeat another one, value for value or under other names."""
    by_value: dict[bytes, Feature] = {}
    by_code: dict[bytes, Feature] = {}
    for one in subject.learnable:
        same = by_value.setdefault(one.values.tobytes(), one)
        repeats = one.distinct < len(one.values) / 2
        alike = by_code.setdefault(_code(one), one) if repeats else one
        if same is not one and _equal(subject, same, one):
            said = f"{one.name} equals {same.name} in every row"
            yield found("duplicate_column", [one.name], said, done="left out", severity="note")
        elif alike is not one:
            said = f"{one.name} says the same as {alike.name} in other words, value for value"
            yield found("duplicate_column", [one.name], said, severity="note")


def _code(feature: Feature) -> bytes:
    """Equal for columns whose equal values are in the same rows."""
    values = np.where(feature.missing, np.inf, feature.values)
    _, first, place = np.unique(values, return_index=True, return_inverse=True)
    order = np.empty(len(first), np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return hashlib.blake2b(order[place].tobytes(), digest_size=16).digest()


def _equal(subject: Subject, one: Feature, other: Feature) -> bool:
    """Whether two columns are equal in every row, those that were not sampled included."""
    columns = subject.table.columns
    return texts(columns[one.name]) == texts(columns[other.name])
