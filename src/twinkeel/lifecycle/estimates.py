"""Quality without labels, and what labels make of it later: estimates of a release's mean loss.

Owns which window is estimated, the grading of earlier estimates once enough labels have come, and
the alarm when too many of their intervals did not hold: the sign of a world that has changed. Pure:
the calls were read before.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.lifecycle.signals import Budget, windows
from twinkeel.lifecycle.traffic import CELLS, LOSS, NONE, Column, Traffic
from twinkeel.records import Estimate, Signal
from twinkeel.stats import estimates, schedule
from twinkeel.stats.tails import Floats

KEPT = 32
"""Estimates that a look carries on."""
_MOST = 5_000
"""Calls of a window that the weights are learned from."""
_LEAST_LABELS = 50
_LEAST_SHARE = 0.5
"""Of a window's calls, the share whose labels must be known to grade its estimate."""
_MISSED = 0.1
"""The share of 90% intervals that does not hold even so."""


def estimate(traffic: Traffic, budget: Budget, earlier: Sequence[Estimate]) -> tuple[Estimate, ...]:
    """The earlier estimates, graded by the labels known now, and those of windows that ended."""
    graded = [_graded(traffic, one) for one in earlier]
    known = {(one.start, one.end) for one in graded}
    for window in windows(budget.seen, traffic.cycles):
        start, end = traffic.moment(window.start * CELLS), traffic.moment(window.end * CELLS)
        if window.length > 1 or (start, end) in known:
            continue
        made = _estimate(traffic, (window.start * CELLS, window.end * CELLS), budget, graded)
        if made is not None:
            graded.append(_graded(traffic, made))
    return tuple(graded[-KEPT:])


def coverage(made: Sequence[Estimate], budget: Budget, cycle: float) -> Signal | None:
    """Whether the intervals hold as often as they say; None while no estimate is graded."""
    graded = [one for one in made if one.realised is not None]
    if not graded:
        return None
    missed = sum(not one.held for one in graded)
    p = _at_least(missed, len(graded))
    level = budget.share * schedule.level(1, false_alarms=budget.false_alarms, cycle=cycle)
    alarm = p <= level
    share = missed / len(graded)
    return Signal(
        part="quality",
        name="estimates",
        state="alarm" if alarm else "quiet",
        test="coverage",
        n=len(graded),
        reference_n=len(graded),
        size=share - _MISSED,
        unit="share",
        then=_MISSED,
        now=share,
        smallest=_seen(len(graded), level),
        level=level,
        p=p,
        since=next((one.start for one in graded if not one.held), None) if alarm else None,
        start=graded[0].start,
        end=graded[-1].end,
        sentence=(
            f"Labels put {missed} of {len(graded)} scores outside the 90% interval that was "
            f"estimated without them" + (": what the inputs mean has changed." if alarm else ".")
        ),
    )


def _estimate(
    traffic: Traffic, span: tuple[int, int], budget: Budget, graded: Sequence[Estimate]
) -> Estimate | None:
    losses = traffic.reference.losses
    inside = np.flatnonzero((traffic.cells >= span[0]) & (traffic.cells < span[1]))
    n = len(inside)
    if losses is None or min(n, len(losses)) < budget.minimum:
        return None
    inside = inside[:: math.ceil(n / _MOST)]
    known = np.isfinite(losses)
    then, now = _features(traffic, inside)
    weight = estimates.density_ratio(then[known], now)
    made = estimates.expected_mean(losses[known], weight, then[known], now, labels=n)
    past = [(_expected(one), one.realised) for one in graded if one.realised is not None]
    made = estimates.corrected(made, past)
    return Estimate(
        name=LOSS,
        reference=float(losses[known].mean()),
        value=made.value,
        low=made.low,
        high=made.high,
        n=n,
        effective_n=made.effective_n,
        start=traffic.moment(span[0]),
        end=traffic.moment(span[1]),
    )


def _features(traffic: Traffic, inside: NDArray[np.intp]) -> tuple[Floats, Floats]:
    columns = [one for one in traffic.columns if one.part in ("input", "output") and _whole(one)]
    return (
        estimates.features([(one.bins, one.then) for one in columns]),
        estimates.features([(one.bins, one.now[inside]) for one in columns]),
    )


def _whole(column: Column) -> bool:
    return not (column.now == NONE).any()


def _graded(traffic: Traffic, one: Estimate) -> Estimate:
    """The estimate with what the labels known now say of its window."""
    first, last = (_cell(traffic, at) for at in (one.start, one.end))
    losses = traffic.losses[(traffic.cells >= first) & (traffic.cells < last)]
    told = losses[np.isfinite(losses)]
    if len(told) < max(_LEAST_LABELS, _LEAST_SHARE * len(losses)):
        return msgspec.structs.replace(one, labelled=len(told))
    return msgspec.structs.replace(one, realised=float(told.mean()), labelled=len(told))


def _cell(traffic: Traffic, at: str) -> int:
    passed = dt.datetime.fromisoformat(at) - dt.datetime.fromisoformat(traffic.start)
    return round(passed.total_seconds() * CELLS / traffic.cycle)


def _expected(one: Estimate) -> estimates.Expected:
    return estimates.Expected(one.value, one.low, one.high, one.effective_n)


def _at_least(missed: int, n: int) -> float:
    """How often so many intervals or more miss by chance."""
    if missed == 0:
        return 1.0
    chances = (
        math.comb(n, k) * _MISSED**k * (1 - _MISSED) ** (n - k) for k in range(missed, n + 1)
    )
    return min(1.0, sum(chances))


def _seen(n: int, level: float) -> float | None:
    """The least share of misses beyond the expected ones that is an alarm; None if none is."""
    needed = next((k for k in range(n + 1) if _at_least(k, n) <= level), None)
    return None if needed is None else needed / n - _MISSED
