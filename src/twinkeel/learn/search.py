"""Fits the candidates that a plan gives out, fold by fold, until the plan ends.

Owns how folds are fitted; which candidate comes next, and when to stop, is the plan's. Every fold
model is a step of its own: a build that was killed finds it finished.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import InputError
from twinkeel.learn.budget import Budget
from twinkeel.learn.encode import Matrix, Values
from twinkeel.learn.families.base import Effort, Fold, Model, Unfit
from twinkeel.learn.finishing import FIXED, SPARE, combining, compiling
from twinkeel.learn.folds import Split, everything
from twinkeel.learn.linear import Linear
from twinkeel.learn.nets import Nets
from twinkeel.learn.plan import Plan
from twinkeel.learn.portfolio import Candidate, Portfolio
from twinkeel.learn.prepare import Space
from twinkeel.learn.targets import Targets
from twinkeel.learn.trees import Trees
from twinkeel.records import Progress, Record, Tick
from twinkeel.store.arrays import array

Floats = NDArray[np.float64]
Step = Callable[[str, Callable[[Path], None]], Path]
Stop = Callable[[], bool]

_FITTED = "fitted.json"
_MARGIN = "margin.npy"
_PROBE = 0.25
"""Share of the time that the one fold may take which is measured first."""
_KEPT_BYTES = 2**30


class Fitted(Record, frozen=True):
    """What is noted of a fitted fold."""

    seconds: float
    """From data to margin, on one thread."""


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
    workers: int
    """How many folds are fitted side by side."""
    groups: NDArray[Any] | None = None
    """(n,) rows of one group belong together."""

    @property
    def whole(self) -> int:
        """The number of the fold that is all rows."""
        return len(self.splits)

    def fold(self, number: int) -> Fold:
        """The data of one fold, statistics of the target out of fold."""
        split = everything(len(self.X), self.seed) if number == self.whole else self.splits[number]
        seen = self.space.seen(number)
        train, valid = self.targets.take(split.train), self.targets.take(split.valid)
        return Fold(
            X=self.space.training(self.X, self.values, self.targets, split.train, number),
            y=self.targets.loss.learned(train.y),
            weight=train.weight,
            X_valid=self.X[np.ix_(split.valid, seen)],
            y_valid=self.targets.loss.learned(valid.y),
            weight_valid=valid.weight,
            loss=self.targets.loss,
            frame=self.frame.at(seen),
        )


@dataclass(frozen=True)
class FittedFold:
    """One model of a bag, read back from its step."""

    model: Model
    margin: Floats
    """(judged rows of the fold, k)"""
    fitted: Fitted


class Placed(NamedTuple):
    """A model and the fold whose features it sees."""

    fold: int
    model: Model


@dataclass(frozen=True)
class Bag:
    """One candidate, fitted on the first folds; its prediction is the mean of its models', or that
    of one model of all rows."""

    candidate: Candidate
    models: tuple[Model, ...]
    margin: Floats
    """(judged rows, k) out-of-fold margins, fold after fold."""
    seconds: float
    whole: Placed | None = None
    """The model of all rows, where there is one."""

    @property
    def served(self) -> tuple[Placed, ...]:
        """The models that answer."""
        if self.whole is not None:
            return (self.whole,)
        return tuple(Placed(fold, model) for fold, model in enumerate(self.models))

    @cached_property
    def trees(self) -> int:
        """How many trees a row goes through."""
        return sum(model.trees for _, model in self.served)

    @cached_property
    def cost(self) -> int:
        """How many trees take a row as long."""
        return sum(model.cost for _, model in self.served)

    @cached_property
    def parts(self) -> tuple[Trees | Linear | Nets, ...]:
        """Each model that answers as plain arrays."""
        return tuple(model.parts() for _, model in self.served)


class _Abandoned(Exception):
    """A fold was given up before it was fitted: what its family wrote is no finished step."""


class Search:
    """One run through the portfolio."""

    def __init__(
        self,
        material: Material,
        budget: Budget,
        step: Step,
        progress: Progress,
        portfolio: Portfolio,
    ) -> None:
        self._material = material
        self._budget = budget
        self._step = step
        self._progress = progress
        self._plan = Plan(portfolio, budget, material)
        self._folds: dict[int, Fold] = {}
        self._combining = self._compiling = 0.0

    def run(self) -> list[Bag]:
        """All bags that the budget allows: at least one, all over the same folds."""
        from threadpoolctl import (  # type: ignore[import-untyped]  # no stubs
            threadpool_limits,
        )

        with threadpool_limits(limits=1):  # folds are fitted side by side instead
            return self._bags(self._plan.folds(self._measured()))

    def _bags(self, count: int) -> list[Bag]:
        bags: list[Bag] = []
        while (candidate := self._plan.ask()) is not None:
            self._tell(candidate)
            with suppress(Unfit):
                bags.append(self._bag(candidate, count))
                self._plan.tell(bags[-1])
                self._rehearse(bags[-1])
        if not bags:
            raise InputError("No model could be fitted: no column varies within every fold.")
        return bags

    def _rehearse(self, bag: Bag) -> None:
        """Keep as much time for finishing as doing a little of it now says."""
        if self._budget.limit is None:
            return
        if not self._combining:
            targets, part = self._judged(len(bag.models))
            members = self._budget.work
            self._combining = combining(bag.margin, targets, part, members)
        self._compiling += compiling(lambda: bag.parts) if bag.trees else 0.0
        self._budget.keep(SPARE * (FIXED + self._combining + self._compiling))

    def _judged(self, count: int) -> tuple[Targets, NDArray[np.intp]]:
        """The targets of the rows that the first folds judge, and the fold of each."""
        valid = [split.valid for split in self._material.splits[:count]]
        part = np.repeat(np.arange(count), [len(rows) for rows in valid])
        return self._material.targets.take(np.concatenate(valid)), part

    def _measured(self) -> list[float]:
        """Seconds that one fold of each probe takes."""
        measured = []
        for candidate in self._plan.probes:
            self._tell(candidate)
            (one,) = self._side_by_side(candidate, [self._budget.until(_PROBE)])
            measured.append(one.fitted.seconds)
        return measured

    def _rounds(self, count: int) -> int:
        """How often all processors are taken when so many folds are fitted side by side."""
        return -(-count // self._material.workers)

    def _bag(self, candidate: Candidate, count: int) -> Bag:
        """Fit one candidate, each fold within its part of the time."""
        stops = [
            self._budget.until(
                candidate.share * (number // self._material.workers + 1) / self._rounds(count)
            )
            for number in range(count)
        ]
        made = self._side_by_side(candidate, stops)
        return Bag(
            candidate=candidate,
            models=tuple(one.model for one in made),
            margin=np.concatenate([one.margin for one in made]),
            seconds=sum(one.fitted.seconds for one in made),
        )

    def _side_by_side(self, candidate: Candidate, stops: Sequence[Stop]) -> list[FittedFold]:
        """Fit the first folds: each on one thread, which wastes nothing on waiting.

        No thread outlives this, however it ends: native code that still runs while Python is
        taken down crashes. What goes wrong, Ctrl+C too, ends the other folds first.
        """
        ended = threading.Event()
        with ThreadPoolExecutor(self._material.workers) as pool:
            try:
                tasks = [
                    pool.submit(self._fold, candidate, number, stop, ended)
                    for number, stop in enumerate(stops)
                ]
                return [task.result() for task in tasks]
            except BaseException:
                ended.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _fold(
        self, candidate: Candidate, number: int, stop: Stop, ended: threading.Event
    ) -> FittedFold:
        """Fit one fold until `stop`, or find it fitted; nothing is kept of it once `ended`."""

        def work(folder: Path) -> None:
            began = time.monotonic()
            fold = self._data(number)
            effort = Effort(self._seed(number), lambda: ended.is_set() or stop())
            candidate.family.fit(fold, candidate.settings, effort, folder)
            if ended.is_set():
                raise _Abandoned
            model = candidate.family.load(folder, fold.width)
            np.save(folder / _MARGIN, model.margin(fold.X_valid), allow_pickle=False)
            fitted = Fitted(seconds=time.monotonic() - began)
            (folder / _FITTED).write_bytes(msgspec.json.encode(fitted))

        folder = self._step(f"{candidate.name}-fold{number}", work)
        return FittedFold(
            model=candidate.family.load(folder, self._material.targets.loss.width),
            margin=array(folder / _MARGIN),
            fitted=msgspec.json.decode((folder / _FITTED).read_bytes(), type=Fitted),
        )

    def _data(self, number: int) -> Fold:
        """A fold's data, kept for the next candidate while all folds together are small."""
        if number in self._folds:
            return self._folds[number]
        fold = self._material.fold(number)
        if self._material.X.nbytes * len(self._material.splits) <= _KEPT_BYTES:
            self._folds[number] = fold
        return fold

    def _seed(self, number: int) -> int:
        return (self._material.seed * 1009 + number) % 2**31

    def _tell(self, candidate: Candidate) -> None:
        self._progress(Tick(stage="training", fraction=self._plan.done, detail=candidate.name))


def usable(splits: Sequence[Split], targets: Targets) -> tuple[Split, ...]:
    """The splits whose rows to learn from are enough. Raises InputError if none are."""
    found = tuple(
        split
        for split in splits
        if len(split.valid) and targets.loss.enough(targets.y[split.train])
    )
    if not found:
        raise InputError(
            "No split of the rows leaves every class, or two values of the target, in the part to "
            "learn from: give more rows, more groups, or classes that occur at more times."
        )
    return found
