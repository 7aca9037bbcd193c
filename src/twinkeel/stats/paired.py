"""A mean of paired differences, with an interval that holds at every look. Pure.

Betting confidence sequences (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random
variables by betting"): a mean that is too far from what came would have let a gambler grow rich,
by Ville's inequality with at most the stated chance over all times. So one may look after every
value and stop when one likes. Refuses values outside -1 to 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BETS = np.asarray([0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
"""Shares of the largest bet that can never lose more than all."""
_STEPS = 24
"""Halvings until an end of the interval is found."""


class Paired(NamedTuple):
    """The mean of differences so far."""

    mean: float
    low: float
    high: float
    n: int


def paired(differences: Floats, *, alpha: float = 0.05) -> Paired:
    """The mean of `differences`, shape (n,), in the order in which they came.

    The interval holds the true mean at all times at once with a chance of `1 - alpha` or more.
    """
    if len(differences) == 0:
        return Paired(math.nan, -1.0, 1.0, 0)
    if not (differences.min() >= -1 and differences.max() <= 1):
        raise ValueError("differences must lie between -1 and 1")
    low = _end(differences, alpha)
    high = -_end(-differences, alpha)
    return Paired(float(differences.mean()), low, high, len(differences))


def _end(values: Floats, alpha: float) -> float:
    """The largest mean that the values show to be too small."""
    needed = math.log(2 / alpha)
    low, high = -1.0, float(values.mean())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _wealth(values, middle) >= needed:
            low = middle
        else:
            high = middle
    return low


def _wealth(values: Floats, mean: float) -> float:
    """The log of the most that bets against a mean this small have ever been worth."""
    gains = (values - mean)[None, :] / (1 + mean + 1e-9)
    walks = np.cumsum(np.log1p(_BETS[:, None] * np.maximum(gains, -1.0)), axis=1)
    return float((np.logaddexp.reduce(walks, axis=0) - math.log(len(_BETS))).max())
