"""Resampled case weights: whole units drawn with replacement, the same draws for every score.

Owns the randomness of all intervals. A score is a function of case weights, so a resample is a
row of weights (how often a case's unit was drawn, times the case's own weight), many rows are
one matrix, and two scores on the same rows are paired. Units are put in order of their names
before they are drawn: the order of the cases changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

BATCH_BYTES = 16 * 2**20
"""The size of one batch of weights; a statistic makes about three temporaries of this size."""


@dataclass(frozen=True)
class Resampling:
    """A fixed plan of resamples of n cases; the same plan gives the same weights each time."""

    unit: Indices
    """Shape (n,): the number of each case's unit, from 0."""
    weight: Floats
    """Shape (n,): each case's own weight, at least 0."""
    resamples: int = 1000
    seed: int = 0

    def batches(self) -> Iterator[Floats]:
        """Weights of all resamples, as matrices of shape (b, n) whose b add up to `resamples`."""
        random = np.random.default_rng(self.seed)
        units = int(self.unit.max(initial=-1)) + 1
        cases = len(self.unit)
        size = max(1, BATCH_BYTES // (8 * max(1, cases)))
        alone = np.array_equal(self.unit, np.arange(cases))
        for start in range(0, self.resamples if units else 0, size):
            drawn = _draws(random, min(size, self.resamples - start), units)
            yield (drawn if alone else np.take(drawn, self.unit, axis=1)) * self.weight


def resampling(
    units: Sequence[str],
    *,
    weight: Sequence[float] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Resampling:
    """The plan for cases that belong to these units; cases of one unit are drawn together."""
    number = np.unique(np.asarray(units, dtype=object).astype(str), return_inverse=True)[1]
    own = np.ones(len(number)) if weight is None else np.asarray(weight, dtype=float)
    return Resampling(unit=number.reshape(-1), weight=own, resamples=resamples, seed=seed)


def _draws(random: np.random.Generator, rows: int, units: int) -> Floats:
    """How often each unit is drawn in `units` draws with replacement: shape (rows, units)."""
    draws = random.integers(0, units, size=(rows, units))
    draws += (np.arange(rows) * units)[:, None]
    return np.bincount(draws.ravel(), minlength=rows * units).reshape(rows, units).astype(float)
