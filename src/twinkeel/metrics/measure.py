"""A measure: a named functional of case weights, from which every score derives.

Written as a function of weights, one definition serves a plain score (all weights one), a
weighted one, a bootstrap (how often each case was drawn, all resamples at once) and a paired
difference (the same weights on both sides). It is bound to some of the cases first: a slice
sorts and gathers its own cases once, then answers for every resample. How a measure's interval
is found is the scorecard's business; the measure says only of which sort it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.records import Direction
from twinkeel.stats.bootstrap import Floats, Indices

Statistic: TypeAlias = Callable[[Floats], Floats]
"""Weights of shape (B, m), all at least 0, to values of the shape that the measure's form says;
NaN where undefined."""

Form: TypeAlias = Literal["smooth", "share", "gaps", "groups"]
"""What a statistic gives, and so how its interval is found:
`smooth`: values (B,) that follow the weights smoothly;
`share`: values (B,), each the weighted mean of zeros and ones;
`gaps`: signed parts (B, parts), whose absolute sum is the value;
`groups`: rates (B, rates, groups); the largest difference of a rate between groups is the value.
"""

Bind: TypeAlias = Callable[[Indices], Statistic]
"""The numbers of m cases, to the statistic of these cases in this order."""


@dataclass(frozen=True)
class Strata:
    """What a measure needs several cases of, such as each class."""

    of: Indices
    """Shape (n,): the stratum of each case, -1 for none."""
    names: tuple[str, ...]
    """Each stratum in words, for the sentence that says it is too small."""
    least: int = 10
    """The fewest cases of each stratum on which the measure is judged."""


@dataclass(frozen=True)
class Measure:
    """One thing to measure on a version's evidence."""

    name: str
    direction: Direction
    on: Bind
    form: Form = "smooth"
    bounds: tuple[float, float] = (-np.inf, np.inf)
    """The values that the measure can take; intervals are cut to them."""
    sliced: bool = True
    """Whether it is also reported per slice."""
    over: str | None = None
    """For the form `groups`: the name of the slices that are the groups; with `among`, what those
    cases are called as a slice."""
    among: NDArray[np.bool_] | None = None
    """Shape (n,): the cases that it rests on, if not all; the statistic heeds no others."""
    strata: Strata | None = None
    told: str | None = None
    """A digest of all that it reads of a version's outputs, where it is known: of two versions that
    tell it the same, it can say nothing different on any cases."""
