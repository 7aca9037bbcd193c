"""Inputs jointly: one signal on whether the columns that matter still go together as they did.

Owns which columns are looked at: at most eight, those that go most with the version's answers.
Numbers count by their normal scores, texts by whether they are the commonest value. Pure: the calls
were read before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twinkeel.lifecycle.budget import Budget, windows
from twinkeel.lifecycle.signals import commonest, day, designs, line, unjudged
from twinkeel.lifecycle.traffic import CELLS, NONE, Column, Traffic
from twinkeel.records import Signal
from twinkeel.stats import schedule
from twinkeel.stats.pairs import FLOOR, Parted, most_telling, parted
from twinkeel.stats.schedule import Window
from twinkeel.stats.tails import Floats

NAME = "together"
_COLUMNS = 8
_MOST = 5_000
"""Calls of a window that are compared."""
_RARE = 0.05
"""A commonest value that nearly all calls have, or few, has no correlation worth the name."""


@dataclass(frozen=True, eq=False)
class _Watched:
    columns: list[Column]
    then: Floats
    now: Floats
    """Scores of shape (calls, columns)."""
    design: Floats


def together(traffic: Traffic, budget: Budget) -> Signal | None:
    """The signal; None where there are fewer than two columns. `budget` is its own."""
    watched = _watched(traffic)
    if watched is None:
        return None
    judged = [
        made
        for window in windows(budget.seen, traffic.cycles)
        if (made := _judged(traffic, watched, window, budget)) is not None
    ]
    if not judged:
        return _unjudged(traffic, len(watched.then), budget)
    return max(judged, key=lambda one: (one.state == "alarm", one.level / max(one.p, 1e-300)))


def _watched(traffic: Traffic) -> _Watched | None:
    answers = traffic.reference.answers
    inputs = [one for one in traffic.columns if one.part == "input" and _varies(one)]
    if answers is None or len(inputs) < 2:
        return None
    scores = [_scores(one) for one in inputs]
    then = [known[one.then] for one, known in zip(inputs, scores, strict=True)]
    chosen = most_telling(then, answers, _COLUMNS)
    n_cells = traffic.cycles * CELLS
    return _Watched(
        columns=[inputs[i] for i in chosen],
        then=np.column_stack([then[i] for i in chosen]),
        now=np.column_stack([_now(inputs[i], scores[i]) for i in chosen]),
        design=np.asarray([
            designs(inputs[i], inputs[i].counts(traffic.cells, n_cells))[-1] for i in chosen
        ]),
    )  # fmt: skip


def _varies(column: Column) -> bool:
    counts = column.bins.counts[:-1]
    if not counts.sum():
        return False
    top = float(counts.max() / counts.sum())
    return column.bins.ordered or _RARE <= top <= 1 - _RARE


def _scores(column: Column) -> Floats:
    """What each bin counts for; NaN for a missing value."""
    scores = column.bins.scores[0] if column.bins.ordered else commonest(column)
    return np.append(scores, np.nan)


def _now(column: Column, scores: Floats) -> Floats:
    return np.where(column.now == NONE, np.nan, scores[column.now.astype(np.int64)])


def _judged(traffic: Traffic, watched: _Watched, window: Window, budget: Budget) -> Signal | None:
    first, last = window.start * CELLS, window.end * CELLS
    inside = np.flatnonzero((traffic.cells >= first) & (traffic.cells < last))
    if min(len(inside), len(watched.then)) < budget.minimum:
        return None
    read = inside[:: math.ceil(len(inside) / _MOST)]
    level = budget.share * schedule.level(
        window.length, false_alarms=budget.false_alarms, cycle=traffic.cycle
    )
    found = parted(watched.then, watched.now[read], level=level, design=watched.design)
    return None if found is None else _made(traffic, watched, window, found, level)


def _made(
    traffic: Traffic, watched: _Watched, window: Window, found: Parted, level: float
) -> Signal:
    size = found.now - found.then
    alarm = found.p <= level and abs(size) >= FLOOR
    start, end = traffic.moment(window.start * CELLS), traffic.moment(window.end * CELLS)
    names = [line(watched.columns[i].name) for i in (found.first, found.second)]
    if alarm:
        said = (
            f"Inputs {names[0]} and {names[1]} no longer go together as they did: their "
            f"correlation is {found.now:+.2f}, was {found.then:+.2f}, in the window from "
            f"{day(start)}."
        )
    else:
        said = (
            f"Inputs go together as they did; a change of {found.smallest:.2f} or more in the "
            f"correlation of {names[0]} and {names[1]} would have been seen."
        )
    return Signal(
        part="input",
        name=NAME,
        state="alarm" if alarm else "quiet",
        test="pair",
        n=found.n,
        reference_n=len(watched.then),
        size=size,
        unit="correlation",
        then=found.then,
        now=found.now,
        smallest=found.smallest,
        level=level,
        p=found.p,
        since=start if alarm else None,
        start=start,
        end=end,
        sentence=said,
    )


def _unjudged(traffic: Traffic, reference: int, budget: Budget) -> Signal:
    sentence = (
        f"Inputs together cannot be judged: no window that has ended has the "
        f"{budget.minimum:,} calls that are needed, with both values of a pair."
    )
    return unjudged("input", NAME, len(traffic.cells), reference, sentence)
