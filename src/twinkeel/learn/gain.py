"""Whether one more candidate makes the ensemble better, and what the ensemble is made of by now.

Weights that are chosen out of fold flatter themselves, the more so the fewer rows there are and
the more is tried. So the gain is judged crosswise: weights chosen on one half of the rows are
judged on the other, and the halves keep groups whole and go forward in time, as folds do. What is
judged is what is chosen by: the loss, and the price of what a row must go through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.ensemble import Size, select
from twinkeel.learn.folds import Split, halves
from twinkeel.learn.targets import Index, Targets

Floats = NDArray[np.float64]

_ROWS = 4_000
"""At most so many rows judge."""
_WORTH = 5e-4
"""The share of its loss by which an ensemble must be better for it to count."""


@dataclass(frozen=True)
class Member:
    """A candidate of which the ensemble may be made."""

    name: str
    margin: Floats
    """(judging rows, k) out of fold."""
    cost: int
    """How many trees take a row as long."""


class Gains:
    """The ensemble of what was fitted so far."""

    def __init__(
        self,
        targets: Targets,
        *,
        price: float,
        seed: int,
        groups: NDArray[Any] | None = None,
        time: NDArray[Any] | None = None,
    ) -> None:
        """`targets`, `groups` and `time` of all rows that are judged out of fold; `price` of a
        tree, see `select`."""
        rows = _drawn(targets, seed)
        self._rows = rows
        self._targets = targets.take(rows)
        found = halves(
            targets.loss.strata(self._targets.y),
            seed=seed,
            groups=None if groups is None else groups[rows],
            time=None if time is None else time[rows],
        )
        self._halves = tuple(half for half in found if self._judges(half))
        self._price = price
        self._members: list[Member] = []
        self._least = np.inf
        self.weights: dict[str, float] = {}
        """The share of each member."""
        self.idle = 0
        """How many candidates have been added since the last one that helped."""

    def add(self, name: str, margin: Floats, cost: int) -> None:
        """A candidate with (all judged rows, k) out-of-fold margins."""
        members = [*self._members, Member(name, margin[self._rows], cost)]
        found = self._crosswise(members)
        helped = found < self._least - self._worth(margin) if self._members else True
        self.idle = 0 if helped else self.idle + 1
        self._least = min(self._least, found)
        weights = self._weights(members, np.arange(len(self._rows)))
        self._members = [one for one, weight in zip(members, weights, strict=True) if weight > 0]
        self.weights = {
            one.name: float(weight)
            for one, weight in zip(members, weights, strict=True)
            if weight > 0
        }

    def _judges(self, half: Split) -> bool:
        """Whether the user's metric has a value on both sides, as one may lack a rare class."""
        return all(self._targets.take(rows).defined for rows in (half.train, half.valid))

    def _worth(self, margin: Floats) -> float:
        """By how much an ensemble must be better than the best one."""
        if np.isinf(self._least):
            return 0.0
        return _WORTH * self._targets.scale(self._least, margin[self._rows])

    def _crosswise(self, members: list[Member]) -> float:
        """The mean over the rows that judge; 0 where the rows have no halves."""
        judged = [len(half.valid) * self._judged(members, half) for half in self._halves]
        return sum(judged) / max(sum(len(half.valid) for half in self._halves), 1)

    def _judged(self, members: list[Member], half: Split) -> float:
        """The loss on some rows of the ensemble that others choose, and the price of its trees."""
        weights = self._weights(members, half.train)
        margins = [one.margin[half.valid] for one in members]
        targets = self._targets.take(half.valid)
        cost = sum(one.cost for one, weight in zip(members, weights, strict=True) if weight > 0)
        alone = min((targets.judged(margin), i) for i, margin in enumerate(margins))
        together = targets.judged(np.tensordot(weights, margins, axes=1))
        return float(together + self._price * targets.scale(alone[0], margins[alone[1]]) * cost)

    def _weights(self, members: list[Member], rows: Index) -> Floats:
        return select(
            [one.margin[rows] for one in members],
            self._targets.take(rows),
            [Size(0, one.cost) for one in members],
            price=self._price,
        )


def _drawn(targets: Targets, seed: int) -> Index:
    """The rows that judge; for a metric, which may need all classes, each class's share of them."""
    order = np.random.default_rng(seed).permutation(len(targets.y))
    if targets.metric is not None and len(order) > _ROWS:
        order = order[np.argsort(targets.loss.strata(targets.y)[order], kind="stable")]
        order = order[np.arange(_ROWS) * len(order) // _ROWS]
    return np.sort(order[:_ROWS])


def patience(rows: int) -> float:
    """How many candidates in a row may gain nothing: 4 of 100 rows, 8 of 500, 15 of 2,500."""
    return max(4.0, 4.0 * float((rows / 100) ** 0.41))
