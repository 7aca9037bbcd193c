"""The share of calls that a version refused or failed on, as signals beside its evaluation.

Every case of the evaluation was answered, so the reference is none of them. Pure: the counts were
read before. Bursts are not discounted here, unlike elsewhere: a call without an answer is a fact,
and the floor alone says how many may be.
"""

from __future__ import annotations

import math

from twinkeel.lifecycle.budget import Budget, windows
from twinkeel.lifecycle.signals import day
from twinkeel.lifecycle.traffic import CELLS, Traffic
from twinkeel.records import Signal
from twinkeel.stats import schedule, tails
from twinkeel.stats.schedule import Window
from twinkeel.stats.tails import Floats

FLOOR = 0.01
"""The share of calls below which nothing is an alarm."""
_WORDS = {"refused": "were refused for their inputs", "failed": "failed"}
_REACH = tails.two_sided_at(0.4)
"""Four times out of five."""


def failures(traffic: Traffic, budget: Budget) -> list[Signal]:
    """One signal for each way in which a call gets no answer; `budget` is that of each."""
    return [_signal(traffic, name, budget) for name in traffic.unanswered]


def _signal(traffic: Traffic, name: str, budget: Budget) -> Signal:
    counts = traffic.unanswered[name]
    every = traffic.answered + sum(traffic.unanswered.values())
    judged = [
        made
        for window in windows(budget.seen, traffic.cycles)
        if (made := _judged(traffic, (name, counts, every), window, budget)) is not None
    ]
    if not judged:
        return _made(traffic, name, None, (0, int(every.sum()), 1.0, 0.0), budget)
    return max(judged, key=lambda one: (one.state == "alarm", one.level / max(one.p, 1e-300)))


def _judged(
    traffic: Traffic, counted: tuple[str, Floats, Floats], window: Window, budget: Budget
) -> Signal | None:
    name, counts, every = counted
    span = slice(window.start * CELLS, window.end * CELLS)
    hits, n, m = int(counts[span].sum()), int(every[span].sum()), len(traffic.reference.calls)
    if min(n, m) < budget.minimum:
        return None
    p = tails.share(hits, n, 0, m)
    spend = schedule.level(window.length, false_alarms=budget.false_alarms, cycle=traffic.cycle)
    return _made(traffic, name, window, (hits, n, p, budget.share * spend), budget)


def _made(
    traffic: Traffic,
    name: str,
    window: Window | None,
    found: tuple[int, int, float, float],
    budget: Budget,
) -> Signal:
    hits, n, p, level = found
    share = hits / max(n, 1)
    alarm = window is not None and p <= level and share >= FLOOR
    m = len(traffic.reference.calls)
    smallest = None if window is None else _smallest(n, m, level)
    start, end, begin = _times(traffic, traffic.unanswered[name], window)
    if window is None:
        said = (
            f"Calls that {_WORDS[name]} cannot be judged: no window that has ended has the "
            f"{budget.minimum:,} calls that are needed, or too few cases were judged"
        )
    elif alarm:
        said = f"{share:.1%} of calls {_WORDS[name]} since {day(begin or start or '')}: {hits:,}"
    else:
        said = (
            f"{share:.1%} of calls {_WORDS[name]}; {smallest:.1%} or more would have been an alarm"
        )
    return Signal(
        part="service",
        name=name,
        state="alarm" if alarm else "cannot judge" if window is None else "quiet",
        test="share",
        n=n,
        reference_n=m,
        size=None if window is None else share,
        unit="share",
        then=None if window is None else 0.0,
        now=None if window is None else share,
        smallest=smallest,
        level=level,
        p=p,
        since=begin if alarm else None,
        start=start,
        end=end,
        sentence=said + ".",
    )


def _times(
    traffic: Traffic, counts: Floats, window: Window | None
) -> tuple[str | None, str | None, str | None]:
    """When the window begins and ends, and when its first such call came."""
    if window is None:
        return None, None, None
    first, last = window.start * CELLS, window.end * CELLS
    when = next((cell for cell in range(first, last) if counts[cell]), first)
    return traffic.moment(first), traffic.moment(last), traffic.moment(when)


def _smallest(n: int, m: int, level: float) -> float:
    """The share that would have been an alarm four times out of five."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        sure = max(0.0, n * middle - _REACH * math.sqrt(n * middle * (1 - middle)))
        enough = tails.share(math.floor(sure), n, 0, m) <= level
        low, high = (low, middle) if enough else (middle, high)
    return max(high, FLOOR)
