"""The curves behind the scores, as points to draw: ROC, precision and recall, calibration.

Each is thinned to at most `POINTS`, so that a page of many cases stays small; scores are never
computed from these points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinkeel.metrics.functionals import BINS
from twinkeel.stats import intervals
from twinkeel.stats.bootstrap import Floats, Indices

POINTS = 200


class Curve(NamedTuple):
    """Points in drawing order."""

    x: list[float]
    y: list[float]


class Bin(NamedTuple):
    """Cases of about the same forecast: its mean, and how often the outcome came."""

    forecast: float
    outcome: float
    low: float
    high: float
    """The 95% interval of the outcome's share (Wilson, on the bin's effective number)."""
    n: int


def roc(scores: Floats, positive: Indices, *, weight: Floats | None = None) -> Curve:
    """False-positive rates and true-positive rates from the strictest threshold down."""
    hits, misses = _counts(scores, positive, weight)
    return _thinned(_share(misses), _share(hits))


def precision_recall(scores: Floats, positive: Indices, *, weight: Floats | None = None) -> Curve:
    """Recall and precision from the strictest threshold down."""
    hits, misses = _counts(scores, positive, weight)
    chosen = hits + misses
    kept = chosen > 0
    return _thinned(_share(hits)[kept], hits[kept] / chosen[kept])


def by_threshold(
    scores: Floats, acted: Floats, otherwise: Floats, *, weight: Floats | None = None
) -> Curve:
    """The mean over all cases at each threshold from 0 to 1: of `acted` from it on, else the other.

    All of shape (n,).
    """
    own = np.ones(len(scores)) if weight is None else weight
    order = np.argsort(scores, kind="stable")
    under = np.append(0.0, np.cumsum((own * otherwise)[order]))
    over = np.append(0.0, np.cumsum((own * acted)[order]))
    at = np.linspace(0, 1, POINTS + 1)
    place = np.searchsorted(scores[order], at, side="left")
    means = (under[place] + over[-1] - over[place]) / own.sum()
    return Curve(at.tolist(), means.tolist())


def calibration(
    forecast: Floats, outcome: Floats, *, weight: Floats | None = None, bins: int = BINS
) -> list[Bin]:
    """Bins of equal mass by forecast, equal forecasts together, as calibration error has them."""
    own = np.ones(len(forecast)) if weight is None else weight
    values, of = np.unique(forecast, return_inverse=True)
    mass = np.bincount(of, weights=own, minlength=len(values))
    middle = np.cumsum(mass) - mass / 2
    place = np.searchsorted(mass.sum() * np.arange(1, bins) / bins, middle, side="right")[of]
    groups = (np.flatnonzero((place == b) & (own > 0)) for b in range(bins))
    return [_bin(forecast[who], outcome[who], own[who]) for who in groups if len(who)]


def _bin(forecast: Floats, outcome: Floats, weight: Floats) -> Bin:
    share = float(np.average(outcome, weights=weight))
    low, high = intervals.wilson(share, intervals.kish(weight))
    return Bin(float(np.average(forecast, weights=weight)), share, low, high, len(forecast))


def _counts(scores: Floats, positive: Indices, weight: Floats | None) -> tuple[Floats, Floats]:
    """Weights of positives and of others at or above each distinct score, from the top, after 0."""
    own = np.ones(len(scores)) if weight is None else weight
    values, of = np.unique(-scores, return_inverse=True)
    hits = np.bincount(of, weights=own * (positive == 1), minlength=len(values))
    misses = np.bincount(of, weights=own * (positive != 1), minlength=len(values))
    return np.append(0.0, np.cumsum(hits)), np.append(0.0, np.cumsum(misses))


def _share(counts: Floats) -> Floats:
    """Running counts as shares of the last one, 0 where that is 0."""
    share: Floats = counts / max(float(counts[-1]), np.finfo(float).tiny)
    return share


def _thinned(x: Floats, y: Floats) -> Curve:
    """At most `POINTS` points, the first and the last among them, spread over both axes."""
    kept = np.arange(len(x))
    if len(x) > POINTS:
        length = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)))
        kept = np.union1d(kept.clip(0, len(x) - 1), [0, len(x) - 1])
    return Curve(np.round(x[kept], 5).tolist(), np.round(y[kept], 5).tolist())
