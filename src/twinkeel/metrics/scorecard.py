"""Measures and evidence to scores: overall, per slice, between groups, and against production.

All scores of one evidence come from the same resamples. Too few cases, or too few of a class,
give a score without a value that says so: what cannot be judged is never a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twinkeel.metrics.measure import Bind, Measure, Statistic
from twinkeel.records import Evidence, Progress, Score, Scorecard, Tick, silent
from twinkeel.stats import intervals
from twinkeel.stats.bootstrap import Floats, Indices, Resampling, resampling
from twinkeel.stats.intervals import Interval

FEWEST = 20
"""The fewest independent cases on which anything is judged."""
_CONSTANT = 1e-12
"""Resampled values that differ by no more than this do not differ: it is rounding."""
_DEFINED = 0.95
"""The share of resamples in which a measure must be defined to have an interval."""
_EXACT = ("_mb", "_bytes")


def scorecard(
    measures: Sequence[Measure],
    evidence: Evidence,
    *,
    resamples: int = 1000,
    seed: int = 0,
    progress: Progress = silent,
) -> Scorecard:
    """Every measure overall and per slice, and every timing, with 95% intervals.

    A timing is the median of its repetitions; one whose name ends in `_per_second` is better
    when higher, any other when lower. A size (`_mb`, `_bytes`) has no error: its interval is
    what was measured.
    """
    plan = _plan(evidence, resamples, seed)
    questions = _questions(measures, evidence, plan)
    drawn = _draw(questions, _told(plan, progress))
    scores = _scores(questions, drawn, plan)
    timings = [_timing(name, np.asarray(times)) for name, times in evidence.timings.items()]
    return Scorecard(scores=(*scores, *timings))


def differences(
    candidate: Sequence[Measure],
    production: Sequence[Measure],
    evidence: Evidence,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Score]:
    """By key, how much better the candidate is than production on the same cases.

    Both sides are measured on the cases of `evidence`, which gives units, weights and slices. A
    difference is positive where the candidate is better, whatever the measure's direction; each
    resample weighs both sides alike. Measures that only one side has are left out.
    """
    other = {(measure.name, measure.over): measure for measure in production}
    paired = [
        _paired(measure, other[measure.name, measure.over])
        for measure in candidate
        if (measure.name, measure.over) in other
    ]
    plan = _plan(evidence, resamples, seed)
    questions = _questions(paired, evidence, plan)
    drawn = _draw(questions, plan.batches())
    if all(
        _constant(values) and abs(float(values[0])) <= _CONSTANT for values in drawn if len(values)
    ):
        scores = [_alike(question) for question in questions]
    else:
        scores = [
            score if question.measure.told is None else _alike(question)
            for question, score in zip(questions, _scores(questions, drawn, plan), strict=True)
        ]
    return {score.key: score for score in scores}


@dataclass(frozen=True)
class _Question:
    """One measure on some of the cases."""

    measure: Measure
    slice: str | None
    cases: Indices
    statistic: Statistic
    point: Floats
    """The statistic on the cases as they are: shape (), (parts,) or (rates, groups)."""
    size: float
    """The independent cases that it rests on: those of its smallest stratum, if it has any."""
    worth: tuple[float, float]
    """Kish's counts of cases and of units under the weights."""
    shortfall: str | None
    """Why it cannot be judged."""


def _plan(evidence: Evidence, resamples: int, seed: int) -> Resampling:
    return resampling(evidence.units, weight=evidence.weight, resamples=resamples, seed=seed)


def _questions(
    measures: Sequence[Measure], evidence: Evidence, plan: Resampling
) -> list[_Question]:
    """What is asked, part by part: all measures overall, then those that are sliced per slice."""
    counted = plan.weight > 0
    every = np.flatnonzero(counted)
    asked = [_ask(measure, None, every, plan) for measure in measures]
    sliced = [measure for measure in measures if measure.sliced and measure.over is None]
    for name, values in evidence.slices.items():
        column = np.asarray(values, dtype=object).astype(str)
        for value in np.unique(column):
            cases = np.flatnonzero(counted & (column == value))
            asked += [_ask(measure, f"{name}={value}", cases, plan) for measure in sliced]
    return asked


def _ask(measure: Measure, part: str | None, cases: Indices, plan: Resampling) -> _Question:
    if measure.among is not None:
        cases = cases[measure.among[cases]]
    weight = plan.weight[cases]
    by_unit = np.bincount(plan.unit[cases], weights=weight).astype(np.float64)
    worth = (intervals.kish(weight), intervals.kish(by_unit))
    fewest, shortfall = _smallest(measure, cases, units=int(np.count_nonzero(by_unit)))
    statistic = measure.on(cases) if shortfall is None else _nothing
    point = statistic(weight[None])[0]
    if shortfall is None and np.isnan(point).any():
        shortfall = "undefined on these cases"
    if point.ndim == 2 and point.shape[1] < 2:
        shortfall = f"{measure.over} has only one group here: there is nothing to compare"
    size = min(float(fewest), worth[1])
    return _Question(measure, part, cases, statistic, point, size, worth, shortfall)


def _smallest(measure: Measure, cases: Indices, *, units: int) -> tuple[int, str | None]:
    """The cases of the smallest thing that the measure needs, and what is missing if too few."""
    if units < FEWEST:
        return units, f"cannot judge: {units} independent cases where {FEWEST} are needed"
    strata = measure.strata
    if strata is None:
        return units, None
    of = strata.of[cases]
    counts = np.bincount(of[of >= 0], minlength=len(strata.names))
    needed = [index for index, name in enumerate(strata.names) if name]
    least = min(needed, key=lambda index: counts[index])
    if counts[least] >= strata.least:
        return int(counts[least]), None
    return int(counts[least]), (
        f"cannot judge: {counts[least]} cases of {strata.names[least]} "
        f"where {strata.least} are needed"
    )


def _nothing(weights: Floats) -> Floats:
    return np.full(len(weights), np.nan)


def _draw(questions: Sequence[_Question], batches: Iterable[Floats]) -> list[Floats]:
    """Values of every question for all weights, as its statistic gives them; empty if unasked."""
    found: list[list[Floats]] = [[] for _ in questions]
    for weights in batches:
        part, own = None, weights
        for values, question in zip(found, questions, strict=True):
            if question.shortfall is not None:
                continue
            if part is None or part is not question.cases:
                part = question.cases
                own = weights if len(part) == weights.shape[1] else np.take(weights, part, axis=1)
            values.append(question.statistic(own))
    return [np.concatenate(values) if values else np.empty(0) for values in found]


def _told(plan: Resampling, progress: Progress) -> Iterator[Floats]:
    """The batches of a plan, each told before it is asked for."""
    done = 0
    for weights in plan.batches():
        detail = f"{done:,} of {plan.resamples:,} resamples"
        progress(Tick(stage="scoring", fraction=done / plan.resamples, detail=detail))
        yield weights
        done += len(weights)


def _scores(
    questions: Sequence[_Question], drawn: Sequence[Floats], plan: Resampling
) -> list[Score]:
    smooth = [question for question in questions if question.measure.form == "smooth"]
    left_out = iter(_draw(smooth, plan.left_out()))
    none = np.empty(0)
    return [
        _score(question, values, next(left_out) if question.measure.form == "smooth" else none)
        for question, values in zip(questions, drawn, strict=True)
    ]


def _score(question: _Question, drawn: Floats, left_out: Floats) -> Score:
    """The score with its interval, or without one and why."""
    if question.shortfall is not None:
        return _record(question, None, None, question.shortfall)
    value = float(_reduced(question.point[None])[0])
    defined = drawn[~np.isnan(drawn).reshape(len(drawn), -1).any(axis=1)]
    if len(defined) < max(2, _DEFINED * len(drawn)):
        return _record(question, value, None, "no interval: undefined in many resamples")
    interval = _interval(question, value, defined, left_out[~np.isnan(left_out)])
    if interval is None:
        return _record(question, value, None, "no interval: no resample differs")
    return _record(question, value, interval.within(question.measure.bounds), None)


def _interval(
    question: _Question, value: float, drawn: Floats, left_out: Floats
) -> Interval | None:
    measure, size = question.measure, question.size
    if measure.form == "groups":
        return intervals.widest_gap(question.point, drawn, n=size).around(value)
    if measure.form == "share":
        cases, units = question.worth
        n = intervals.effective(value, drawn, cases=cases, units=units)
        return intervals.wilson(value, n)
    if _constant(drawn):
        low, high = measure.bounds
        reach = intervals.reach(size) * max(value - low, high - value)
        return Interval(value - reach, value + reach) if np.isfinite(reach) else None
    if measure.form == "gaps":
        return intervals.total_gap(question.point, drawn, n=size)
    return intervals.accelerated(value, drawn, left_out, n=size)


def _record(
    question: _Question, value: float | None, interval: Interval | None, note: str | None
) -> Score:
    return Score(
        name=question.measure.name,
        value=value,
        low=None if interval is None else float(interval.low),
        high=None if interval is None else float(interval.high),
        n=len(question.cases),
        direction=question.measure.direction,
        slice=question.measure.over if question.slice is None else question.slice,
        note=note,
    )


def _alike(question: _Question) -> Score:
    """No difference in anything, in any resample: the two answer alike."""
    if question.shortfall is not None:
        return _record(question, None, None, question.shortfall)
    return _record(question, 0.0, Interval(0.0, 0.0), "both answer alike on every case")


def _paired(candidate: Measure, production: Measure) -> Measure:
    """Candidate less production as a measure of its own, positive where better."""
    sign = 1.0 if candidate.direction == "higher" else -1.0
    width = candidate.bounds[1] - candidate.bounds[0]
    return Measure(
        candidate.name,
        "higher",
        _difference(candidate.on, production.on, sign),
        bounds=(-width, width),
        sliced=candidate.sliced,
        over=candidate.over,
        strata=candidate.strata,
        told=candidate.told if candidate.told == production.told else None,
    )


def _difference(candidate: Bind, production: Bind, sign: float) -> Bind:
    def bind(cases: Indices) -> Statistic:
        ours, theirs = candidate(cases), production(cases)
        return lambda weights: sign * (_reduced(ours(weights)) - _reduced(theirs(weights)))

    return bind


def _reduced(values: Floats) -> Floats:
    """One value per resample: (B,) as it is, (B, parts) and (B, rates, groups) by their form."""
    if values.ndim == 3:
        widest: Floats = np.ptp(values, axis=2).max(axis=1)
        return widest
    return np.abs(values).sum(axis=1) if values.ndim == 2 else values


def _constant(drawn: Floats) -> bool:
    return bool(np.ptp(drawn) <= _CONSTANT)


def _timing(name: str, times: Floats) -> Score:
    """The median of repeated measurements; it can never be recomputed, only measured again."""
    exact = name.endswith(_EXACT)
    interval = Interval(float(times.min()), float(times.max())) if exact else intervals.order(times)
    return Score(
        name=name,
        value=float(np.median(times)) if len(times) else None,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        n=len(times),
        direction="higher" if name.endswith("_per_second") else "lower",
        timing=True,
        note="no interval: fewer than 6 repetitions" if interval is None else None,
    )
