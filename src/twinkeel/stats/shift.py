"""Has a column shifted? Counts of its bins, then and now -> p-value, size, and what could be seen.

Two-sample tests: the reference is a sample as well, and its error counts. Numbers are tested for
their place and their spread, texts for their mix, both for what is missing. What depends on each
other (bursts, one user's many calls) counts for less: every test takes a design effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats import tails
from twinkeel.stats.bins import Bins
from twinkeel.stats.tails import Floats

Test: TypeAlias = Literal["place", "spread", "mix", "missing"]
WEIGHTS: dict[Test, float] = {"place": 0.7, "mix": 0.85, "spread": 0.15, "missing": 0.15}
"""How the level of a column is shared among its tests: numbers have a place, texts a mix."""
FLOOR = {"sd": 0.1, "share": 0.02}
"""Shifts below this are never an alarm, however sure: standard deviations, or a share of calls."""
LEAST = 30
"""Values, missing ones not counted, below which a place, a spread or a mix is not tested."""
_POWER = 0.8
_REACH = tails.two_sided_at(2 * (1 - _POWER))


@dataclass(frozen=True)
class Shift:
    """What one test says of one column in one window."""

    test: Test
    p: float
    size: float
    """Signed, now less then: standard deviations (of normal scores), or a share."""
    unit: Literal["sd", "share"]
    smallest: float
    """The smallest shift that this test would have found four times out of five."""
    level: float
    alarm: bool
    """Whether it is both beyond chance and large enough to matter."""


@dataclass(frozen=True, eq=False)
class Shifts:
    """What one test says of one column in many windows: as `Shift`, each of shape (...).

    NaN where a window has too few values for the test.
    """

    test: Test
    unit: Literal["sd", "share"]
    p: Floats
    size: Floats
    smallest: Floats
    level: Floats

    @property
    def alarm(self) -> NDArray[np.bool_]:
        """Whether each is both beyond chance and large enough to matter."""
        return np.asarray((self.p <= self.level) & (np.abs(self.size) >= FLOOR[self.unit]))

    def at(self, window: int) -> Shift:
        """What it says of one window."""
        p, size, smallest, level = (
            float(one[window]) for one in (self.p, self.size, self.smallest, self.level)
        )
        return Shift(self.test, p, size, self.unit, smallest, level, bool(self.alarm[window]))


def shifts(
    bins: Bins, now: Floats, *, level: Floats | float, design: Floats | float = 1.0
) -> list[Shifts]:
    """Every test of one column: `now` are counts by bin of windows, of shape (..., bins).

    `design` is the design effect of each window's calls; `level` what each may spend: the levels of
    its tests add up to it.
    """
    windows = now.shape[:-1]
    spend = np.broadcast_to(np.asarray(level, dtype=np.float64), windows)
    effect = np.broadcast_to(np.asarray(design, dtype=np.float64), windows)
    found = [missing(bins.counts, now, level=spend * WEIGHTS["missing"], design=effect)]
    few = np.minimum(now[..., :-1].sum(axis=-1), bins.counts[:-1].sum()) < LEAST
    if few.all():
        return found
    counts = bins.counts[:-1], now[..., :-1]
    if not bins.ordered:
        return [_without(few, mix(*counts, level=spend * WEIGHTS["mix"], design=effect)), *found]
    names: tuple[Test, Test] = ("place", "spread")
    for name, scores in zip(names, bins.scores, strict=True):
        tested = moved(name, scores, counts, level=spend * WEIGHTS[name], design=effect)
        found.append(_without(few, tested))
    return found


def _without(few: NDArray[np.bool_], tested: Shifts) -> Shifts:
    p, size, smallest = (
        np.where(few, np.nan, one) for one in (tested.p, tested.size, tested.smallest)
    )
    return replace(tested, p=p, size=size, smallest=smallest)


def moved(
    test: Test, scores: Floats, counts: tuple[Floats, Floats], *, level: Floats, design: Floats
) -> Shifts:
    """Whether the mean score of the bins is another now; `counts` are those then and now."""
    error = standard_error(scores, *counts, design=design)
    size = np.asarray(mean(scores, counts[1]) - mean(scores, counts[0]))
    z = np.where(error > 0, size / np.where(error > 0, error, 1), 0.0)
    seen = np.maximum(_reach(level) * error, FLOOR["sd"])
    return Shifts(test, "sd", tails.beyond(z), size, seen, level)


def mix(then: Floats, now: Floats, *, level: Floats, design: Floats) -> Shifts:
    """Whether the shares of the values are others: chi-square, rare values taken together.

    The size is the total variation: the share of calls that would have to change their value.
    """
    pooled = then + now
    n, m = now.sum(axis=-1), then.sum()
    share, whole = np.maximum(n, 1), n + m
    table = _dense(then, now, pooled * (np.minimum(n, m) / whole)[..., None])
    given = np.stack([np.broadcast_to(m, n.shape), n], axis=-1)[..., None]
    expected = table.sum(axis=-2, keepdims=True) * given / whole[..., None, None]
    statistic = ((table - expected) ** 2 / np.maximum(expected, 1e-12)).sum(axis=(-2, -1)) / design
    p = tails.chi_squares(statistic, (table.sum(axis=-2) > 0).sum(axis=-1) - 1)
    size = np.abs(then / m - now / share[..., None]).sum(axis=-1) / 2
    top = pooled.max(axis=-1) / whole
    error = np.sqrt(np.maximum(top * (1 - top), 0.01) * design * (1 / share + 1 / m))
    return Shifts("mix", "share", p, size, _share_seen(level, error), level)


def missing(then: Floats, now: Floats, *, level: Floats, design: Floats) -> Shifts:
    """Whether another share is missing."""
    n, m = now.sum(axis=-1), then.sum()
    gone, known = now[..., -1], then[-1]
    p = tails.shares(gone / design, n / design, known, m)
    nothing = np.minimum(n, m) == 0
    share, cases = np.maximum(n, 1), max(m, 1)
    pooled = (gone + known + 1) / (n + m + 2)
    error = np.sqrt(pooled * (1 - pooled) * (design / share + 1 / cases))
    size = np.where(nothing, 0.0, gone / share - known / cases)
    seen = np.where(nothing, 1.0, _share_seen(level, error))
    return Shifts("missing", "share", p, size, seen, level)


def _share_seen(level: Floats, error: Floats) -> Floats:
    return np.clip(_reach(level) * error, FLOOR["share"], 1.0)


def _reach(level: Floats) -> Floats:
    """How many standard errors a shift has to be to be found four times out of five."""
    known, at = np.unique(level, return_inverse=True)
    reach = np.asarray([tails.two_sided_at(float(one)) for one in known]) + _REACH
    return reach[at].reshape(level.shape)


def mean(scores: Floats, counts: Floats) -> Floats:
    """Mean score of counts of shape (..., bins); 0 where there are none."""
    total = np.asarray(counts.sum(axis=-1))
    return np.asarray((counts * scores).sum(axis=-1) / np.maximum(total, 1))


def standard_error(scores: Floats, then: Floats, now: Floats, *, design: Floats | float) -> Floats:
    """Standard error of the difference of two mean scores, of pooled variance; (..., bins)."""
    m, n = np.asarray(then.sum(axis=-1)), np.asarray(now.sum(axis=-1))
    both = then + now
    centre = mean(scores, both)[..., None]
    variance = mean((scores - centre) ** 2, both)
    here = np.asarray(design) / np.maximum(n, 1) + 1 / np.maximum(m, 1)
    return np.asarray(np.sqrt(variance * here))


def _dense(then: Floats, now: Floats, least: Floats) -> Floats:
    """Counts of (..., 2, values + 1): those of values that have too few expected come last."""
    table = np.stack([np.broadcast_to(then, now.shape), now], axis=-2)
    rare = (least < 5)[..., None, :]
    joined = np.where(rare, table, 0).sum(axis=-1, keepdims=True)
    return np.concatenate([np.where(rare, 0, table), joined], axis=-1)
