"""A measure: a named functional of case weights, from which every score derives.

Written as a function of weights, one definition serves a plain score (all weights one), a
weighted one, a slice (weights zero outside it), a bootstrap (multinomial weights, all resamples
at once) and a paired test (the same weights on both sides).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.records import Direction

Floats: TypeAlias = NDArray[np.float64]

Statistic: TypeAlias = Callable[[Floats], Floats]
"""Weights of shape (B, n), all at least 0, to values of shape (B,); NaN where undefined."""


@dataclass(frozen=True)
class Measure:
    """One thing to measure on a version's evidence."""

    name: str
    direction: Direction
    statistic: Statistic
    proportion: bool = False
    """A mean of zeros and ones: its interval is Wilson's, which holds at 0 and at 1."""
    bounds: tuple[float, float] = (-np.inf, np.inf)
    """The values that the measure can take; intervals are cut to them."""
    sliced: bool = True
    """Whether it is also reported per slice."""
    over: str | None = None
    """For a difference between the groups of a slice: the slice's name."""
    strata: NDArray[np.intp] | None = None
    """Class of each case, for measures that need several of each: the smallest one counts."""
