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
BLOCKS = 200
"""The most blocks that a jackknife leaves out one at a time."""


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
        alone = np.array_equal(self.unit, np.arange(len(self.unit)))
        for rows in self._rows(self.resamples):
            drawn = _draws(random, len(rows), self._units)
            yield (drawn if alone else np.take(drawn, self.unit, axis=1)) * self.weight

    def left_out(self) -> Iterator[Floats]:
        """Weights without one block of units at a time, every unit once: a jackknife.

        Each unit is a block of its own up to `BLOCKS` units; then blocks of equal size stand
        for them, whose skewness is that of their members.
        """
        block = self.unit % BLOCKS
        for rows in self._rows(min(BLOCKS, self._units)):
            yield np.where(block == np.asarray(rows)[:, None], 0.0, self.weight)

    @property
    def _units(self) -> int:
        return int(self.unit.max(initial=-1)) + 1

    def _rows(self, rows: int) -> Iterator[range]:
        """Consecutive parts of so many rows of weights, each within `BATCH_BYTES`."""
        size = max(1, BATCH_BYTES // (8 * max(1, len(self.unit))))
        stop = rows if self._units else 0
        return (range(start, min(start + size, stop)) for start in range(0, stop, size))


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
