"""How good is a version on calls whose labels are not known yet? Scores with 90% intervals.

Assumes that the world behind the labels is as it was: inputs may have shifted, what they mean has
not (no concept drift); labels, when they come, check just that. The reference is weighted to look
like the window: the ratio of densities from a domain classifier (Bickel et al. 2009). A mean loss
is then estimated doubly robustly, from a loss model and the weighted errors of that model; a
ranking in `areas`. The intervals hold the error of the reference and the chance in the labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats.bins import Bins, Codes
from twinkeel.stats.intervals import wilson
from twinkeel.stats.logistic import RIDGE, logistic, with_one
from twinkeel.stats.tails import Floats

_LARGEST = 20.0
"""No case of the reference counts for more than this many."""
_Z, _Z95 = 1.645, 1.96
_GRADED, _LEAST_GRADED = 8, 4
"""Estimates that labels have graded: how many are looked back at, and how few say nothing."""


@dataclass(frozen=True)
class Expected:
    """A score that labels would give, and the 90% interval that it should fall in."""

    value: float
    low: float
    high: float
    effective_n: float
    """How many cases of the reference it rests on (Kish)."""
    spread: float = 0.0
    """The variance of one call's part in the score; a sample of l calls has it over l."""


@dataclass(frozen=True)
class Weights:
    """How much each case of the reference counts, and which of them belong together."""

    of: Floats
    unit: NDArray[np.intp] | None = None
    """Shape (m,): the number of each case's unit, from 0; None where each is one of its own."""

    @property
    def effective_n(self) -> float:
        """As many cases that count the same (Kish)."""
        return float(self.of.sum() ** 2 / (self.of**2).sum())

    def by_unit(self, values: Floats) -> Floats:
        """The sums of units."""
        if self.unit is None:
            return values
        return np.bincount(self.unit, values).astype(np.float64)

    def drawn(self, rng: np.random.Generator, draws: int) -> Floats:
        """The weights with units drawn again, shape (draws, m)."""
        if self.unit is None:
            return rng.poisson(1.0, (draws, len(self.of))) * self.of
        units = rng.poisson(1.0, (draws, int(self.unit.max(initial=-1)) + 1))
        return np.asarray(units[:, self.unit] * self.of)

    def among(self, which: NDArray[np.bool_]) -> Weights:
        """Those of some of the cases."""
        return Weights(self.of[which], None if self.unit is None else self.unit[which])


class Known(NamedTuple):
    """A score that labels have given, and its 95% interval."""

    value: float
    low: float
    high: float


def features(columns: Sequence[tuple[Bins, Codes]]) -> Floats:
    """Coded columns as numbers, (n, features): scores of place and spread, values, missing."""
    parts = [_feature(bins)[codes] for bins, codes in columns]
    return np.concatenate(parts, axis=1)


def density_ratio(then: Floats, now: Floats) -> Floats:
    """How much more often each case of the reference would come now, shape (m,), mean 1."""
    both = np.concatenate([then, now])
    target = np.concatenate([np.zeros(len(then)), np.ones(len(now))])
    weight = np.concatenate(
        [np.full(len(then), 0.5 / len(then)), np.full(len(now), 0.5 / len(now))]
    )
    weight *= len(both)
    odds = np.clip(with_one(then) @ logistic(with_one(both), target, weight), -8, 8)
    ratio = np.minimum(np.exp(odds), _LARGEST)
    return np.asarray(ratio / ratio.mean())


def expected_mean(
    losses: Floats, weight: Weights, then: Floats, now: Floats, *, labels: int | None = None
) -> Expected:
    """The mean loss of a window with the features `now`, from the reference's losses.

    `now` may be a sample of the window; the interval is that of the mean over `labels` calls, by
    default as many as `now` has.
    """
    design = with_one(then)
    moments = design.T * weight.of @ design + RIDGE * np.eye(design.shape[1])
    model = np.linalg.solve(moments, design.T @ (weight.of * losses))
    errors = losses - design @ model
    share = weight.of / weight.of.sum()
    found = with_one(now) @ model
    value = float(found.mean() + share @ errors)
    n, m = len(now) if labels is None else labels, len(now)
    noise, varied = float(share @ errors**2), float(found.var())
    own = float((weight.by_unit(share * errors) ** 2).sum())
    error = own + noise / max(n, 1) + varied * sampled(m, n)
    half = _Z * math.sqrt(error)
    return Expected(value, value - half, value + half, weight.effective_n, noise + varied)


def known_mean(values: Floats, unit: NDArray[np.intp] | None = None) -> Known:
    """The mean; its interval is Wilson's for a share, else that of a large sample.

    `unit` as in `Weights`.
    """
    mean = float(values.mean())
    n = len(values) / crowding(values - mean, unit)
    if np.isin(values, (0.0, 1.0)).all():
        share = wilson(mean, n)
        return Known(mean, share.low, share.high)
    half = _Z95 * float(values.std(ddof=1)) / math.sqrt(n)
    return Known(mean, mean - half, mean + half)


def partly(made: Expected, calls: int, labels: int) -> Expected:
    """The estimate with the interval that holds where only `labels` of its calls have one.

    Which calls have labels is taken to be by chance.
    """
    more = _Z**2 * made.spread * sampled(labels, calls)
    low = made.value - math.sqrt((made.value - made.low) ** 2 + more)
    high = made.value + math.sqrt((made.high - made.value) ** 2 + more)
    return replace(made, low=low, high=high)


def corrected(made: Expected, graded: Sequence[tuple[Expected, float]]) -> Expected:
    """The estimate as what became of earlier ones tells: moved and widened by their errors.

    `graded` are earlier estimates, themselves not corrected, with the score that labels gave,
    oldest first; below four of them nothing is known. Errors count in units of their intervals, the
    newest eight.
    """
    newest = graded[-_GRADED:]
    if len(newest) < _LEAST_GRADED:
        return made
    errors = np.asarray([score - one.value for one, score in newest])
    halves = np.asarray([max(one.high - one.low, 1e-12) / 2 for one, _ in newest])
    move = float(errors.mean())
    wide = max(1.0, float(np.quantile(np.abs(errors - move) / halves, 0.9)))
    half = wide * (made.high - made.low) / 2 * math.sqrt(1 + 1 / len(newest))
    value = made.value + move
    return replace(made, value=value, low=value - half, high=value + half)


def crowding(parts: Floats, unit: NDArray[np.intp] | None) -> float:
    """By how much units widen the variance of a mean of zero (the design effect), 1 or more."""
    alone = float((parts**2).sum())
    if unit is None or not alone > 0:
        return 1.0
    return max(float((np.bincount(unit, parts) ** 2).sum()) / alone, 1.0)


def sampled(sample: int, calls: int) -> float:
    """The variance of the mean of some of the calls about that of all, in spreads of one."""
    return max(1 / max(sample, 1) - 1 / max(calls, 1), 0.0)


def _feature(bins: Bins) -> Floats:
    """The features of each bin, shape (bins, features)."""
    gone = np.zeros((bins.size, 1))
    gone[-1] = 1.0
    if not bins.ordered:
        return np.concatenate([np.eye(bins.size)[:, :-1], gone], axis=1)
    place, spread = bins.scores
    return np.concatenate(
        [np.append(place, 0)[:, None], np.append(spread, 0)[:, None], gone], axis=1
    )
