"""Finds the thresholds of prediction sets on out-of-fold rows: by class, and group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.types import shown
from twinkeel.learn.intervals import edges, groups, upper
from twinkeel.learn.sets import SetGrouping, Sets
from twinkeel.learn.targets import Floats, Targets

FEWEST = 50
"""With fewer rows, a class, or a class within a group, has no threshold of its own."""


class Covering(NamedTuple):
    """Sets that hold what they promise, and sentences on where they cannot."""

    sets: Sets
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """Rows that no model had learned from when it answered them."""

    probabilities: Floats
    """(n, classes)"""
    targets: Targets
    values: Mapping[str, NDArray[Any]]
    """By column, as the contract reads them: (n,)."""

    @property
    def of_true(self) -> Floats:
        """(n,) the probability of what came."""
        y = self.targets.y
        found: Floats = self.probabilities[np.arange(len(y)), y]
        return found


def covering(
    judged: Judged, names: Sequence[str], level: float, sensitive: Sequence[str]
) -> Covering:
    """Thresholds for the classes `names`, and for the groups of the columns `sensitive`."""
    thresholds, notes = _by_class(judged, names, level)
    groupings = []
    for column in sensitive:
        if column not in judged.values:
            notes.append(f"Sets do not depend on {column}, which is not learned from.")
            continue
        grouping, small = _grouping(column, judged, Sets(level, thresholds))
        groupings.append(grouping)
        if small:
            notes.append(
                f"The sets' thresholds for {_small(column, small, names)} are those of all groups: "
                f"fewer than {FEWEST} rows are too few for one of their own."
            )
    return Covering(Sets(level, thresholds, tuple(groupings)), tuple(notes))


def _small(column: str, small: Sequence[tuple[str, int]], names: Sequence[str]) -> str:
    """Groups of `column` with the classes that are too rare in each, as words."""
    by_group: dict[str, list[int]] = {}
    for group, k in small:
        by_group.setdefault(group, []).append(k)
    words = []
    for group, classes in by_group.items():
        of = f"{column} {shown(group)}" if group else f"rows without {column}"
        listed = ", ".join(shown(names[k]) for k in classes)
        words.append(of if len(classes) == len(names) else f"{of} ({listed})")
    more = len(words) - 5
    return ", ".join(words[:5]) + (f" and {more} more" if more > 0 else "")


def reached(probability: Floats, weight: Floats, level: float) -> float:
    """The probability that `level` of the rows reach; 0 where there are too few to say."""
    n = len(probability)
    return 0.0 if level * (n + 1) > n else -upper(-probability, weight, level)


def _by_class(
    judged: Judged, names: Sequence[str], level: float
) -> tuple[tuple[float, ...], list[str]]:
    """One threshold for each class; classes with few rows share one."""
    own, y, weight = judged.of_true, judged.targets.y, judged.targets.weight
    rare = np.bincount(y, minlength=len(names)) < FEWEST
    found = [
        reached(own[mine], weight[mine], level)
        for mine in (rare[y] if rare[k] else y == k for k in range(len(names)))
    ]
    if not rare.any():
        return tuple(found), []
    listed = ", ".join(repr(names[k]) for k in np.flatnonzero(rare)[:5])
    note = f"Sets treat the classes with fewer than {FEWEST} rows alike: {listed}."
    return tuple(found), [note]


def _grouping(
    column: str, judged: Judged, alike: Sets
) -> tuple[SetGrouping, list[tuple[str, int]]]:
    """Thresholds by group, and the groups and classes that are too small for one."""
    own, targets = judged.of_true, judged.targets
    inner = edges(judged.values[column])
    named = np.array(groups(judged.values[column], inner), dtype=object)
    found, small = {}, []
    for group in sorted(set(named.tolist())):
        thresholds = list(alike.thresholds)
        for k in range(len(thresholds)):
            mine = (named == group) & (targets.y == k)
            if mine.sum() >= FEWEST:
                thresholds[k] = reached(own[mine], targets.weight[mine], alike.level)
            else:
                small.append((group, k))
        found[group] = tuple(thresholds)
    return SetGrouping(column, inner, found), small
