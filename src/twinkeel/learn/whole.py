"""One model of all rows in the place of a bag: a fifth of the trees, for about the same loss.

Owns when there is time for it and how long such a model is boosted. What it loses is not known out
of fold, as no row is left to judge it: it is taken to lose what its bag does and `PRICE` more, and
its answers are calibrated as the bag's are. Where the time ends first, the bags stay as they were.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.budget import Budget
from twinkeel.learn.finishing import SPARE, refitting
from twinkeel.learn.material import Bag, Material, Placed
from twinkeel.learn.workers import Died, Job, Step

Floats = NDArray[np.float64]

PRICE = 0.002
"""The share of its loss that a bag of folds is taken to gain over one model: over 14 open sets it
gained between -3.1% and 0.2% (`bench/whole.py`); some is asked, to be sure."""
_MORE = 1.1
"""How many more trees it has than a fold's model."""


def smaller(bag: Bag) -> float:
    """How many trees one model of all rows is expected to have, in times of the bag's."""
    return _MORE / len(bag.models)


def timely(bags: Sequence[Bag], weights: Floats, workers: int, budget: Budget) -> frozenset[int]:
    """Positions of the chosen bags that can be fitted once more in the time that is left: first
    those that save the most trees for a second of it."""
    chosen = [int(i) for i in np.flatnonzero(weights)]
    seconds = {i: bags[i].seconds / len(bags[i].models) for i in chosen}
    found: list[int] = []
    for i in sorted(chosen, key=lambda i: seconds[i] / (bags[i].cost or 1)):
        each = [seconds[one] for one in (*found, i)]
        if SPARE * refitting(each, workers) <= budget.again:
            found.append(i)
    return frozenset(found)


def fitted(
    material: Material, bags: Sequence[Bag], which: Collection[int], budget: Budget, step: Step
) -> tuple[Bag, ...] | None:
    """The bags, those at some positions with a model of all rows; None where the time was over
    first."""
    end = time.monotonic() + budget.again
    chosen = sorted(which, key=lambda i: -bags[i].seconds)  # the longest first: none ends alone
    try:
        folders = material.workers.fit([_job(material, bags[i], end) for i in chosen], step)
    except Died:
        return None
    found, width = list(bags), material.targets.loss.width
    for i, folder in zip(chosen, folders, strict=True):
        if folder is None:
            return None
        made = bags[i].candidate.family.load(folder, width)
        found[i] = replace(bags[i], whole=Placed(material.whole, made))
    return tuple(found)


def _job(material: Material, bag: Bag, end: float) -> Job:
    """All rows, learned to the end or not at all."""
    return Job(
        key=f"{bag.candidate.name}-whole{len(bag.models)}",
        family=bag.candidate.family,
        settings=bag.again,
        fold=partial(material.fold, material.whole),
        seed=(material.seed * 1009 + material.whole) % 2**31,
        end=end,
        to_the_end=True,
    )
