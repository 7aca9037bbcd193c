"""Has a column shifted? Counts of its bins, then and now -> p-value, size, and what could be seen.

Two-sample tests: the reference is a sample as well, and its error counts. Numbers are tested for
their place and their spread, texts for their mix, both for what is missing. What depends on each
other (bursts, one user's many calls) counts for less: every test takes a design effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

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
    """What one test says of one column."""

    test: Test
    p: float
    size: float
    """Signed, now less then: standard deviations (of normal scores), or a share."""
    unit: Literal["sd", "share"]
    smallest: float
    """The smallest shift that this test would have found four times out of five."""
    level: float

    @property
    def alarm(self) -> bool:
        """Whether it is both beyond chance and large enough to matter."""
        return self.p <= self.level and abs(self.size) >= FLOOR[self.unit]


def shifts(bins: Bins, now: Floats, *, level: float, design: float = 1.0) -> list[Shift]:
    """Every test of one column: `now` are the window's counts by bin, `design` its design effect.

    The levels of the tests add up to `level`.
    """
    found = [missing(bins.counts, now, level=level * WEIGHTS["missing"], design=design)]
    if min(now[:-1].sum(), bins.counts[:-1].sum()) < LEAST:
        return found
    if not bins.ordered:
        return [
            mix(bins.counts, now, level=level * WEIGHTS["mix"], design=design),
            *found,
        ]
    names: tuple[Test, Test] = ("place", "spread")
    for name, scores in zip(names, bins.scores, strict=True):
        share = level * WEIGHTS[name]
        found.append(moved(name, scores, (bins.counts[:-1], now[:-1]), level=share, design=design))
    return found


def moved(
    test: Test, scores: Floats, counts: tuple[Floats, Floats], *, level: float, design: float = 1.0
) -> Shift:
    """Whether the mean score of the bins is another now; `counts` are those then and now."""
    error = float(standard_error(scores, *counts, design=design))
    size = float(mean(scores, counts[1]) - mean(scores, counts[0]))
    z = size / error if error > 0 else 0.0
    seen = (tails.two_sided_at(level) + _REACH) * error
    return Shift(test, tails.two_sided(z), size, "sd", max(seen, FLOOR["sd"]), level)


def mix(then: Floats, now: Floats, *, level: float, design: float = 1.0) -> Shift:
    """Whether the shares of the values are others: chi-square, rare values taken together.

    The size is the total variation: the share of calls that would have to change their value.
    """
    pooled = (then + now)[:-1]
    n, m = float(now[:-1].sum()), float(then[:-1].sum())
    if n == 0 or m == 0:
        return Shift("mix", 1.0, 0.0, "share", 1.0, level)
    table = _dense(np.stack([then[:-1], now[:-1]]), pooled * min(n, m) / (n + m))
    expected = table.sum(axis=0) * np.asarray([[m], [n]]) / (n + m)
    statistic = float(((table - expected) ** 2 / np.maximum(expected, 1e-12)).sum()) / design
    p = tails.chi_square(statistic, table.shape[1] - 1)
    size = float(np.abs(then[:-1] / m - now[:-1] / n).sum() / 2)
    top = float((pooled / pooled.sum()).max())
    error = math.sqrt(max(top * (1 - top), 0.01) * design * (1 / n + 1 / m))
    seen = (tails.two_sided_at(level) + _REACH) * error
    return Shift("mix", p, size, "share", min(1.0, max(seen, FLOOR["share"])), level)


def missing(then: Floats, now: Floats, *, level: float, design: float = 1.0) -> Shift:
    """Whether another share is missing."""
    n, m = float(now.sum()), float(then.sum())
    if n == 0 or m == 0:
        return Shift("missing", 1.0, 0.0, "share", 1.0, level)
    p = tails.share(now[-1] / design, n / design, then[-1], m)
    pooled = float((now[-1] + then[-1] + 1) / (n + m + 2))
    error = math.sqrt(pooled * (1 - pooled) * (design / n + 1 / m))
    seen = (tails.two_sided_at(level) + _REACH) * error
    size = float(now[-1] / n - then[-1] / m)
    return Shift("missing", p, size, "share", min(1.0, max(seen, FLOOR["share"])), level)


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


def _dense(table: Floats, least: Floats) -> Floats:
    """The table of (2, values) with the values that have too few expected taken together."""
    rare = least < 5
    joined = table[:, rare].sum(axis=1, keepdims=True)
    kept = np.concatenate([table[:, ~rare], joined], axis=1)
    return kept[:, kept.sum(axis=0) > 0]
