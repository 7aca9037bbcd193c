"""One model of all rows in the place of a bag: a fifth of the trees, for about the same loss.

Owns when there is time for it and how long such a model is boosted. What it loses is not known out
of fold, as no row is left to judge it: it is taken to lose what its bag does and `PRICE` more, and
its answers are calibrated as the bag's are. Where the time ends first, the bags stay as they were.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Settings
from twinkeel.learn.search import Bag, Material, Placed
from twinkeel.learn.workers import Died, Job, Step

Floats = NDArray[np.float64]

PRICE = 0.002
"""The share of its loss that a bag of folds is taken to gain over one model: over 14 open sets it
gained between -3% and 3.5%, in the middle nothing (`bench/whole.py`); some is asked, to be sure."""
_LONGER = 1.3
"""How much longer than one fold fitting all rows takes."""
_MORE = 1.1
"""How many more trees it has than a fold's model."""
_BEGUN = 0.35
"""It is begun if it is expected to take at most this share of all the time that is left ..."""
_ENDED = 0.5
"""... and given up after this share."""


def smaller(bag: Bag) -> float:
    """How many trees one model of all rows is expected to have, in times of the bag's; 1 where it
    stays a bag."""
    return 1.0 if _settings(bag) is None else _MORE / len(bag.models)


def timely(bags: Sequence[Bag], weights: Floats, workers: int, budget: Budget) -> bool:
    """Whether all that were chosen can be fitted once more in the time that is left."""
    each = [
        _LONGER * bag.seconds / len(bag.models)
        for bag, weight in zip(bags, weights, strict=True)
        if weight and _settings(bag) is not None
    ]
    expected = max(sum(each) / workers, max(each, default=0.0))
    return bool(each) and expected <= _BEGUN * budget.last


def fitted(
    material: Material, bags: Sequence[Bag], weights: Floats, budget: Budget, step: Step
) -> tuple[Bag, ...] | None:
    """The bags, those chosen with a model of all rows; None where the time was over first."""
    end = time.monotonic() + _ENDED * budget.last
    chosen = [i for i, bag in enumerate(bags) if weights[i] and _settings(bag) is not None]
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
    settings = _settings(bag)
    assert settings is not None  # such bags were not chosen
    return Job(
        key=f"{bag.candidate.name}-whole",
        family=bag.candidate.family,
        settings=settings,
        fold=partial(material.fold, material.whole),
        seed=(material.seed * 1009 + material.whole) % 2**31,
        end=end,
        to_the_end=True,
    )


def _settings(bag: Bag) -> Settings | None:
    return bag.candidate.family.whole(bag.candidate.settings, bag.models)
