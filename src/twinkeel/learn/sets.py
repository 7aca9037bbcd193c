"""Prediction sets that hold the true class as often as they promise, by class and by group.

A class is in a row's set where its probability is not below a threshold of its own: the one that
`level` of the out-of-fold rows of this class reach (label-conditional conformal prediction: Vovk,
2012; Sadinle, Lei and Wasserman, 2019; cross-conformal: Vovk, 2015). Groups with rows enough of a
class have thresholds of their own (Mondrian); of several groups that a row belongs to, the lower
threshold counts. No set is empty: the most probable class is the last to go. Pure numpy: serving
reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.intervals import groups
from twinkeel.records import Record

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class SetGrouping(Record, frozen=True):
    """How the values of one column make groups: by themselves, or by the edges of quarters."""

    column: str
    edges: tuple[float, ...] | None
    thresholds: dict[str, tuple[float, ...]]
    """By group, one for each class; a group that is not there has those of all rows."""


class Sets(Record, frozen=True):
    """How a set of classes is made of probabilities."""

    level: float
    """The share of rows whose true class a set is to hold."""
    thresholds: tuple[float, ...]
    """For each class the least probability with which it is in the set."""
    groupings: tuple[SetGrouping, ...] = ()

    def members(self, probabilities: Floats, values: Mapping[str, NDArray[Any]]) -> Flags:
        """(n, classes) whether a class is in the set, of columns that the contract has read."""
        inside = probabilities >= self._least(len(probabilities), values)
        empty = np.flatnonzero(~inside.any(axis=1))
        inside[empty, probabilities[empty].argmax(axis=1)] = True
        return np.asarray(inside, dtype=bool)

    def _least(self, n: int, values: Mapping[str, NDArray[Any]]) -> Floats:
        least = np.tile(np.array(self.thresholds), (n, 1))
        for place, grouping in enumerate(self.groupings):
            named = groups(values[grouping.column], grouping.edges)
            own = np.array([grouping.thresholds.get(name, self.thresholds) for name in named])
            least = own if place == 0 else np.minimum(least, own)
        return least
