"""How sure the loss of each candidate is, and the candidates as people read them.

Owns intervals of losses out of fold. Nothing that was measured with a clock is kept in a card: the
seconds come from the training that has just ended, or are not known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.model import Card
from twinkeel.records import Record
from twinkeel.stats.bootstrap import Resampling

Floats = NDArray[np.float64]

UNITS = 1_000
"""The most units that are drawn: rows are shared out among so many at random, which leaves the
spread of a mean as it is."""
_OUTER = (2.5, 97.5)


class Entry(Record, frozen=True, kw_only=True):
    """One candidate on the leaderboard."""

    name: str
    loss: float
    """Out of fold, by itself, uncalibrated."""
    weight: float
    """Its share of the ensemble; 0 if it was not taken."""
    measure: str
    """What `loss` is, in words."""
    trees: int
    milliseconds: float | None
    """What it adds to one row, judged by its size; None in bundles of before that was told."""
    fit_seconds: float | None
    """Of all its folds, each on one thread; None where no clock was kept."""
    low: float | None
    high: float | None
    """The 95% interval of the loss; None in bundles of before there were intervals.

    Last, since a narrow print of a table leaves out its middle.
    """


def leaderboard(card: Card, seconds: Mapping[str, float] | None = None) -> tuple[Entry, ...]:
    """The candidates, least loss first; `seconds` are those that each was fitted in."""
    found = (
        Entry(
            name=one.name,
            measure=one.measure,
            loss=one.loss,
            low=one.low,
            high=one.high,
            weight=one.weight,
            trees=one.trees,
            milliseconds=one.milliseconds,
            fit_seconds=None if seconds is None else seconds.get(one.name),
        )
        for one in card.members
    )
    return tuple(sorted(found, key=lambda entry: entry.loss))


def intervals(losses: Floats, weight: Floats, groups: NDArray[np.generic] | None) -> Floats:
    """(2, m) ends of the 95% intervals of the weighted means of (n, m) losses.

    Percentiles of 1,000 resamples in which rows of one group are drawn together; `groups` (n,),
    or None where each row is one of its own.
    """
    units = _units(len(losses), groups)
    total = np.bincount(units, weights=weight)
    sums = np.column_stack([np.bincount(units, weights=weight * one) for one in losses.T])
    plan = Resampling(unit=np.arange(len(total)), weight=np.ones(len(total)))
    means = [drawn @ sums / np.maximum(drawn @ total, _TINY)[:, None] for drawn in plan.batches()]
    return np.asarray(np.percentile(np.concatenate(means), _OUTER, axis=0))


_TINY = np.finfo(np.float64).tiny


def _units(rows: int, groups: NDArray[np.generic] | None) -> NDArray[np.intp]:
    """(rows,) the unit that each row is drawn with, all numbers from 0 in use."""
    own = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(own.max()) + 1
    shared = np.random.default_rng(0).permutation(count) % min(count, UNITS)
    return np.asarray(shared[own.reshape(-1)])
