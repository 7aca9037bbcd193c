"""Which candidate a search fits next, on how many folds, and when it ends.

It is asked for a candidate and told what became of it; it fits nothing itself. Only the clock of
the budget makes its answers depend on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twinkeel.learn.budget import Budget
from twinkeel.learn.portfolio import Candidate

_PROBES = 2
"""One fold of so many candidates is measured first."""
_PLANNED = 0.35
"""Share of the time in which these must fit, for their folds to be planned."""
_ENOUGH = 0.5
"""A candidate is begun if at least this share of what it is expected to take is left ..."""
_TOO_SHORT = 0.2
"""... and so many seconds: its fitting is ended when the time is over."""


class Outcome(Protocol):
    """A candidate that was fitted on the first folds."""

    @property
    def candidate(self) -> Candidate:
        """What was asked for."""
        ...

    @property
    def seconds(self) -> float:
        """Over all its folds."""
        ...


class Plan:
    """Asked for candidates, told outcomes."""

    def __init__(self, candidates: Sequence[Candidate], budget: Budget, workers: int) -> None:
        self._listed = candidates[: budget.work]
        self._budget = budget
        self._workers = workers
        self._begun = 0
        self._per_fold: dict[str, float] = {}
        self._folds = 1
        self._told = False

    @property
    def probes(self) -> Sequence[Candidate]:
        """The candidates of which one fold is to be measured first; none without a clock."""
        return () if self._budget.seconds is None else self._listed[:_PROBES]

    @property
    def done(self) -> float:
        """Share of the budget that is used."""
        if self._budget.seconds is not None:
            return min(self._budget.used / self._budget.seconds, 1.0)
        return max(self._begun - 1, 0) / self._budget.work

    def folds(self, available: int, measured: Sequence[float]) -> int:
        """How many folds to fit, from the seconds that one fold of each probe took."""
        self._folds = available
        self._per_fold = {
            one.family.name: took for one, took in zip(self.probes, measured, strict=True)
        }
        if measured:
            self._folds = self._affordable(available, sum(measured))
        return self._folds

    def ask(self) -> Candidate | None:
        """The next candidate for which there is time; None where the search is over.

        The first ones are given out until one of them is fitted, whatever the time.
        """
        while self._begun < len(self._listed):
            candidate = self._listed[self._begun]
            self._begun += 1
            if not self._told or self._fits(candidate):
                return candidate
        return None

    def tell(self, outcome: Outcome) -> None:
        """A candidate that was asked for is fitted; of one that could not be, nothing is told."""
        self._told = True
        self._per_fold[outcome.candidate.family.name] = outcome.seconds / self._folds

    def _affordable(self, available: int, each: float) -> int:
        for count in range(available, 0, -1):
            if self._rounds(count) * each <= _PLANNED * self._budget.left:
                return count
        return min(self._workers, available)

    def _fits(self, candidate: Candidate) -> bool:
        """Whether enough time is left, judging by what its family, or the slowest one, took."""
        slowest = max(self._per_fold.values(), default=0.0)
        expected = self._per_fold.get(candidate.family.name, slowest) * self._rounds(self._folds)
        return self._budget.left >= max(_ENOUGH * expected, _TOO_SHORT)

    def _rounds(self, count: int) -> int:
        """How often all processors are taken when so many folds are fitted side by side."""
        return -(-count // self._workers)
