"""An alarm on a stream of losses as they arrive: an e-detector with a bound on false alarms.

Shiryaev-Roberts sums of betting martingales (Shin, Ramdas and Rinaldo 2024, "E-detectors"; bets as
in Waudby-Smith and Ramdas 2024): while the mean is at most what was promised, the first alarm comes
after `patience` values or more on average, whatever else the distribution does and however often
one looks. Refuses values outside 0 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twinkeel.stats.tails import Floats

_BETS = np.asarray([0.05, 0.1, 0.2, 0.4, 0.7])
"""Shares of the largest bet that can never lose more than all."""


@dataclass(frozen=True)
class Detected:
    """Where a stream of losses stands."""

    alarm: int | None
    """The value, counted from 0, at which the alarm was raised first."""
    since: int | None
    """Where the rise most likely began."""
    evidence: float
    """The log of the largest sum, over the log that is needed: 1 and more is an alarm."""
    threshold: float
    """The mean that was promised: nothing below it is ever an alarm."""


@dataclass(frozen=True)
class Gap:
    """Where a stream of gaps stands, judged either way."""

    since: int | None
    """Where it most likely left what the reference has; None without an alarm."""
    smallest: float
    """The move from the first value on that would have been found four times out of five."""


_REACH = 0.842
"""Four times out of five, in standard deviations."""
_SURE = 2.326
"""A reference's mean is believed up to its one-sided 99% bound."""


def promised(mean: float, n: int) -> float:
    """The mean that a reference of `n` losses promises: its upper 99% bound (Wilson)."""
    z = _SURE
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return min(centre + half, 1.0)


def detect(losses: Floats, *, threshold: float, patience: float) -> Detected:
    """Look for a rise of the mean above `threshold` in `losses`, shape (n,), oldest first.

    `patience` is the least expected number of losses until a false alarm.
    """
    if len(losses) and not (losses.min() >= 0 and losses.max() <= 1):
        raise ValueError("losses must lie between 0 and 1")
    needed = math.log(max(patience, 2.0))
    if len(losses) == 0 or threshold >= 1:
        return Detected(None, None, 0.0, threshold)
    steps = np.log1p(_BETS[:, None] / max(threshold, 1e-6) * (losses - threshold)[None, :])
    walks = np.cumsum(steps, axis=1)
    starts = np.concatenate([np.zeros((len(_BETS), 1)), -walks[:, :-1]], axis=1)
    sums = walks + np.logaddexp.accumulate(starts, axis=1)
    evidence = np.logaddexp.reduce(sums, axis=0) - math.log(len(_BETS))
    over = np.flatnonzero(evidence >= needed)
    reached = float(evidence.max()) / needed
    if len(over) == 0:
        return Detected(None, None, reached, threshold)
    first = int(over[0])
    best = int(np.argmax(sums[:, first]))
    return Detected(first, int(np.argmax(starts[best, : first + 1])), reached, threshold)


def either_way(gaps: Floats, then: Floats, *, patience: float, floor: float) -> Gap:
    """Has the mean of `gaps`, oldest first, left that of the reference `then`? All in -1 to 1.

    The reference is believed up to its one-sided 99% bounds, and no less than `floor` either way.
    `patience` is the least expected number of gaps until a false alarm.
    """
    mean, spread = float(then.mean()), float(then.std(ddof=1))
    slack = max(_SURE * spread / math.sqrt(len(then)), floor)
    up = detect((1 + gaps) / 2, threshold=(1 + mean + slack) / 2, patience=2 * patience)
    down = detect((1 - gaps) / 2, threshold=(1 - mean + slack) / 2, patience=2 * patience)
    raised = [one for one in (up, down) if one.alarm is not None]
    first = min(raised, key=lambda one: one.alarm or 0, default=None)
    step = spread / math.sqrt(max(len(gaps), 1))
    needed = math.log(max(2 * patience, 2.0))
    unsure = slack + _REACH * spread / math.sqrt(len(then))
    smallest = unsure + step * (_REACH + math.sqrt(_REACH**2 + 2 * needed))
    return Gap(None if first is None else first.since, smallest)
