"""What is to be learned, and the part of it that can be learned from within the limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.data.table import Table
from twinkeel.errors import InputError
from twinkeel.learn.budget import slowness
from twinkeel.learn.objectives.base import Objective
from twinkeel.learn.preference import BALANCED, Preference
from twinkeel.metrics.custom import Metric
from twinkeel.records import Limits

Floats = NDArray[np.float64]
Index = NDArray[np.intp] | NDArray[np.bool_]

_CELLS_PER_SECOND = 200_000
"""Values of a table that are read, encoded and learned from in a second of the time limit."""
_BUSY = 4.0
"""That holds while work takes so many times longer than alone; of a machine that is busier, less is
asked ..."""
_PREPARING = 0.2
"""... and reading and encoding must end within this share of the limit, at the speed of ..."""
_TRIED = 4_000
"""... so many rows, which are tried where there are ..."""
_SURE = 20_000
"""... more than these."""
_RARE = 50
"""So many rows of a stratum are kept, or all that there are, however rare it is."""


@dataclass(frozen=True)
class Problem:
    """What is to be learned."""

    table: Table
    """n rows of the columns that may be learned from."""
    target: NDArray[Any]
    """(n,) what is to be predicted, as the objective reads it."""
    objective: Objective
    weight: Floats | None = None
    groups: NDArray[Any] | None = None
    """(n,) rows of one group are never on both sides of a fold."""
    time: NDArray[Any] | None = None
    """(n,) sortable moments: folds then go forward in time."""
    keep: tuple[str, ...] = ()
    """Columns that look like identifiers and are to be learned from all the same."""
    metric: Metric | None = None
    """What the search goes by instead of the objective's loss."""
    members: tuple[str, ...] = ()
    """The candidates to fit, by name; where none is named, all of the portfolio are."""
    preference: Preference = BALANCED
    """What an answer may cost."""
    agree: Callable[[Contract], None] = lambda _: None
    """Told what will be read, before anything is learned; may raise to stop it."""
    check: Table | None = None
    """Rows that were held out, on which the compiled model is proven; else the learned ones."""

    def take(self, rows: Index) -> Problem:
        """The same problem with some of the rows to learn from."""
        return replace(
            self,
            table=self.table.take(rows),
            target=self.target[rows],
            weight=None if self.weight is None else self.weight[rows],
            groups=None if self.groups is None else self.groups[rows],
            time=None if self.time is None else self.time[rows],
        )


def learnable(
    problem: Problem, limits: Limits, seed: int, *, trial: Callable[[Problem], object]
) -> tuple[Problem, tuple[str, ...]]:
    """The rows that have a target and fit the time limit, and sentences on what was left out.

    `trial` prepares a few rows, to see how long it takes.
    """
    notes = []
    keep = problem.objective.known(problem.target)
    if not keep.all():
        problem = problem.take(keep)
        notes.append(
            f"{int((~keep).sum())} rows without {problem.objective.missing} were left out."
        )
    rows = len(problem.target)
    most = _most_rows(problem, limits, seed, trial)
    if rows > most:
        problem = _sampled(problem, most, seed)
        notes.append(
            f"Learned from {len(problem.target):,} of {rows:,} rows, drawn at random, "
            f"which is what the {limits.time:.1f} s left of the time_limit allow here and now."
        )
    return problem, tuple(notes)


def _most_rows(
    problem: Problem, limits: Limits, seed: int, trial: Callable[[Problem], object]
) -> float:
    if limits.time is None:
        return np.inf
    most = _CELLS_PER_SECOND * limits.time / max(len(problem.table.names), 1)
    if len(problem.target) <= _SURE:
        return most
    slow, few = slowness(), _sampled(problem, _TRIED, seed)
    began = time.thread_time()
    trial(few)
    each = slow * (time.thread_time() - began) / len(few.target)
    return min(most, most * _BUSY / slow, _PREPARING * limits.time / each)


def _sampled(problem: Problem, most: float, seed: int) -> Problem:
    """About so many rows, each stratum's share of them, in order."""
    share = most / len(problem.target)
    strata = problem.objective.strata(problem.target)
    rng = np.random.default_rng(seed)
    kept = []
    for name in np.unique(strata):
        rows = np.flatnonzero(strata == name)
        count = max(int(share * len(rows)), min(_RARE, len(rows)))
        kept.append(rng.permutation(rows)[:count])
    return problem.take(np.sort(np.concatenate(kept)))


def weights(problem: Problem) -> Floats:
    """(n,) weights with mean 1. Raises InputError unless all are numbers of at least 0."""
    n = len(problem.target)
    if problem.weight is None:
        return np.ones(n)
    weight = np.asarray(problem.weight, dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(bad):
        raise InputError(f"Row {bad[0] + 1}: expected a weight of 0 or more, got {weight[bad[0]]}.")
    if weight.sum() <= 0:
        raise InputError("Every weight is zero: expected some rows to count.")
    relative: Floats = weight / weight.mean()
    return relative
