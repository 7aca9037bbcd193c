"""Do columns go together as they did? Rank correlations of pairs, then and now.

What marginal tests cannot see: every column may look as it did while they no longer belong to each
other. Each pair's correlation of normal scores is compared with the reference's, with the variance
that its own fourth moments give (no normal shape is assumed), and the largest change holds, its
p-value times the number of pairs (Bonferroni). Refuses no shape of data, but sees only what moves
such a correlation: an exchange within groups that leaves it where it was goes unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats import tails
from twinkeel.stats.tails import Floats

FLOOR = 0.1
"""A change of correlation below this is never an alarm."""
LEAST = 200
"""Calls with both values, then and now, below which a pair is not tested."""
_REACH = tails.two_sided_at(0.4)
"""Four times out of five."""
_KURTOSIS = 1.25
"""Products of scores have heavy tails: the variance is taken to be this much larger."""
_EDGE = 0.99
"""Correlations beyond this say that two columns are one."""


@dataclass(frozen=True)
class Parted:
    """The pair whose correlation changed most."""

    first: int
    second: int
    then: float
    now: float
    p: float
    """Of the largest of all pairs."""
    smallest: float
    """The change that this pair would have shown four times out of five."""
    n: int
    """Calls that have both."""


def parted(then: Floats, now: Floats, *, level: float, design: Floats) -> Parted | None:
    """The pair of columns that changed most; scores of shape (calls, columns), NaN is missing.

    `design` are the design effects of the columns; a pair has the larger of its two. None where no
    pair has enough calls.
    """
    pairs = list(combinations(range(then.shape[1]), 2))
    found = []
    for first, second in pairs:
        a, b = _correlated(then, first, second), _correlated(now, first, second)
        if a is None or b is None:
            continue
        effect = max(1.0, float(design[first]), float(design[second]))
        variance = (a.n * a.variance + b.n * b.variance) / (a.n + b.n)
        error = math.sqrt(_KURTOSIS * variance * (1 / a.n + effect / b.n))
        z = (b.value - a.value) / error
        p = min(1.0, tails.two_sided(z) * len(pairs))
        seen = max((tails.two_sided_at(level / len(pairs)) + _REACH) * error, FLOOR)
        found.append((abs(z), Parted(first, second, a.value, b.value, p, seen, b.n)))
    return max(found, key=lambda one: one[0])[1] if found else None


def most_telling(columns: Sequence[Floats], answers: Floats, most: int) -> list[int]:
    """The columns that go most with the answers, at most so many, in their own order."""
    weight = [_strength(column, answers) for column in columns]
    ranked = sorted(range(len(columns)), key=lambda i: -weight[i])
    return sorted(ranked[:most])


@dataclass(frozen=True)
class _Correlation:
    value: float
    variance: float
    """Of the correlation, times the calls."""
    n: int


def _correlated(scores: Floats, first: int, second: int) -> _Correlation | None:
    both = _there(scores[:, first], scores[:, second])
    u, v = scores[both, first], scores[both, second]
    if len(u) < LEAST or u.std() < 1e-9 or v.std() < 1e-9:
        return None
    u, v = (u - u.mean()) / u.std(), (v - v.mean()) / v.std()
    value = float((u * v).mean())
    if abs(value) > _EDGE:
        return None
    influence = u * v - value * (u**2 + v**2) / 2
    # At least what independence would give: a handful of calls may show no spread by chance.
    variance = max(float(influence.var()), (1 - value**2) ** 2 / 2)
    return _Correlation(value, variance, len(u))


def _strength(column: Floats, answers: Floats) -> float:
    both = _there(column, answers)
    if both.sum() < LEAST or column[both].std() < 1e-9 or answers[both].std() < 1e-9:
        return 0.0
    return abs(float(np.corrcoef(column[both], answers[both])[0, 1]))


def _there(first: Floats, second: Floats) -> NDArray[np.bool_]:
    return np.isfinite(first) & np.isfinite(second)
