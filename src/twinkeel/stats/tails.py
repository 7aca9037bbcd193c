"""Tail probabilities without scipy, exact far out, where an alarm with a small level lives."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NORMAL = NormalDist()
_erfc = np.vectorize(math.erfc, otypes=[np.float64])
_EXACT = 200
"""Shares that rest on fewer events than this, of either outcome, are tested exactly."""


def two_sided(z: float) -> float:
    """How often a standard normal is at least this far from 0, either way."""
    return math.erfc(abs(z) / math.sqrt(2))


def beyond(z: Floats) -> Floats:
    """`two_sided` of each."""
    return np.asarray(_erfc(np.abs(z) / math.sqrt(2)))


def two_sided_at(level: float) -> float:
    """The distance from 0 that a standard normal exceeds, either way, with probability `level`."""
    return -_NORMAL.inv_cdf(min(max(level, 1e-300), 1.0) / 2)


def normal_scores(ranks: Floats) -> Floats:
    """The standard normal's value at each of these shares, 0 < share < 1."""
    return np.asarray([_NORMAL.inv_cdf(float(rank)) for rank in ranks], dtype=np.float64)


def chi_square(statistic: float, degrees: int) -> float:
    """How often a chi-square variable exceeds `statistic` (Abramowitz and Stegun 26.4.4 and 5)."""
    if statistic <= 0 or degrees < 1:
        return 1.0
    half = statistic / 2
    first = 1 if degrees % 2 else 0
    tail = math.erfc(math.sqrt(half)) if first else 0.0
    for i in range(degrees // 2):
        power = i + first / 2
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(tail, 1.0)


def chi_squares(statistics: Floats, degrees: NDArray[np.int64]) -> Floats:
    """`chi_square` of each."""
    return np.asarray(_chi_square(statistics, degrees))


def share(hits: float, n: float, reference_hits: float, reference_n: float) -> float:
    """Two-sided p-value that `hits` of `n` and those of the reference have one share.

    Fisher's exact test, twice its smaller tail, where either outcome is rare; else the normal
    approximation with the pooled share.
    """
    if n <= 0 or reference_n <= 0:
        return 1.0
    total = hits + reference_hits
    rare = min(total, n + reference_n - total)
    if rare <= 0:
        return 1.0
    if rare < _EXACT:
        return _fisher(round(hits), round(n), round(reference_hits), round(reference_n))
    pooled = total / (n + reference_n)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / reference_n))
    return two_sided((hits / n - reference_hits / reference_n) / spread)


def shares(hits: Floats, n: Floats, reference_hits: float, reference_n: float) -> Floats:
    """`share` of each of `hits` of `n`."""
    return np.asarray(_share(hits, n, reference_hits, reference_n))


def _fisher(hits: int, n: int, reference_hits: int, reference_n: int) -> float:
    if hits + reference_hits > (n + reference_n) / 2:
        hits, reference_hits = n - hits, reference_n - reference_hits
    total, everything = hits + reference_hits, n + reference_n
    term = math.exp(
        _log_choose(n, hits)
        + _log_choose(reference_n, reference_hits)
        - _log_choose(everything, total)
    )
    tail, more = term, reference_n - total
    if hits * everything > total * n:
        for k in range(hits, min(total, n)):
            term *= (n - k) * (total - k) / ((k + 1) * (more + k + 1))
            tail += term
    else:
        for k in range(hits, max(0, -more), -1):
            term *= k * (more + k) / ((n - k + 1) * (total - k + 1))
            tail += term
    return min(1.0, 2 * tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


_chi_square = np.vectorize(chi_square, otypes=[np.float64])
_share = np.vectorize(share, otypes=[np.float64])
