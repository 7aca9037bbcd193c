"""Which candidate a search fits next, on how many folds, and when it ends.

It is asked for a candidate and told what became of it; it fits nothing itself. First come the
candidates of the list, then others near those that the ensemble is made of, until the budget is
used or a number of them that grows with the rows has gained nothing. Only the clock makes its
answers depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from twinkeel.learn.around import Candidate, near
from twinkeel.learn.budget import Budget
from twinkeel.learn.folds import Split
from twinkeel.learn.gain import Gains, patience
from twinkeel.learn.material import Bag, Material
from twinkeel.learn.portfolio import Portfolio

_PROBES = 2
"""One fold of so many candidates is measured first."""
_FEW = 10_000
"""With no more rows than these, a net takes seconds."""
_PLANNED = 0.35
"""Share of the time in which these must fit, for their folds to be planned."""
_ENOUGH = 0.5
"""A candidate is begun if at least this share of what it is expected to take is left ..."""
_TOO_SHORT = 0.2
"""... and so many seconds: its fitting is ended when the time is over."""


class Plan:
    """Asked for candidates, told outcomes."""

    def __init__(self, portfolio: Portfolio, budget: Budget, material: Material) -> None:
        self._portfolio = portfolio
        self._budget = budget
        self._material = material
        self._patience = patience(len(material.targets.y))
        self._gains: Gains | None = None
        self._fitted: dict[str, Candidate] = {}
        self._near: dict[str, int] = {}
        self._per_fold: dict[str, float] = {}
        self._folds = len(material.splits)
        self._begun = 0
        self._coming = self._candidates()

    @property
    def probes(self) -> Sequence[Candidate]:
        """The candidates of which one fold is to be measured first; none without a clock."""
        return () if self._budget.seconds is None else self._portfolio.listed[:_PROBES]

    @property
    def done(self) -> float:
        """Share of the budget that is used."""
        if self._budget.seconds is not None:
            return min(self._budget.used / self._budget.seconds, 1.0)
        return max(self._begun - 1, 0) / self._units

    def folds(self, measured: Sequence[float]) -> int:
        """How many folds to fit, from the seconds that one fold of each probe took."""
        self._per_fold = {
            one.family.name: took for one, took in zip(self.probes, measured, strict=True)
        }
        if measured:
            self._folds = self._affordable(sum(measured))
        return self._folds

    def ask(self) -> Candidate | None:
        """The next candidate for which there is time; None where the search is over.

        The first ones are given out until one of them is fitted, whatever the time.
        """
        if self._begun >= self._units or self._idle >= self._patience:
            return None
        found = next(self._coming, None)
        self._begun += found is not None
        return found

    def tell(self, bag: Bag) -> None:
        """A candidate that was asked for is fitted; of one that could not be, nothing is told."""
        name, family = bag.candidate.name, bag.candidate.family.name
        self._fitted[name] = bag.candidate
        self._per_fold[name] = self._per_fold[family] = bag.seconds / len(bag.models)
        if self._gains is None:
            self._gains = self._judging(self._material.splits[: len(bag.models)])
        self._gains.add(name, bag.margin, bag.cost)

    def _judging(self, splits: Sequence[Split]) -> Gains:
        """What judges gains on the rows that these folds judge."""
        of, rows = self._material, np.concatenate([split.valid for split in splits])
        return Gains(
            of.targets.take(rows),
            price=self._portfolio.price,
            seed=of.seed,
            groups=None if of.groups is None else of.groups[rows],
            time=None if of.time is None else of.time[rows],
        )

    @property
    def members(self) -> Sequence[str]:
        """Names of the candidates that the ensemble is made of by now."""
        return () if self._gains is None else tuple(self._gains.weights)

    @property
    def _units(self) -> float:
        if self._budget.seconds is not None:
            return float("inf")
        listed = len(self._portfolio)
        return self._budget.work if self._portfolio.goes_on else min(self._budget.work, listed)

    @property
    def _idle(self) -> int:
        return self._gains.idle if self._gains is not None else 0

    def _candidates(self) -> Iterator[Candidate]:
        for candidate in self._listed():
            if not self._fitted or self._fits(candidate.family.name):
                yield candidate
        while self._portfolio.goes_on and (found := self._next_near()) is not None:
            yield found

    def _listed(self) -> Sequence[Candidate]:
        """The list; under a clock, with few rows of many classes, what takes no longer for these
        comes first, once the probes are fitted: it may be all that there is time for."""
        listed, targets = self._portfolio.listed, self._material.targets
        if self._budget.seconds is None or targets.loss.width == 1 or len(targets.y) > _FEW:
            return listed
        return (
            *listed[:_PROBES],
            *sorted(listed[_PROBES:], key=lambda one: one.family.by_class),
        )

    def _next_near(self) -> Candidate | None:
        """One near a member of the ensemble, drawn by its weight; none where no time is left."""
        weights = self._gains.weights if self._gains is not None else {}
        parents = [self._fitted[name] for name in weights if self._fitted[name].family.spans]
        parents = [one for one in parents if self._fits(one.name)]
        if not parents:
            return None
        shares = np.array([weights[one.name] for one in parents])
        rng = np.random.default_rng([self._material.seed, self._begun])
        parent = parents[rng.choice(len(parents), p=shares / shares.sum())]
        self._near[parent.name] = self._near.get(parent.name, 0) + 1
        return near(parent, self._near[parent.name])

    def _affordable(self, each: float) -> int:
        available = len(self._material.splits)
        for count in range(available, 0, -1):
            if self._rounds(count) * each <= _PLANNED * self._budget.left:
                return count
        if each > self._budget.left:
            return 1  # which is fitted already
        return min(self._material.workers.size, available)

    def _fits(self, like: str) -> bool:
        """Whether enough time is left, judging by what the like of it, or the slowest one, took."""
        slowest = max(self._per_fold.values(), default=0.0)
        expected = self._per_fold.get(like, slowest) * self._rounds(self._folds)
        return self._budget.left >= max(_ENOUGH * expected, _TOO_SHORT)

    def _rounds(self, count: int) -> int:
        """How often all processors are taken when so many folds are fitted side by side."""
        return -(-count // self._material.workers.size)
