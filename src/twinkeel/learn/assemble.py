"""From fitted bags to one function: weights, arrays, head, out-of-fold truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import nets, trees
from twinkeel.learn.compile import Function
from twinkeel.learn.encode import Values
from twinkeel.learn.leaderboard import intervals
from twinkeel.learn.linear import Linear
from twinkeel.learn.material import Bag, Material
from twinkeel.learn.nets import Nets
from twinkeel.learn.parts import Parts
from twinkeel.learn.preference import PER_TREE
from twinkeel.learn.prepare import Space
from twinkeel.learn.targets import Head, Targets
from twinkeel.learn.trees import Trees

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """One candidate and what became of it."""

    name: str
    weight: float
    """Its share of the ensemble; 0 if it was not taken."""
    loss: float
    """Out of fold, by itself, uncalibrated ..."""
    low: float
    high: float
    """... and its 95% interval."""
    trees: int
    milliseconds: float
    """What it adds to one row, judged by its size."""


@dataclass(frozen=True)
class Ensemble:
    """Bags with their weights, and the one function that they make."""

    bags: tuple[Bag, ...]
    weights: Floats
    function: Function
    rows: NDArray[np.intp]
    """(judged rows,) which rows judge, fold after fold."""
    part: NDArray[np.intp]
    """(judged rows,) the fold of each."""
    out_of_fold: Floats
    """(judged rows, m) answers."""
    targets: Targets
    """Of the judged rows."""
    standings: tuple[Standing, ...]

    @property
    def folds(self) -> int:
        """How many models each bag has."""
        return len(self.bags[0].models)

    @property
    def loss(self) -> float:
        """Out of fold, calibrated."""
        return self.targets.loss.of(self.out_of_fold, self.targets)

    def outputs(self, space: Space, values: Values) -> Floats:
        """(n, m) answers for contract-checked columns, by the libraries that fitted the models."""
        X = space.encode(values)
        total = np.zeros((len(X), self.function.width))
        for bag, weight in zip(self.bags, self.weights, strict=True):
            for fold, model in bag.served if weight else ():
                total += weight / len(bag.served) * model.margin(X[:, space.seen(fold)])
        return self.function.head.outputs(total)


def combine(material: Material, bags: Sequence[Bag], weights: Floats) -> Ensemble:
    """The bags with their weights, and a head from out-of-fold predictions."""
    splits = material.splits[: len(bags[0].models)]
    rows = np.concatenate([split.valid for split in splits])
    targets = material.targets.take(rows)
    part = np.repeat(np.arange(len(splits)), [len(split.valid) for split in splits])
    margin = np.tensordot(weights, [bag.margin for bag in bags], axes=1)
    head = targets.loss.head(margin, targets, part)
    return Ensemble(
        bags=tuple(bags),
        weights=weights,
        function=_function(material, bags, weights, head),
        rows=rows,
        part=part,
        out_of_fold=head.outputs(margin),
        targets=targets,
        standings=_standings(material, bags, weights, rows),
    )


def _standings(
    material: Material, bags: Sequence[Bag], weights: Floats, rows: NDArray[np.intp]
) -> tuple[Standing, ...]:
    """What became of each bag, judged on these rows."""
    targets, loss = material.targets.take(rows), material.targets.loss
    each = [loss.each(loss.uncalibrated(bag.margin, targets), targets) for bag in bags]
    groups = None if material.groups is None else material.groups[rows]
    low, high = intervals(np.column_stack(each), targets.weight, groups)
    return tuple(
        Standing(
            name=bag.candidate.name,
            weight=float(weight),
            loss=float(np.average(each[i], weights=targets.weight)),
            low=float(low[i]),
            high=float(high[i]),
            trees=bag.trees,
            milliseconds=PER_TREE * bag.cost,
        )
        for i, (bag, weight) in enumerate(zip(bags, weights, strict=True))
    )


def _function(material: Material, bags: Sequence[Bag], weights: Floats, head: Head) -> Function:
    """All chosen models as one set of trees, one linear function and nets side by side,
    weights multiplied in."""
    grown: list[Trees] = []
    wired: list[Nets] = []
    linear = material.frame
    for bag, weight in zip(bags, weights, strict=True):
        for (fold, _), part in zip(bag.served, bag.parts if weight else (), strict=False):
            seen = material.space.seen(fold)
            share = float(weight) / len(bag.served)
            if isinstance(part, Linear):
                linear = linear.plus(part.scaled(share), seen)
            elif isinstance(part, Trees):
                grown.append(part.over(seen).scaled(share))
            else:
                wired.append(part.over(seen).scaled(share))
    width = linear.width
    parts = Parts(trees.joined(grown, width), linear, nets.joined(wired))
    return Function(parts, head)
