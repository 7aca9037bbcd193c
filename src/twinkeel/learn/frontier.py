"""The ensembles between most accurate and quickest, and which of them is served.

Each price of a tree gives one ensemble. Their losses are known out of fold; the time of a row is
measured on a compiled one where a limit in milliseconds was given.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import whole
from twinkeel.learn.budget import Budget
from twinkeel.learn.ensemble import select
from twinkeel.learn.finishing import FIXED, TO_FINISH
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.preference import PER_TREE, PRICES, Point, Prefer, Preference
from twinkeel.learn.search import Bag, Material

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
    """Out of fold, uncalibrated."""
    trees: int
    cost: int
    """How many trees take a row as long."""
    instead: Choice | None = None
    """If set, one model of all rows is to stand for each bag; or else, where the time ends first,
    this is served."""

    @property
    def whole(self) -> bool:
        """Whether one model of all rows is to stand for each bag."""
        return self.instead is not None


def affordable(bags: Sequence[Bag], budget: Budget) -> float:
    """How many trees can be compiled and proven in what is left of the time, judging by how long
    it takes now to take the first bag apart."""
    first = next((bag for bag in bags if bag.trees), None)
    if budget.limit is None or first is None:
        return float("inf")
    began = time.perf_counter()
    assert first.parts  # which is kept
    each = (time.perf_counter() - began) / first.trees
    return max(budget.last - FIXED, 0.0) / (TO_FINISH * each)


def choices(material: Material, bags: Sequence[Bag], budget: Budget) -> tuple[Choice, ...]:
    """One ensemble for each price, the most accurate first; none has more trees than there is
    time for, unless no bag has so few. One model of all rows stands for each bag where that pays
    and there is time to fit it."""
    most = affordable(bags, budget)
    splits = material.splits[: len(bags[0].models)]
    targets = material.targets.take(np.concatenate([split.valid for split in splits]))
    margins = [bag.margin for bag in bags]
    sizes = np.array([(bag.trees, bag.cost) for bag in bags])
    smaller = sizes * np.array([whole.smaller(bag) for bag in bags])[:, None]
    least = min(targets.loss.plain(margin, targets) for margin in margins)

    def choice(prefer: Prefer, sizes: NDArray[Any], instead: Choice | None = None) -> Choice:
        price, late = PRICES[prefer], budget.finishing(_CHOOSING)
        weights = select(margins, targets, sizes[:, 1].tolist(), price=price, most=most, late=late)
        loss = targets.loss.plain(np.tensordot(weights, margins, axes=1), targets)
        trees, cost = sizes[weights > 0].sum(axis=0)
        return Choice(prefer, weights, loss, round(trees), round(cost), instead)

    def worth(one: Choice) -> float:
        loss = one.loss * (1 + whole.PRICE) if one.whole else one.loss
        return loss + PRICES[one.prefer] * least * one.cost

    found = []
    for prefer in PRICES:
        best = choice(prefer, sizes)
        other = choice(prefer, smaller, best)
        timely = whole.timely(bags, other.weights, material.workers.size, budget)
        found.append(other if timely and worth(other) < worth(best) else best)
    return tuple(found)


def wanted(found: Sequence[Choice], preference: Preference) -> tuple[Choice, ...]:
    """Which to compile, in order, until one is quick enough."""
    if preference.latency_limit is not None:
        return tuple(found)
    return tuple(one for one in found if one.prefer == preference.prefer)


def points(found: Sequence[Choice], served: Choice) -> tuple[Point, ...]:
    """The frontier as the card keeps it."""
    best = min(one.loss for one in found)
    return tuple(
        Point(
            prefer=one.prefer,
            loss=one.loss / best if best > 0 else 1.0,
            trees=one.trees,
            milliseconds=PER_TREE * one.cost,
            served=one is served,
            whole=one.whole,
        )
        for one in found
    )


def one_row(predictor: Predictor[Any], row: dict[str, Any]) -> float:
    """Median milliseconds of a call with one raw row, the first few calls aside."""
    times = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        predictor.call([row])
        times.append(time.perf_counter() - began)
    return float(np.median(times[_CALLS // 10 :])) * 1e3
