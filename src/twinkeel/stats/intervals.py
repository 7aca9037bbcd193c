"""Intervals that hold a true value 95 times in 100, and the refusal to give one.

Which one is used where: `wilson` for a share of cases; `accelerated` for anything smooth in
the cases' weights; `total_gap` for sums of absolute gaps and `widest_gap` for the largest
difference between groups, which resampling inflates; `order` for the median of repeated
measurements; and `reach` where no resample differs, as with a perfect score, and the bootstrap
has nothing to say.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from twinkeel.stats.bootstrap import Floats

LEVEL = 0.95
_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf((1 + LEVEL) / 2)


class Interval(NamedTuple):
    """The two ends between which the true value is expected."""

    low: float
    high: float

    def within(self, bounds: tuple[float, float]) -> Interval:
        """This interval, cut to the values that are possible."""
        low, high = bounds
        return Interval(min(max(self.low, low), high), max(min(self.high, high), low))

    def around(self, value: float) -> Interval:
        """This interval, stretched where needed to hold `value`."""
        return Interval(min(self.low, value), max(self.high, value))


def wilson(share: float, n: float) -> Interval:
    """The score interval of a share of n cases; it holds near 0 and 1 (Wilson 1927)."""
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + (_Z / (2 * n)) ** 2)
    return Interval(middle - half, middle + half).within((0, 1)).around(share)


def accelerated(value: float, drawn: Floats, left_out: Floats, *, n: float) -> Interval:
    """The middle 95% of resampled values, corrected for bias, skewness and few cases.

    Bias-corrected and accelerated percentiles (Efron 1987), with the acceleration from the
    values that `left_out` some of the cases each. Plain percentiles miss scores near their
    bounds, such as an AUC of 0.98, two or three times as often on one side as on the other. The
    tails are also widened as Student's distribution asks for n cases (Hesterberg 2015).
    """
    below = (np.mean(drawn < value) + np.mean(drawn <= value)) / 2
    bias = _NORMAL.inv_cdf(float(np.clip(below, 0.01, 0.99)))
    away = left_out.mean() - left_out
    spread = float(np.square(away).sum()) ** 1.5
    skew = float((away**3).sum()) / (6 * spread) if spread > 0 else 0.0
    reach_out = -_NORMAL.inv_cdf(_tail(n))
    steps = (bias - reach_out, bias + reach_out)
    shares = [_NORMAL.cdf(bias + step / max(1 - skew * step, 0.1)) for step in steps]
    low, high = np.quantile(drawn, shares)
    return Interval(float(low), float(high)).around(value)


def total_gap(gaps: Floats, drawn: Floats, *, n: float) -> Interval:
    """The interval of a sum of absolute gaps: `gaps` of shape (P,), `drawn` (B, P).

    Errors in the gaps add to such a sum even where all true gaps are 0, and resampling adds
    them once more. So the low end is the value less the total error that 97.5% of resamples
    stay below (by the triangle inequality it cannot be off by more), and the high end is the
    percentile of resampled sums, which is too high rather than too low.
    """
    value = float(np.abs(gaps).sum())
    error = float(np.quantile(np.abs(drawn - gaps).sum(axis=1), 1 - _tail(n)))
    high = float(np.quantile(np.abs(drawn).sum(axis=1), 1 - _tail(n)))
    return Interval(value - error, high).around(value)


def reach(n: float) -> float:
    """The rule of three: what never happened in n cases happens in 3/n of all, at 95%."""
    return min(1.0, 3 / n)


def effective(share: float, drawn: Floats, *, cases: float, units: float) -> float:
    """How many independent cases a share rests on: what its resampled variance says.

    `cases` and `units` are Kish's counts under the weights: the answer is never above the first
    and never below the second (all cases of one unit alike); at 0 and 1 it is the second.
    """
    spread = float(np.var(drawn))
    if units >= cases or spread <= 0 or not 0 < share < 1:
        return min(cases, units)
    return min(cases, max(units, share * (1 - share) / spread))


def kish(weight: Floats) -> float:
    """The number of equal weights that are worth these unequal ones (Kish 1965)."""
    return float(weight.sum() ** 2 / max(np.square(weight).sum(), np.finfo(float).tiny))


def widest_gap(rates: Floats, drawn: Floats, *, n: float) -> Interval:
    """The interval of the largest difference between groups, over one or several rates.

    `rates` has shape (R, G), `drawn` (B, R, G). A largest difference is biased upwards, so its
    own resamples cannot be trusted near 0. Instead all differences between two groups get one
    simultaneous band (the 95% quantile of their largest standardised error), which then bounds
    the largest of them. Where two groups never differ in a resample, 3/n bounds the difference.
    """
    pairs = [_pairs(rates, drawn, group) for group in range(rates.shape[1] - 1)]
    scales = [errors.std(axis=0) for _, errors in pairs]
    worst = np.zeros(len(drawn))
    for (_, errors), scale in zip(pairs, scales, strict=True):
        steps = np.divide(np.abs(errors), scale, out=np.zeros_like(errors), where=scale > 0)
        worst = np.maximum(worst, steps.max(axis=(1, 2)))
    factor = float(np.quantile(worst, 1 - 2 * _tail(n)))
    low = high = 0.0
    for (gaps, _), scale in zip(pairs, scales, strict=True):
        half = np.where(scale > 0, factor * scale, reach(n))
        low, high = max(low, (gaps - half).max()), max(high, (gaps + half).max())
    return Interval(float(low), float(high))


def order(values: Floats) -> Interval | None:
    """The interval of the median from order statistics alone; None for fewer than 6 values."""
    ordered, n = np.sort(values), len(values)
    tail, below = 0.0, -1
    while below < n // 2:
        tail += math.exp(_log_choose(n, below + 1) - n * math.log(2))
        if tail > (1 - LEVEL) / 2:
            break
        below += 1
    return None if below < 0 else Interval(float(ordered[below]), float(ordered[n - 1 - below]))


def _pairs(rates: Floats, drawn: Floats, group: int) -> tuple[Floats, Floats]:
    """Absolute differences of one group from each later one, (R, G'), and their errors."""
    gaps = rates[:, group, None] - rates[:, group + 1 :]
    errors = drawn[:, :, group, None] - drawn[:, :, group + 1 :] - gaps
    return np.abs(gaps), errors


def _tail(n: float) -> float:
    """The share to cut from each end of a resampled distribution that rests on n cases."""
    degrees = max(n - 1, 1.0)
    student = _Z + (_Z**3 + _Z) / (4 * degrees)
    student += (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * degrees**2)
    return _NORMAL.cdf(-student * math.sqrt(1 + 1 / degrees))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
