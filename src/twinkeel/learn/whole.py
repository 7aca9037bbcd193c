"""One model of all rows in the place of a bag: a fifth of the trees, for about the same loss.

Owns when there is time for it and how long such a model is boosted. What it loses is not known out
of fold, as no row is left to judge it: it is taken to lose what its bag does and `PRICE` more, and
its answers are calibrated as the bag's are. Where the time ends first, the bags stay as they were.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Effort, Model, Settings
from twinkeel.learn.search import Bag, Material, Placed, Step

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


class _TooLate(Exception):
    """The time was over before the model was fitted: what was written is no finished step."""


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
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # no stubs

    chosen = [i for i, bag in enumerate(bags) if weights[i] and _settings(bag) is not None]
    ended, end = threading.Event(), time.monotonic() + _ENDED * budget.last

    def late() -> bool:
        return ended.is_set() or time.monotonic() >= end

    def model(number: int) -> Model:
        return _model(material, bags[number], late, step)

    found = list(bags)
    with threadpool_limits(limits=1), ThreadPoolExecutor(material.workers) as pool:
        try:
            for i, made in zip(chosen, pool.map(model, chosen), strict=True):
                found[i] = replace(bags[i], whole=Placed(material.whole, made))
        except _TooLate:
            return None
        except (
            BaseException
        ):  # Ctrl+C too ends what is being fitted, so that no thread outlives this
            ended.set()
            raise
    return tuple(found)


def _model(material: Material, bag: Bag, late: Callable[[], bool], step: Step) -> Model:
    """One model of all rows, fitted or found fitted."""
    family, settings = bag.candidate.family, _settings(bag)
    assert settings is not None  # such bags were not chosen

    def work(folder: Path) -> None:
        seed = (material.seed * 1009 + material.whole) % 2**31
        family.fit(material.fold(material.whole), settings, Effort(seed, late), folder)
        if late():
            raise _TooLate

    return family.load(step(f"{bag.candidate.name}-whole", work), material.targets.loss.width)


def _settings(bag: Bag) -> Settings | None:
    return bag.candidate.family.whole(bag.candidate.settings, bag.models)
