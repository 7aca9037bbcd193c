"""Whether one more candidate makes the ensemble better, and what the ensemble is made of by now.

Weights that are chosen out of fold flatter themselves, the more so the fewer rows there are and
the more is tried. So the gain is judged crosswise: weights chosen on one half of the rows are
judged on the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.ensemble import select
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

    def __init__(self, targets: Targets, seed: int, price: float) -> None:
        """`targets` of all rows that are judged out of fold; `price` of a tree, see `select`."""
        order = np.random.default_rng(seed).permutation(len(targets.y))[:_ROWS]
        self._rows = order
        self._targets = targets.take(order)
        self._halves = np.arange(0, len(order), 2), np.arange(1, len(order), 2)
        self._price = price
        self._members: list[Member] = []
        self._best = np.inf
        self.weights: dict[str, float] = {}
        """The share of each member."""
        self.idle = 0
        """How many candidates have been added since the last one that helped."""

    def add(self, name: str, margin: Floats, cost: int) -> None:
        """A candidate with (all judged rows, k) out-of-fold margins."""
        members = [*self._members, Member(name, margin[self._rows], cost)]
        loss = self._crosswise(members)
        helped = loss < self._best - _WORTH * abs(self._best) if self._members else True
        self.idle = 0 if helped else self.idle + 1
        self._best = min(self._best, loss)
        weights = self._weights(members, np.arange(len(self._rows)))
        self._members = [one for one, weight in zip(members, weights, strict=True) if weight > 0]
        self.weights = {
            one.name: float(weight)
            for one, weight in zip(members, weights, strict=True)
            if weight > 0
        }

    def _crosswise(self, members: list[Member]) -> float:
        first, second = self._halves
        if len(second) == 0:
            return 0.0
        return 0.5 * (self._judged(members, first, second) + self._judged(members, second, first))

    def _judged(self, members: list[Member], by: Index, on: Index) -> float:
        """The loss on some rows of the ensemble that others choose."""
        weights = self._weights(members, by)
        margin = np.tensordot(weights, [one.margin[on] for one in members], axes=1)
        targets = self._targets.take(on)
        return float(targets.loss.plain(margin, targets))

    def _weights(self, members: list[Member], rows: Index) -> Floats:
        return select(
            [one.margin[rows] for one in members],
            self._targets.take(rows),
            [one.cost for one in members],
            price=self._price,
        )


def patience(rows: int) -> float:
    """How many candidates in a row may gain nothing: 4 of 100 rows, 8 of 500, 15 of 2,500."""
    return max(4.0, 4.0 * float((rows / 100) ** 0.41))
