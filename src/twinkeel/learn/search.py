"""Fits the candidates of the portfolio, fold by fold, until the budget ends.

Measures one fold of the cheap families first, then plans how many folds and which candidates
fit. Every fold model is a step of its own: a build that was killed finds it finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import InputError
from twinkeel.learn.budget import Budget
from twinkeel.learn.encode import Matrix, Values
from twinkeel.learn.families.base import Effort, Fold, Model, Unfit
from twinkeel.learn.folds import Split
from twinkeel.learn.linear import Linear
from twinkeel.learn.portfolio import PORTFOLIO, Candidate
from twinkeel.learn.prepare import Space, Targets
from twinkeel.records import Progress, Record, Tick

Floats = NDArray[np.float64]
Step = Callable[[str, Callable[[Path], None]], Path]

_FEWER_FOLDS = (5, 3, 1)
_FITTED = "fitted.json"
_MARGIN = "margin.npy"
_MIN_SHARE = 0.5
"""A candidate is begun if at least this share of what it is expected to take is left."""


class Fitted(Record, frozen=True):
    """What is noted of a fitted fold."""

    seconds: float


@dataclass(frozen=True)
class Material:
    """What every candidate learns from."""

    space: Space
    X: Matrix
    """(n, F) encoded rows."""
    values: Values
    targets: Targets
    splits: tuple[Split, ...]
    frame: Linear
    """Fill and range of the F features."""
    seed: int
    threads: int

    def fold(self, number: int) -> Fold:
        """The data of one fold, statistics of the target out of fold."""
        split, seen = self.splits[number], self.space.seen(number)
        train, valid = self.targets.take(split.train), self.targets.take(split.valid)
        return Fold(
            X=self.space.training(self.X, self.values, self.targets, split.train, number),
            y=train.y,
            weight=train.weight,
            X_valid=self.X[np.ix_(split.valid, seen)],
            y_valid=valid.y,
            weight_valid=valid.weight,
            classes=self.targets.classes,
            frame=self.frame.at(seen),
        )


@dataclass(frozen=True)
class Bag:
    """One candidate, fitted on the first folds; its prediction is the mean of its models'."""

    candidate: Candidate
    models: tuple[Model, ...]
    margin: Floats
    """(judged rows, k) out-of-fold margins, fold after fold."""
    seconds: float


class Search:
    """One run through the portfolio."""

    def __init__(self, material: Material, budget: Budget, step: Step, progress: Progress) -> None:
        self._material = material
        self._budget = budget
        self._step = step
        self._progress = progress
        self._cached: tuple[int, Fold] | None = None

    def run(self) -> list[Bag]:
        """All bags that the budget allows: at least one, all over the same folds."""
        count, planned = self._plan()
        bags: list[Bag] = []
        for place, candidate in enumerate(PORTFOLIO[: self._budget.work]):
            if bags and not self._fits(candidate, bags, planned):
                continue
            self._tell(candidate, place)
            with suppress(Unfit):
                bags.append(self._bag(candidate, count))
        if not bags:
            raise InputError("No model could be fitted: no column varies within every fold.")
        return bags

    def _plan(self) -> tuple[int, dict[str, float]]:
        """How many folds to fit, and measured seconds per fold of the first families."""
        available = len(self._material.splits)
        if self._budget.seconds is None:
            return available, {}
        measured = {}
        for candidate in PORTFOLIO[: min(2, self._budget.work)]:
            self._tell(candidate, 0)
            _, _, fitted = self._fold(candidate, 0, share=0.25)
            measured[candidate.family.name] = fitted.seconds
        one = 3 * sum(measured.values())  # what comes later is about twice as slow
        for count in _FEWER_FOLDS:
            if count <= available and one * count <= self._budget.left:
                return count, measured
        return 1, measured

    def _fits(self, candidate: Candidate, bags: Sequence[Bag], planned: dict[str, float]) -> bool:
        """Whether enough time is left, judging by what its family took before."""
        if self._budget.seconds is None:
            return True
        count = len(bags[0].models)
        same = [bag.seconds for bag in bags if bag.candidate.family.name == candidate.family.name]
        known = planned.get(candidate.family.name)
        expected = same[-1] if same else count * (known or 2 * max(planned.values()))
        return self._budget.left >= max(_MIN_SHARE * expected, 0.2)

    def _bag(self, candidate: Candidate, count: int) -> Bag:
        models, margins, seconds = [], [], 0.0
        for number in range(count):
            model, margin, fitted = self._fold(candidate, number, share=1 / (count - number))
            models.append(model)
            margins.append(margin)
            seconds += fitted.seconds
        return Bag(candidate, tuple(models), np.concatenate(margins), seconds)

    def _fold(
        self, candidate: Candidate, number: int, *, share: float
    ) -> tuple[Model, Floats, Fitted]:
        """Fit one fold within a share of the time left, or find it fitted."""

        def work(folder: Path) -> None:
            began = time.monotonic()
            fold = self._data(number)
            effort = Effort(self._seed(number), self._material.threads, self._budget.until(share))
            candidate.family.fit(fold, candidate.settings, effort, folder)
            model = candidate.family.load(folder, fold.classes)
            np.save(folder / _MARGIN, model.margin(fold.X_valid), allow_pickle=False)
            fitted = Fitted(seconds=time.monotonic() - began)
            (folder / _FITTED).write_bytes(msgspec.json.encode(fitted))

        folder = self._step(f"{candidate.name}-fold{number}", work)
        return (
            candidate.family.load(folder, self._material.targets.classes),
            np.load(folder / _MARGIN, allow_pickle=False),
            msgspec.json.decode((folder / _FITTED).read_bytes(), type=Fitted),
        )

    def _data(self, number: int) -> Fold:
        if self._cached is None or self._cached[0] != number:
            self._cached = number, self._material.fold(number)
        return self._cached[1]

    def _seed(self, number: int) -> int:
        return (self._material.seed * 1009 + number) % 2**31

    def _tell(self, candidate: Candidate, place: int) -> None:
        fraction = (
            min(self._budget.used / self._budget.seconds, 1.0)
            if (self._budget.seconds)
            else place / self._budget.work
        )
        self._progress(Tick(stage="training", fraction=fraction, detail=candidate.name))


def usable(splits: Sequence[Split], targets: Targets) -> tuple[Split, ...]:
    """The splits whose rows to learn from hold every class. Raises InputError if none does."""
    found = tuple(
        split
        for split in splits
        if len(split.valid) and len(np.unique(targets.y[split.train])) == targets.classes
    )
    if not found:
        raise InputError(
            "No split of the rows leaves every class in the part to learn from: give more rows, "
            "more groups, or classes that occur at more times."
        )
    return found
