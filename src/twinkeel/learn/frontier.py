"""The ensembles between most accurate and quickest, and which of them is served.

Each price of a tree gives one ensemble. Their losses are known out of fold; the time of a row is
measured on a compiled one where a limit in milliseconds was given.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import whole
from twinkeel.learn.budget import Budget
from twinkeel.learn.ensemble import Size, select
from twinkeel.learn.finishing import FIXED, TO_FINISH
from twinkeel.learn.material import Bag, Material
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.preference import MOST, PER_TREE, PRICES, Point, Prefer, Preference

Floats = NDArray[np.float64]

_CALLS = 30
_CHOOSING = 0.06
"""Share of the time left that choosing one ensemble may take."""


@dataclass(frozen=True)
class Choice:
    """Weights of the bags, found at one price."""

    prefer: Prefer
    weights: Floats
    loss: float
    """Out of fold, uncalibrated: how bad it is by what the search goes by."""
    scale: float
    """What shares of it are shares of."""
    trees: int
    cost: int
    """How many trees take a row as long."""
    again: frozenset[int] = frozenset()
    """Positions of the bags for which one model of all rows is to stand."""
    instead: Choice | None = None
    """What is served where the time ends before those models are learned."""

    @property
    def chosen(self) -> list[int]:
        """Positions of the bags that have a weight."""
        return [int(i) for i in np.flatnonzero(self.weights)]


def affordable(bags: Sequence[Bag], budget: Budget) -> float:
    """How many trees can be compiled and proven in what is left of the time, judging by how long
    it takes now to take the first model apart."""
    first = next((model for bag in bags for model in bag.models if model.trees), None)
    if budget.limit is None or first is None:
        return float("inf")
    began = time.perf_counter()
    first.parts()
    each = (time.perf_counter() - began) / first.trees
    return max(budget.last - FIXED, 0.0) / (TO_FINISH * each)


class _Choosing:
    """What is chosen from, and how many trees there is time for now."""

    def __init__(self, material: Material, bags: Sequence[Bag], budget: Budget) -> None:
        splits = material.splits[: len(bags[0].models)]
        self.targets = material.targets.take(np.concatenate([split.valid for split in splits]))
        self.margins = [bag.margin for bag in bags]
        self.sizes = np.array([(bag.trees, bag.cost) for bag in bags])
        self._budget = budget
        self._most = affordable(bags, budget)

    def allows(self, choice: Choice) -> bool:
        """Whether there is time for its trees."""
        return choice.trees <= self._most

    def choice(self, prefer: Prefer, sizes: NDArray[Any]) -> Choice:
        """The best ensemble at a price, of bags of (bags, 2) trees and costs."""
        weights = select(
            self.margins,
            self.targets,
            [Size(trees, cost) for trees, cost in sizes],
            price=PRICES[prefer],
            most=Size(self._most, MOST[prefer]),
            late=self._budget.finishing(_CHOOSING),
        )
        margin = np.tensordot(weights, self.margins, axes=1)
        loss = self.targets.judged(margin)
        scale = self.targets.scale(loss, margin)
        trees, cost = sizes[weights > 0].sum(axis=0)
        return Choice(prefer, weights, loss, scale, round(trees), round(cost))

    def least(self) -> float:
        """What shares of the best bag's loss are shares of. Raises ConfigError where the user's
        metric has a value for no bag."""
        losses = [self.targets.judged(margin) for margin in self.margins]
        best = int(np.argmin(losses))
        if np.isinf(losses[best]):  # then a metric says why
            self.targets.measured(self.targets.loss.uncalibrated(self.margins[best], self.targets))
        return self.targets.scale(losses[best], self.margins[best])


def choices(material: Material, bags: Sequence[Bag], budget: Budget) -> tuple[Choice, ...]:
    """One ensemble for each price, the most accurate first; none costs more than its name allows
    or has more trees than there is time for, unless no bag is so small. One model of all rows
    stands for a bag where that pays and there is time to fit it."""
    of = _Choosing(material, bags, budget)
    smaller = of.sizes * np.array([whole.smaller(bag) for bag in bags])[:, None]
    least = of.least()

    def once_more(prefer: Prefer) -> Choice:
        """With models of all rows for as many members as there is time for."""
        one = of.choice(prefer, smaller)
        again = whole.timely(bags, one.weights, material.workers.size, budget)
        if again < set(one.chosen):
            stands = np.isin(np.arange(len(bags)), list(again))[:, None]
            one = of.choice(prefer, np.where(stands, smaller, of.sizes))
        return replace(one, again=again.intersection(one.chosen))

    def worth(one: Choice) -> float:
        loss = one.loss + whole.PRICE * one.scale if one.again else one.loss
        return loss + PRICES[one.prefer] * least * one.cost

    found = []
    for prefer in PRICES:
        best, other = of.choice(prefer, of.sizes), once_more(prefer)
        better = other.again and worth(other) < worth(best)
        found.append(replace(other, instead=best) if better else best)
    return tuple(found)


def in_time(material: Material, bags: Sequence[Bag], budget: Budget, choice: Choice) -> Choice:
    """A choice of bags, or another one at its price where it has more trees than there is time for
    by now."""
    of = _Choosing(material, bags, budget)
    return choice if of.allows(choice) else of.choice(choice.prefer, of.sizes)


def wanted(found: Sequence[Choice], preference: Preference) -> tuple[Choice, ...]:
    """Which to compile, in order, until one is quick enough."""
    if preference.latency_limit is not None:
        return tuple(found)
    return tuple(one for one in found if one.prefer == preference.prefer)


def points(found: Sequence[Choice], served: Choice) -> tuple[Point, ...]:
    """The frontier as the card keeps it."""
    best = min(found, key=lambda one: one.loss)
    return tuple(
        Point(
            prefer=one.prefer,
            loss=1 + _finite((one.loss - best.loss) / best.scale) if best.scale > 0 else 1.0,
            trees=one.trees,
            milliseconds=PER_TREE * one.cost,
            served=one is served,
            whole=bool(one.again),
        )
        for one in found
    )


def _finite(loss: float) -> float:
    """As large as can be written, of what a metric has no value for."""
    return float(np.nan_to_num(loss))


def one_row(predictor: Predictor[Any], row: dict[str, Any]) -> float:
    """Median milliseconds of a call with one raw row, the first few calls aside."""
    times = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        predictor.call([row])
        times.append(time.perf_counter() - began)
    return float(np.median(times[_CALLS // 10 :])) * 1e3
