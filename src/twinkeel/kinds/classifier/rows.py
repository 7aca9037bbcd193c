"""The classifier's target: classes as text, each with rows enough to learn and to judge."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.table import texts
from twinkeel.data.types import shown
from twinkeel.errors import ConfigError, InputError
from twinkeel.kinds.base import Task
from twinkeel.kinds.classifier.kind import ClassifierOptions
from twinkeel.kinds.tabular.rows import Target
from twinkeel.learn.objectives.rules import Rule
from twinkeel.plugins import suggestion

MIN_CLASS_ROWS = 5
"""A class with fewer rows can neither be learned nor judged."""


def classes(task: Task[ClassifierOptions], column: NDArray[Any]) -> Target:
    """The class of each row, as text, and which rows have one that can be learned.

    Raises ConfigError for options that do not fit the classes, InputError where no classifier
    can be learned.
    """
    labels = np.asarray(texts(column), dtype=object)
    keep, notes = _usable(labels, task.options.target)
    _check_classes(task, labels[keep])
    return Target(labels[keep], keep, tuple(notes))


def rule(options: ClassifierOptions) -> Rule:
    """How decisions are to be made."""
    return Rule(
        costs=options.costs,
        capacity=options.capacity,
        precision=options.precision,
        abstain=options.abstain,
        review=options.review,
    )


def _usable(labels: NDArray[np.object_], target: str) -> tuple[NDArray[np.bool_], list[str]]:
    notes = []
    keep = np.asarray(labels != "", dtype=bool)
    if not keep.all():
        notes.append(f"{int((~keep).sum()):,} rows without {target} were left out.")
    counts = Counter(labels[keep].tolist())
    rare = sorted(name for name, count in counts.items() if count < MIN_CLASS_ROWS)
    if rare and len(counts) - len(rare) >= 2:
        keep &= ~np.isin(labels, rare)
        named = ", ".join(map(shown, rare[:5])) + (" and others" if len(rare) > 5 else "")
        notes.append(f"Classes with fewer than {MIN_CLASS_ROWS} rows were left out: {named}.")
    return keep, notes


def _check_classes(task: Task[ClassifierOptions], labels: NDArray[np.object_]) -> None:
    options, where = task.options, f"[components.{task.component}]"
    classes = tuple(np.unique(labels).tolist())
    if len(classes) == 0:
        raise InputError(f"{task.component}: every row lacks its target {options.target!r}.")
    if len(classes) == 1:
        raise InputError(
            f"{task.component}: the target {options.target!r} has one class, {shown(classes[0])}, "
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
    if not 0 < options.coverage < 1:
        raise ConfigError(f"{where} coverage must be between 0 and 1, not {options.coverage:g}.")
    try:
        rule(options).check(len(classes))
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from None
    if len(classes) > len(labels) / 2:
        raise InputError(
            f"{task.component}: the target {options.target!r} has {len(classes):,} different "
            f"values in {len(labels):,} rows, which is not a class; choose another target."
        )
