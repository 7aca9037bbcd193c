"""From fitted bags to one calibrated function: weights, arrays, calibration, out-of-fold truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import calibrate
from twinkeel.learn.calibrate import UNCALIBRATED, log_loss
from twinkeel.learn.compile import Function
from twinkeel.learn.encode import Values
from twinkeel.learn.ensemble import select
from twinkeel.learn.model import Member
from twinkeel.learn.prepare import Space, Targets
from twinkeel.learn.search import Bag, Material
from twinkeel.learn.trees import Trees, joined

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """Bags with their weights, and the one function that they make."""

    bags: tuple[Bag, ...]
    weights: Floats
    function: Function
    out_of_fold: Floats
    """(judged rows, classes) calibrated probabilities."""
    targets: Targets
    """Of the judged rows."""
    members: tuple[Member, ...]

    @property
    def folds(self) -> int:
        """How many models each bag has."""
        return len(self.bags[0].models)

    @property
    def log_loss(self) -> float:
        """Out of fold, calibrated."""
        return log_loss(self.out_of_fold, self.targets.y, self.targets.weight)

    def probabilities(self, space: Space, values: Values) -> Floats:
        """(n, classes) of contract-checked columns, by the libraries that fitted the models."""
        X = space.encode(values)
        total = np.zeros((len(X), self.function.width))
        for bag, weight in zip(self.bags, self.weights, strict=True):
            for fold, model in enumerate(bag.models if weight else ()):
                total += weight / self.folds * model.margin(X[:, space.seen(fold)])
        return self.function.calibration.probabilities(total)


def combine(material: Material, bags: Sequence[Bag]) -> Ensemble:
    """Choose weights and a calibration on out-of-fold predictions."""
    splits = material.splits[: len(bags[0].models)]
    targets = material.targets.take(np.concatenate([split.valid for split in splits]))
    part = np.repeat(np.arange(len(splits)), [len(split.valid) for split in splits])
    trees = [_tree_count(bag) for bag in bags]
    weights = select([bag.margin for bag in bags], targets, trees)
    margin = np.tensordot(weights, [bag.margin for bag in bags], axes=1)
    calibration = calibrate.fit(margin, targets, part)
    losses = (
        log_loss(UNCALIBRATED.probabilities(bag.margin), targets.y, targets.weight) for bag in bags
    )
    members = (
        Member(
            name=bag.candidate.name,
            weight=float(weight),
            log_loss=loss,
            trees=count,
        )
        for bag, weight, loss, count in zip(bags, weights, losses, trees, strict=True)
    )
    return Ensemble(
        bags=tuple(bags),
        weights=weights,
        function=_function(material, bags, weights, calibration),
        out_of_fold=calibration.probabilities(margin),
        targets=targets,
        members=tuple(members),
    )


def _tree_count(bag: Bag) -> int:
    parts = (model.parts() for model in bag.models)
    return sum(len(part) for part in parts if isinstance(part, Trees))


def _function(
    material: Material, bags: Sequence[Bag], weights: Floats, calibration: calibrate.Calibration
) -> Function:
    """All chosen models as one set of trees and one linear function, weights multiplied in."""
    trees, linear = [], material.frame
    for bag, weight in zip(bags, weights, strict=True):
        for fold, model in enumerate(bag.models if weight else ()):
            part, seen = model.parts(), material.space.seen(fold)
            share = float(weight) / len(bag.models)
            if isinstance(part, Trees):
                trees.append(part.over(seen).scaled(share))
            else:
                linear = linear.plus(part.scaled(share), seen)
    return Function(joined(trees, linear.width), linear, calibration)
