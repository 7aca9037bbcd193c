"""Fits the candidates that a plan gives out, fold by fold, until the plan ends.

Owns what is made of fitted folds; which candidate comes next, and when to stop, is the plan's, and
where a fold is fitted the workers'. Every fold model is a step of its own: a build that was killed
finds it finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import BuildError, InputError
from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Fold
from twinkeel.learn.finishing import FIXED, SAVED, SPARE, Combining, combining, compiling, refitting
from twinkeel.learn.folds import Split
from twinkeel.learn.material import Bag, Material
from twinkeel.learn.plan import Plan
from twinkeel.learn.portfolio import Candidate, Portfolio
from twinkeel.learn.targets import Targets
from twinkeel.learn.workers import FITTED, MARGIN, Died, Fitted, Job, Step
from twinkeel.records import Progress, Tick
from twinkeel.store.arrays import array

Floats = NDArray[np.float64]

_PROBE = 0.25
"""Share of the time that the one fold may take which is measured first."""
_COMING = 2
"""So many more than are fitted by now are to be combined."""
_REFITTING = 0.25
"""Share of all the time that is kept, at most, to fit once more what is chosen."""
_KEPT_BYTES = 2**30


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
        self.notes: list[str] = []
        """A sentence on each candidate that was left out."""
        self._died: set[str] = set()
        self._least, self._best = float("inf"), ""
        self._combining: Combining | None = None
        self._compiling: dict[str, float] = {}
        self._refitting: dict[str, float] = {}

    def run(self) -> list[Bag]:
        """All bags that the budget allows: at least one, all over the same folds."""
        return self._bags(self._plan.folds(self._measured()))

    def _bags(self, count: int) -> list[Bag]:
        bags: list[Bag] = []
        while wave := self._wave(count):
            for bag in self._fitted(wave, count):
                bags.append(bag)
                self._plan.tell(bag)
                self._judge(bag)
                self._rehearse(bag, len(bags))
        if bags:
            return bags
        if self.notes:
            raise BuildError(
                f"No model could be learned: {self.notes[0]} Raise memory_limit, give fewer rows "
                "or columns, or use a machine with more memory."
            )
        raise InputError("No model could be fitted: no column varies within every fold.")

    def _wave(self, count: int) -> list[Candidate]:
        """The next candidates: as many as take all processors, where the clock is the limit.

        Otherwise one at a time, so that what is fitted does not depend on the processors.
        """
        most = 1 if self._budget.limit is None else max(self._material.workers.size // count, 1)
        asked: list[Candidate] = []
        while len(asked) < most and (candidate := self._plan.ask()) is not None:
            if candidate.name not in self._died:
                asked.append(candidate)
        return asked

    def _rehearse(self, bag: Bag, fitted: int) -> None:
        """Keep as much time for finishing as doing a little of it now says: all that is fitted is
        combined, and what the ensemble is made of by now is fitted on all rows and compiled."""
        if self._budget.limit is None:
            return
        if self._combining is None:
            targets, part = self._judged(len(bag.models))
            self._combining = combining(bag.margin, targets, part)
        self._compiling[bag.candidate.name] = compiling(lambda: bag.parts) if bag.trees else 0.0
        self._refitting[bag.candidate.name] = bag.seconds / len(bag.models)
        members = self._plan.members
        combined = self._combining.of(fitted + _COMING)
        compiled = sum(self._compiling[name] for name in members)
        needed = FIXED + (1 - SAVED) * compiled
        again = refitting([self._refitting[name] for name in members], self._material.workers.size)
        more = max(SAVED * compiled, min(again, _REFITTING * self._budget.limit))
        self._budget.keep(SPARE * (combined + needed + more), needed=needed)

    def _judged(self, count: int) -> tuple[Targets, NDArray[np.intp]]:
        """The targets of the rows that the first folds judge, and the fold of each."""
        valid = [split.valid for split in self._material.splits[:count]]
        part = np.repeat(np.arange(count), [len(rows) for rows in valid])
        return self._material.targets.take(np.concatenate(valid)), part

    def _measured(self) -> list[float]:
        """Seconds that one fold of each probe takes; 0 for one that cannot be fitted."""
        measured = []
        for candidate in self._plan.probes:
            self._tell([candidate])
            made = self._one_by_one([candidate], [self._budget.end(_PROBE)])
            measured.append(made[0].seconds if made else 0.0)
        return measured

    def _fitted(self, wave: Sequence[Candidate], count: int) -> list[Bag]:
        """Fit candidates side by side, each fold within its part of the time, of which one more
        part is for all rows."""
        self._tell(wave)
        size = self._material.workers.size
        rounds = -(-count * len(wave) // size)
        share = min(candidate.share for candidate in wave)
        ends = [self._budget.end(share * (n // size + 1) / (rounds + 1)) for n in range(count)]
        return self._one_by_one(wave, ends)

    def _one_by_one(self, wave: Sequence[Candidate], ends: Sequence[float]) -> list[Bag]:
        """The bags of a wave; one whose process ended is left out, and the others go on alone."""
        jobs = [self._job(one, number, end) for one in wave for number, end in enumerate(ends)]
        try:
            folders = self._material.workers.fit(jobs, self._step)
        except Died as died:
            if len(wave) > 1:
                return [bag for one in wave for bag in self._one_by_one([one], ends)]
            self._died.add(wave[0].name)
            self.notes.append(f"{wave[0].name} was left out: {died}.")
            return []
        count = len(ends)
        parts = [folders[i * count : (i + 1) * count] for i in range(len(wave))]
        bags = (self._bag(one, part) for one, part in zip(wave, parts, strict=True))
        return [bag for bag in bags if bag is not None]

    def _job(self, candidate: Candidate, number: int, end: float) -> Job:
        return Job(
            key=f"{candidate.name}-fold{number}",
            family=candidate.family,
            settings=candidate.settings,
            fold=partial(self._data, number),
            seed=self._seed(number),
            end=end,
        )

    def _bag(self, candidate: Candidate, folders: Sequence[Path | None]) -> Bag | None:
        """What the folders of its folds hold; None where it cannot learn from one of them."""
        found = [folder for folder in folders if folder is not None]
        if len(found) < len(folders):
            return None
        width = self._material.targets.loss.width
        noted = [
            msgspec.json.decode((folder / FITTED).read_bytes(), type=Fitted) for folder in found
        ]
        return Bag(
            candidate=candidate,
            models=tuple(candidate.family.load(folder, width) for folder in found),
            margin=np.concatenate([array(folder / MARGIN) for folder in found]),
            seconds=sum(one.seconds for one in noted),
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

    def _judge(self, bag: Bag) -> None:
        """Note the best single candidate so far, for those who watch."""
        targets, _ = self._judged(len(bag.models))
        loss = targets.judged(bag.margin)
        if loss < self._least:
            self._least = loss
            self._best = f"; best so far: {targets.told(loss)} ({bag.candidate.name})"

    def _tell(self, wave: Sequence[Candidate]) -> None:
        detail = ", ".join(candidate.name for candidate in wave) + self._best
        self._progress(Tick(stage="training", fraction=self._plan.done, detail=detail))


def usable(splits: Sequence[Split], targets: Targets, *, free: bool) -> tuple[Split, ...]:
    """The splits whose rows to learn from are enough. Raises InputError if none are.

    Where rows are `free` of groups and time, those of a class that would be only among the ones
    that judge are learned from instead.
    """

    def enough(split: Split) -> bool:
        return targets.loss.enough(targets.y[split.train])

    if free:
        strata = targets.loss.strata(targets.y)
        splits = [one if enough(one) else _completed(one, strata) for one in splits]
    found = tuple(split for split in splits if len(split.valid) and enough(split))
    if not found:
        raise InputError(
            "No split of the rows leaves every class, or two values of the target, in the part to "
            "learn from: give more rows, more groups, or classes that occur at more times."
        )
    return found


def _completed(split: Split, strata: NDArray[np.intp]) -> Split:
    """The split with the rows of a stratum that only judges among those that are learned from."""
    alone = ~np.isin(strata[split.valid], strata[split.train])
    train = np.sort(np.concatenate([split.train, split.valid[alone]]))
    return Split(train, split.valid[~alone])
