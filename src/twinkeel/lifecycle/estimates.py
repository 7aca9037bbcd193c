"""Quality without labels, and what labels make of it later: estimates of a release's scores.

Owns which window is estimated, the grading of earlier estimates once enough labels have come, and
the alarm when too many of their intervals did not hold: the sign of a world that has changed. Pure:
the calls were read before.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.lifecycle.budget import Budget, windows
from twinkeel.lifecycle.traffic import CELLS, NONE, Column, Scored, Traffic
from twinkeel.records import Estimate, Signal
from twinkeel.stats import areas, estimates, schedule
from twinkeel.stats.tails import Floats

KEPT = 32
"""Windows of each score whose estimates a look carries on: so many graded, and so many not."""
_MOST = 5_000
"""Calls of a window that the weights are learned from."""
_LEAST_LABELS = 50
_LEAST_SHARE = 0.5
"""Of a window's calls, the share whose labels must be known to grade its estimate."""
_MISSED = 0.1
"""The share of 90% intervals that does not hold even so."""
_Span: TypeAlias = tuple[int, int]
"""Cells, the last one excluded."""


def estimate(traffic: Traffic, budget: Budget, earlier: Sequence[Estimate]) -> tuple[Estimate, ...]:
    """The earlier estimates, graded by the labels known now, and those of windows that ended."""
    scored = {one.name: one for one in _estimated(traffic)}
    graded = [_graded(traffic, scored[one.name], one) for one in earlier if one.name in scored]
    known = {(one.start, one.end) for one in graded}
    for window in windows(budget.seen, traffic.cycles):
        start, end = traffic.moment(window.start * CELLS), traffic.moment(window.end * CELLS)
        if window.length > 1 or (start, end) in known:
            continue
        made = _window(traffic, (window.start * CELLS, window.end * CELLS), budget.minimum)
        graded += [_graded(traffic, scored[one.name], _corrected(one, graded)) for one in made]
    return tuple(_kept(graded))


def _kept(made: Sequence[Estimate]) -> Iterator[Estimate]:
    """The newest of each score; what is graded is only pushed out by what is."""
    left = Counter((one.name, one.realised is None) for one in made)
    for one in made:
        if left[one.name, one.realised is None] <= KEPT:
            yield one
        left[one.name, one.realised is None] -= 1


def coverage(made: Sequence[Estimate], budget: Budget, cycle: float) -> Signal | None:
    """Whether the intervals hold as often as they say; None while no estimate is graded.

    Each score has its part of the level; the worst of them is told. A grade never changes, so the
    same ones give the same answer at every look: the level is spent as windows are graded.
    """
    names = dict.fromkeys(one.name for one in made)
    known = [one for one in made if one.realised is not None]
    by = {each: [one for one in known if one.name == each] for each in names}
    by = {name: graded for name, graded in by.items() if graded}
    if not by:
        return None
    level = budget.share * schedule.level(1, false_alarms=budget.false_alarms, cycle=cycle)
    chances = {name: _at_least(_missed(graded), len(graded)) for name, graded in by.items()}
    worst = min(chances, key=lambda name: chances[name])
    return _held(by[worst], level / len(names), chances[worst])


def _held(graded: Sequence[Estimate], level: float, p: float) -> Signal:
    missed, alarm = _missed(graded), p <= level
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
            f"Labels put {graded[0].name} outside the 90% interval that was estimated without "
            f"them in {missed} of {len(graded)} windows"
            + (": what the inputs mean has changed." if alarm else ".")
        ),
    )


def _missed(graded: Sequence[Estimate]) -> int:
    return sum(not one.held for one in graded)


def _estimated(traffic: Traffic) -> list[Scored]:
    return [one for one in traffic.reference.scores if one.form != "promise"]


def _window(traffic: Traffic, span: _Span, minimum: int) -> Iterator[Estimate]:
    """The estimate of every score of one window, before what labels said of earlier ones."""
    inside = np.flatnonzero((traffic.cells >= span[0]) & (traffic.cells < span[1]))
    n, m = len(inside), len(traffic.reference.calls)
    if min(n, m) < minimum:
        return
    inside = inside[:: math.ceil(n / _MOST)]
    then, now = _features(traffic, inside)
    weight = estimates.Weights(estimates.density_ratio(then, now), traffic.reference.unit)
    calls = {one.name: one for one in traffic.scores}
    for one in _estimated(traffic):
        said = calls[one.name].expected[inside]
        before, after = one.labelled, np.full(len(inside), True)
        if one.answered.any():
            before, after = before & one.answered, calls[one.name].answered[inside]
        if min(before.sum(), after.sum()) < minimum:
            continue
        reference = _score(one, before, traffic.reference.unit)
        if not math.isfinite(reference.value):
            continue
        case = _Case(one.expected[before], one.found[before], said[after], weight.among(before))
        found = case.area(n) if one.form == "ranking" else case.mean((then[before], now[after]), n)
        found = _reachable(one, found)
        yield Estimate(
            name=one.name,
            reference=reference.value,
            reference_n=int(before.sum()),
            reference_low=reference.low,
            reference_high=reference.high,
            value=found.value,
            low=found.low,
            high=found.high,
            n=n,
            effective_n=found.effective_n,
            spread=found.spread,
            start=traffic.moment(span[0]),
            end=traffic.moment(span[1]),
        )


@dataclass(frozen=True)
class _Case:
    """One score of the reference, and of a window before its labels."""

    expected: Floats
    found: Floats
    now: Floats
    """What is expected of the window's calls."""
    weight: estimates.Weights

    def area(self, labels: int) -> estimates.Expected:
        """The area under the ROC curve."""
        then = (self.expected, self.found > 0)
        return areas.expected_auc(then, self.weight, self.now, labels=labels)

    def mean(self, features: tuple[Floats, Floats], labels: int) -> estimates.Expected:
        """The mean of a loss model that knows the features and what the answers expect."""
        then, now = features
        if np.isfinite(self.expected).all():
            centre, spread = self.expected.mean(), max(float(self.expected.std()), 1e-12)
            then = np.column_stack([then, (self.expected - centre) / spread])
            now = np.column_stack([now, (self.now - centre) / spread])
        return estimates.expected_mean(self.found, self.weight, then, now, labels=labels)


def _reachable(one: Scored, found: estimates.Expected) -> estimates.Expected:
    """The estimate in the score's own unit, no further than its cases reach."""
    if one.form == "ranking":
        return found
    least, most = float(np.nanmin(one.found)), float(np.nanmax(one.found))
    ends = [min(max(each, least), most) for each in (found.value, found.low, found.high)]
    spread = found.spread
    if one.form == "root mean":
        spread /= max(4 * ends[0], 1e-12)  # the square root's slope at the value, squared
        ends = [math.sqrt(each) for each in ends]
    return estimates.Expected(ends[0], ends[1], ends[2], found.effective_n, spread)


def _score(
    one: Scored, which: NDArray[np.bool_], unit: NDArray[np.intp] | None = None
) -> estimates.Known:
    """The score of some calls whose labels are known."""
    unit = None if unit is None else unit[which]
    if one.form == "ranking":
        return areas.known_auc(one.expected[which], one.found[which] > 0, unit)
    mean = estimates.known_mean(one.found[which], unit)
    if one.form != "root mean":
        return mean
    return estimates.Known(*(math.sqrt(max(each, 0.0)) for each in mean))


def _corrected(one: Estimate, graded: Sequence[Estimate]) -> Estimate:
    """The estimate as labels of earlier windows tell."""
    past = [
        (_uncorrected(each), each.realised)
        for each in graded
        if each.name == one.name and each.realised is not None
    ]
    made = _expected(one)
    found = estimates.corrected(made, past)
    return msgspec.structs.replace(
        one,
        value=found.value,
        low=found.low,
        high=found.high,
        uncorrected=(made.value, made.low, made.high),
    )


def _features(traffic: Traffic, inside: NDArray[np.intp]) -> tuple[Floats, Floats]:
    columns = [one for one in traffic.columns if one.part in ("input", "output") and _whole(one)]
    return (
        estimates.features([(one.bins, one.then) for one in columns]),
        estimates.features([(one.bins, one.now[inside]) for one in columns]),
    )


def _whole(column: Column) -> bool:
    return not (column.now == NONE).any()


def _graded(traffic: Traffic, reference: Scored, one: Estimate) -> Estimate:
    """The estimate with what labels say of its window, for good once those of all calls are due.

    Its interval is then that of a score over as many labels as there are.
    """
    if one.realised is not None:
        return one
    first, last = (_cell(traffic, at) for at in (one.start, one.end))
    inside = (traffic.cells >= first) & (traffic.cells < last)
    calls = next(each for each in traffic.scores if each.name == one.name)
    told = inside & calls.labelled
    if reference.form == "ranking":
        told &= calls.answered
    labelled = int(told.sum())
    due = (traffic.cells < last).sum() <= traffic.matured
    if not due or labelled < max(_LEAST_LABELS, _LEAST_SHARE * inside.sum()):
        return msgspec.structs.replace(one, labelled=labelled)
    score = _score(calls, told)
    if not math.isfinite(score.value):
        return msgspec.structs.replace(one, labelled=labelled)
    found, raw = (
        estimates.partly(each, int(inside.sum()), labelled)
        for each in (_expected(one), _uncorrected(one))
    )
    return msgspec.structs.replace(
        one,
        low=found.low,
        high=found.high,
        uncorrected=(raw.value, raw.low, raw.high),
        realised=score.value,
        realised_low=score.low,
        realised_high=score.high,
        labelled=labelled,
    )


def _cell(traffic: Traffic, at: str) -> int:
    passed = dt.datetime.fromisoformat(at) - dt.datetime.fromisoformat(traffic.start)
    return round(passed.total_seconds() * CELLS / traffic.cycle)


def _expected(one: Estimate) -> estimates.Expected:
    return estimates.Expected(one.value, one.low, one.high, one.effective_n, one.spread)


def _uncorrected(one: Estimate) -> estimates.Expected:
    """What the estimate was before earlier labels moved it; old records have what it became."""
    value, low, high = one.uncorrected or (one.value, one.low, one.high)
    return estimates.Expected(value, low, high, one.effective_n, one.spread)


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
