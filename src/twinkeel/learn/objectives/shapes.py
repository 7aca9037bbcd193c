"""Which way of learning an amount does best: on itself, on its logarithm, or as a count.

Heavy-tailed amounts and counts are tried each way with quick models, judged out of fold by the
squared error of the mean that each predicts, corrected as it would be served.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import quick
from twinkeel.learn.amount import AmountLoss
from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Family, Fold, Settings
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.links import Logarithm
from twinkeel.learn.material import Material
from twinkeel.learn.targets import Targets
from twinkeel.learn.workers import MARGIN, Job
from twinkeel.store.arrays import array

Floats = NDArray[np.float64]

_SKEWED = 1.0
"""From this skewness on, other ways than the amount itself are tried."""
_ROWS = 20_000
"""So many rows of a fold try them."""
_FOLDS = 3
_SHARE = 0.15
"""Share of the time for searching that trying may take."""
_CLEARLY = 0.99
"""The amount itself is kept unless another way has less than this share of its error."""
_HEADROOM = 0.7
"""How far margins may go beyond what was learned from: about twice the largest amount."""
_BOOSTED: Settings = {
    "iterations": 300,
    "patience": 20,
    "learning_rate": 0.1,
    "num_leaves": 16,
    "feature_fraction": 0.7,
}
_QUICK: tuple[tuple[Family, Settings], ...] = (
    (Light(), _BOOSTED),
    (Regularised(), {"C": 0.5, "iterations": 50}),
)
"""Trees hardly mind the shape of an amount; what is linear in a logarithm needs it."""


@dataclass(frozen=True)
class _Way:
    """A loss, and what it is called in a sentence."""

    words: str
    loss: AmountLoss


def choose(material: Material, budget: Budget) -> tuple[AmountLoss, tuple[str, ...]]:
    """The loss to learn with, and a sentence where it is not the plain one."""
    targets = material.targets
    assert isinstance(targets.loss, AmountLoss)
    ways = [_Way("as it is", targets.loss), *_others(targets, targets.loss)]
    if len(ways) == 1:
        return targets.loss, ()
    errors = _errors(material, [way.loss for way in ways], budget.end(_SHARE))
    best = int(np.argmin(errors))
    if errors[best] >= _CLEARLY * errors[0]:
        return targets.loss, ()
    note = (
        f"The target is skewed: it was learned {ways[best].words}, with the mean put right, which "
        f"has {1 - errors[best] / errors[0]:.1%} less squared error out of fold than learning it "
        "as it is."
    )
    return ways[best].loss, (note,)


def _others(targets: Targets, plain: AmountLoss) -> list[_Way]:
    """Logarithm and count, for skewed amounts that are never negative."""
    y = targets.y
    if y.min() < 0 or _skewness(y, targets.weight) < _SKEWED:
        return []
    mean = float(np.average(y, weights=targets.weight))
    whole = bool((y == np.floor(y)).all())
    shift = 0.0 if y.min() > 0 else 1.0 if whole else float(np.median(y[y > 0])) / 2
    scale = float(np.exp(np.average(np.log(y + shift), weights=targets.weight)))
    return [
        _Way("as its logarithm", plain.through(_logarithm(y, scale, shift), "squared")),
        _Way("as a count", plain.through(_logarithm(y, mean, 0.0), "poisson")),
    ]


def _logarithm(y: Floats, scale: float, shift: float) -> Logarithm:
    high = float(np.log((y.max() + shift) / scale)) + _HEADROOM
    return Logarithm(scale=scale, shift=shift, high=high, floor=0.0)


def _skewness(y: Floats, weight: Floats) -> float:
    away = y - np.average(y, weights=weight)
    second, third = (float(np.average(away**power, weights=weight)) for power in (2, 3))
    return float(third / max(second, np.finfo(np.float64).tiny) ** 1.5)


def _errors(material: Material, losses: list[AmountLoss], end: float) -> Floats:
    """Summed squared errors of the better of two quick models, for each loss, on the same folds;
    nothing where not even the first fold could be fitted."""
    total = np.zeros((len(losses), len(_QUICK)))
    for number, split in enumerate(material.splits[:_FOLDS]):
        if number and time.monotonic() >= end:
            break
        margins = _margins(material, losses, number, end)
        if margins is None:
            break
        valid = material.targets.take(split.valid)
        found = [
            [loss.plain(margin, valid) for margin in each]
            for loss, each in zip(losses, margins, strict=True)
        ]
        total += np.array(found) * valid.weight.sum()
    best: Floats = total.min(axis=1)
    return best


def _margins(
    material: Material, losses: list[AmountLoss], number: int, end: float
) -> list[list[Floats]] | None:
    """Of each loss, the margins of each quick model on the rows that judge a fold."""
    tried = [(loss, one) for one in _QUICK for loss in losses]
    ends = quick.turns(end, len(tried), material.workers.size)
    jobs = [
        Job(
            key=f"quick{i}",
            family=family,
            settings=settings,
            fold=partial(_fold, material, loss, number),
            seed=material.seed,
            end=ends[i],
        )
        for i, (loss, (family, settings)) in enumerate(tried)
    ]
    with quick.fitted(material.workers, jobs) as folders:
        if folders is None:
            return None
        found = [array(folder / MARGIN) for folder in folders]
    return [found[way :: len(losses)] for way in range(len(losses))]


def _fold(material: Material, loss: AmountLoss, number: int) -> Fold:
    """A fold with fewer rows to learn from, for another loss."""
    rng, split = np.random.default_rng(material.seed), material.splits[number]
    splits = list(material.splits)
    splits[number] = replace(split, train=np.sort(rng.permutation(split.train)[:_ROWS]))
    targets = replace(material.targets, loss=loss)
    return replace(material, splits=tuple(splits), targets=targets).fold(number)
