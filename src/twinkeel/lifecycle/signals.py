"""Columns then and now -> signals: judged within the budget, and explained where they alarm.

Owns what is said of a column: how large its shift is, since when, which groups of calls carry it,
and how far it moves the answers and the expected loss. Pure: the calls were read before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twinkeel.lifecycle.budget import Budget, share, windows
from twinkeel.lifecycle.traffic import CELLS, NONE, Column, Traffic
from twinkeel.records import Part, Signal, Slice
from twinkeel.stats import schedule, sequential
from twinkeel.stats.dependence import design_effects, since
from twinkeel.stats.schedule import Window
from twinkeel.stats.shift import Shift, Shifts, shifts
from twinkeel.stats.tails import Floats

_SLICES = 3
_SLICE_VALUES = 12
_TINY = 1e-300
_SMOOTH = 5.0
"""Cases of the overall mean that a bin's own mean is drawn by."""


@dataclass(frozen=True, eq=False)
class _Judged:
    """One column's nearest to an alarm."""

    column: Column
    counts: Floats
    window: Window
    shift: Shift
    n: int
    smallest: float


def judge(traffic: Traffic, budget: Budget) -> list[Signal]:
    """One signal per column."""
    found = []
    for column in traffic.columns:
        own = replace(budget, share=share(traffic, column.part))
        signal = column_signal(traffic, column, own)
        found.append(_sooner(traffic, signal, own) if column.part == "quality" else signal)
    return found


def column_signal(traffic: Traffic, column: Column, budget: Budget) -> Signal:
    """What one column says; `budget` is its own."""
    counts = column.counts(traffic.cells, column.cycles * CELLS)
    late = traffic.cycles - column.cycles  # cycles whose labels have not had their time
    best = _nearest(column, counts, traffic.cycle, replace(budget, seen=budget.seen - late))
    if best is None:
        return _unjudged(traffic, column, counts, budget)
    return _alarm(traffic, best) if best.shift.alarm else _quiet(traffic, best)


def _nearest(column: Column, counts: Floats, cycle: float, budget: Budget) -> _Judged | None:
    """What is nearest to an alarm; None where no window has enough calls."""
    every = windows(budget.seen, column.cycles)
    calls = within(counts, every).sum(axis=1)
    enough = np.flatnonzero(calls >= budget.minimum)
    if not len(enough) or column.bins.counts.sum() < budget.minimum:
        return None
    judged = [every[i] for i in enough]
    found = []
    for test in window_tests(column, counts, judged, cycle=cycle, budget=budget):
        at = _likeliest(test)
        n, smallest = int(calls[enough[at]]), float(np.nanmin(test.smallest))
        found.append(_Judged(column, counts, judged[at], test.at(at), n, smallest))
    return max(found, key=_nearness)


def window_tests(
    column: Column, counts: Floats, every: Sequence[Window], *, cycle: float, budget: Budget
) -> list[Shifts]:
    """Every test of the column in each of these windows; `counts` are its calls by cell and bin."""
    spend = {
        length: budget.share * schedule.level(length, false_alarms=budget.false_alarms, cycle=cycle)
        for length in schedule.SCALES
    }
    return shifts(
        column.bins,
        within(counts, every),
        level=np.asarray([spend[one.length] for one in every]),
        design=designs(column, counts)[[one.end for one in every]],
    )


def within(counts: Floats, every: Sequence[Window]) -> Floats:
    """Calls by window and bin."""
    cycles = counts.reshape(-1, CELLS, counts.shape[1]).sum(axis=1)
    upto = np.concatenate([np.zeros((1, counts.shape[1])), np.cumsum(cycles, axis=0)])
    return np.asarray(upto[[one.end for one in every]] - upto[[one.start for one in every]])


def _likeliest(test: Shifts) -> int:
    """The window that is nearest to an alarm, first of all those that raise one."""
    near = np.nan_to_num(test.level / np.maximum(test.p, _TINY), nan=-1.0)
    return int(np.argmax(np.where(test.alarm, near, -1.0) if test.alarm.any() else near))


def _nearness(one: _Judged) -> tuple[bool, bool, float]:
    """Alarms first, those of place, mix and missing before spread, which says less to a person."""
    alarm = one.shift.alarm
    return alarm, alarm and one.shift.test != "spread", one.shift.level / max(one.shift.p, _TINY)


def designs(column: Column, counts: Floats) -> Floats:
    """The design effects of the column's calls, after 0, 1, ... cycles."""
    scores = column.bins.scores[0] if column.bins.ordered else commonest(column)
    there = counts[:, :-1]
    return design_effects(there @ scores, there.sum(axis=1), per_cycle=CELLS)


def commonest(column: Column) -> Floats:
    """Scores of variance 1 that tell the commonest value from the others."""
    shares = column.bins.counts[:-1] / max(column.bins.counts[:-1].sum(), 1)
    top = int(np.argmax(shares))
    share = min(max(float(shares[top]), 0.01), 0.99)
    found: Floats = ((np.arange(len(shares)) == top) - share) / np.sqrt(share * (1 - share))
    return found


def _sooner(traffic: Traffic, signal: Signal, budget: Budget) -> Signal:
    """The signal of losses, raised as soon as matured labels say that they rose."""
    losses = traffic.losses[np.argsort(traffic.cells, kind="stable")]
    cells = np.sort(traffic.cells)[~np.isnan(losses)]
    losses = losses[~np.isnan(losses)]
    then = traffic.reference.losses
    if then is None or len(losses) < budget.minimum or not 0 <= then.min() <= then.max() <= 1:
        return signal
    cycles = max(float(cells[-1]) + 1, CELLS) / CELLS
    per_month = len(losses) / cycles * schedule.MONTH / traffic.cycle
    threshold = sequential.promised(float(then.mean()), len(then))
    patience = max(per_month, len(losses)) / (budget.false_alarms * budget.share)
    found = sequential.detect(np.clip(losses, 0, 1), threshold=threshold, patience=patience)
    if found.alarm is None or signal.state == "alarm":
        return signal
    begin = traffic.moment(float(cells[found.since or 0]))
    later = losses[found.since :]
    size = float(later.mean() - then.mean())
    return Signal(
        part="quality",
        name=signal.name,
        state="alarm",
        test="losses",
        n=len(later),
        reference_n=len(then),
        size=size,
        unit="loss",
        then=float(then.mean()),
        now=float(later.mean()),
        smallest=None,
        level=1 / patience,
        p=1 / patience,
        since=begin,
        start=begin,
        end=traffic.moment(float(cells[-1] + 1)),
        loss=size,
        sentence=(
            f"The loss of labelled calls is {later.mean():.3g} since {day(begin)}, "
            f"was {then.mean():.3g}: {len(later):,} labels say so."
        ),
    )


# ------------------------------------------------------------------------ what is said


def _unjudged(traffic: Traffic, column: Column, counts: Floats, budget: Budget) -> Signal:
    n, m = int(counts.sum()), int(column.bins.counts.sum())
    if column.cycles == 0:
        why = f"its first window ends at {day(traffic.moment(CELLS))}"
    elif column.part == "service" and column.anchor is None:
        why = f"no cycle has the {budget.minimum:,} calls yet that it would be compared with"
    elif m < budget.minimum:
        why = f"the reference has {m:,} cases of the {budget.minimum:,} that are needed"
    else:
        what = "labelled calls" if column.part == "quality" else "calls"
        why = f"no window has the {budget.minimum:,} {what} that are needed ({n:,} in all)"
    said = f"{_title(column)} cannot be judged: {why}."
    return unjudged(column.part, column.name, n, m, said)


def unjudged(part: Part, name: str, n: int, reference_n: int, sentence: str) -> Signal:
    """A signal of which nothing can be said but why."""
    return Signal(
        part=part,
        name=name,
        state="cannot judge",
        test="",
        n=n,
        reference_n=reference_n,
        size=None,
        unit="",
        then=None,
        now=None,
        smallest=None,
        level=0.0,
        p=1.0,
        sentence=sentence,
    )


def _quiet(traffic: Traffic, judged: _Judged) -> Signal:
    smallest = _amount(judged.smallest, judged.shift.unit)
    sentence = f"{_title(judged.column)} is quiet; {smallest} or more would have been seen."
    return _made(traffic, judged, sentence)


def _alarm(traffic: Traffic, judged: _Judged) -> Signal:
    column, shift = judged.column, judged.shift
    scores, value = _scores(judged)
    upto = judged.counts[: judged.window.end * CELLS]
    there = upto if shift.test == "missing" else upto[:, :-1]
    begin = traffic.moment(since(there @ scores, there.sum(axis=1)))
    now = _window(judged)
    effect = _moved(column, now, traffic.reference.answers)
    loss = _moved(column, now, traffic.reference.losses)
    if column.part == "quality":
        effect, loss = None, _mean(judged, now) - _mean(judged, column.bins.counts)
    what = {
        "place": f"is {'higher' if shift.size > 0 else 'lower'}",
        "spread": f"is spread {'wider' if shift.size > 0 else 'less'}",
        "mix": f"has another mix, most of all of {value}",
        "missing": f"is missing {'more' if shift.size > 0 else 'less'} often",
    }[shift.test]
    sentence = f"{_title(column)} {what}: {_amount(abs(shift.size), shift.unit)} since {day(begin)}"
    if effect is not None and column.part == "input":
        sentence += f"; it moves the mean answer by {effect:+.3g}"
    slices = _slices(traffic, judged, scores) if shift.test == "place" else ()
    return _made(
        traffic, judged, sentence + ".", since=begin, effect=effect, loss=loss, slices=slices
    )


def _made(traffic: Traffic, judged: _Judged, sentence: str, **more: object) -> Signal:
    column, shift = judged.column, judged.shift
    now, then = _window(judged), column.bins.counts
    return Signal(
        part=column.part,
        name=column.name,
        state="alarm" if shift.alarm else "quiet",
        test=shift.test,
        n=judged.n,
        reference_n=int(then.sum()),
        size=shift.size,
        unit=shift.unit,
        then=_level(judged, then),
        now=_level(judged, now),
        smallest=judged.smallest,
        level=shift.level,
        p=shift.p,
        start=traffic.moment(judged.window.start * CELLS),
        end=traffic.moment(judged.window.end * CELLS),
        sentence=sentence + _beside(traffic, column),
        **more,  # type: ignore[arg-type]  # the fields of an alarm, from one place above
    )


def _beside(traffic: Traffic, column: Column) -> str:
    """Which calls a column is compared with, where they are not the first after the release."""
    if not column.anchor:
        return ""
    begin = day(traffic.moment(column.anchor * CELLS))
    return f" It is compared with the cycle from {begin}, the first with enough calls."


def _window(judged: _Judged) -> Floats:
    span = slice(judged.window.start * CELLS, judged.window.end * CELLS)
    return np.asarray(judged.counts[span].sum(axis=0))


def _scores(judged: _Judged) -> tuple[Floats, str]:
    """What the shifted test counts for each bin, and of a mix the value that changed most."""
    bins, test = judged.column.bins, judged.shift.test
    if test == "missing":
        return np.asarray(np.arange(bins.size) == bins.size - 1, dtype=np.float64), ""
    if test in ("place", "spread"):
        return bins.scores[0 if test == "place" else 1], ""
    now, then = _window(judged)[:-1], bins.counts[:-1]
    gaps = np.abs(now / max(now.sum(), 1) - then / max(then.sum(), 1))
    top = int(np.argmax(gaps))
    value = f"{bins.values[top]!a}" if top < len(bins.values) else "values not seen before"
    return np.asarray(np.arange(len(gaps)) == top, dtype=np.float64), value


def _level(judged: _Judged, counts: Floats) -> float | None:
    """The mean of counts, or the share that the test is about."""
    if judged.shift.test == "missing":
        return float(counts[-1] / max(counts.sum(), 1))
    if judged.column.bins.centres is not None:
        return _mean(judged, counts)
    scores, _ = _scores(judged)
    return float((counts[:-1] * scores).sum() / max(counts[:-1].sum(), 1))


def _mean(judged: _Judged, counts: Floats) -> float:
    centres = judged.column.bins.centres
    assert centres is not None
    return float((counts[:-1] * centres).sum() / max(counts[:-1].sum(), 1))


def _moved(column: Column, now: Floats, values: Floats | None) -> float | None:
    """How far a mean of the reference moves when its bins are weighted as they are now."""
    if values is None or column.part != "input" or len(values) != len(column.then):
        return None
    there = np.isfinite(values)
    n = np.bincount(column.then[there], minlength=column.bins.size)
    sums = np.bincount(column.then[there], weights=values[there], minlength=column.bins.size)
    means = (sums + _SMOOTH * values[there].mean()) / (n + _SMOOTH)
    then = column.bins.counts
    return float(((now / max(now.sum(), 1) - then / max(then.sum(), 1)) * means).sum())


def _slices(traffic: Traffic, judged: _Judged, scores: Floats) -> tuple[Slice, ...]:
    """The groups of calls that carry a shift of place beyond their share of calls."""
    first, last = judged.window.start * CELLS, judged.window.end * CELLS
    inside = (traffic.cells >= first) & (traffic.cells < last)
    column, padded = judged.column, np.append(scores, 0.0)
    inside &= column.now != NONE
    then, now = padded[column.then], padded[column.now[inside]]
    found = []
    for other in traffic.columns:
        few = not other.bins.ordered and len(other.bins.values) <= _SLICE_VALUES
        if not few or other is column or len(other.then) != len(then):
            continue
        codes = other.now[inside]
        for code, value in enumerate(other.bins.values):
            here, there = codes == code, other.then == code
            if min(here.sum(), there.sum()) < 30:
                continue
            share = float(here.mean())
            carries = share * float(now[here].mean() - then[there].mean()) / judged.shift.size
            if carries > 1.25 * share and carries > 0.2:
                name = f"{line(other.name)}={line(value)}"
                found.append(Slice(name=name, share=share, carries=carries))
    return tuple(sorted(found, key=lambda one: one.share - one.carries)[:_SLICES])


def rank(signal: Signal) -> tuple[int, float, float, str]:
    """Alarms first, by their expected loss and their effect on the answers."""
    order = ("alarm", "quiet", "cannot judge").index(signal.state)
    loss, effect = abs(signal.loss or 0.0), abs(signal.effect or 0.0)
    return order, -loss, -effect, signal.cause


def _title(column: Column) -> str:
    return f"{column.part.capitalize()} {line(column.name)}"


def line(text: str) -> str:
    """A name from data as it may stand in a log or on a terminal: on one line, without controls."""
    return text if text.isprintable() else ascii(text)


def _amount(size: float, unit: str) -> str:
    return f"{100 * size:.1f}% of calls" if unit == "share" else f"{size:.2f} sd"


def day(at: str) -> str:
    """A moment as sentences tell it."""
    return f"{at[:16].replace('T', ' ')} UTC"
