"""What a version promises of its answers, tested as labels come: calibration, bias and coverage.

Owns one signal for each promise. The gap between what labels say and what the answer said is
compared with the same gap on the cases that judged the version, either way, by an e-detector: one
may look as often as one likes. Pure: the calls were read before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinkeel.lifecycle.budget import Budget
from twinkeel.lifecycle.signals import day, unjudged
from twinkeel.lifecycle.traffic import CELLS, Scored, Traffic
from twinkeel.records import Signal
from twinkeel.stats import schedule, sequential
from twinkeel.stats.tails import Floats

FLOOR = 0.02
"""A gap below this is never an alarm, however sure."""


def promises(traffic: Traffic, budget: Budget) -> list[Signal]:
    """One signal for each promise of the kind; `budget` is that of each."""
    calls = {one.name: one for one in traffic.scores}
    return [
        _signal(traffic, one, calls[one.name], budget)
        for one in traffic.reference.scores
        if one.form == "promise"
    ]


def _signal(traffic: Traffic, then: Scored, now: Scored, budget: Budget) -> Signal:
    before = then.found - then.expected
    before = before[np.isfinite(before)]
    order = np.argsort(traffic.cells, kind="stable")
    after, cells = (now.found - now.expected)[order], traffic.cells[order]
    there = np.isfinite(after)
    after, cells = after[there], cells[there]
    if min(len(before), len(after)) < budget.minimum:
        return _unjudged(now.name, len(after), len(before), budget)
    cycles = max(float(cells[-1]) + 1, CELLS) / CELLS
    per_month = max(len(after) / cycles * schedule.MONTH / traffic.cycle, len(after))
    patience = per_month / (budget.false_alarms * budget.share)
    found = sequential.either_way(after, before, patience=patience, floor=FLOOR)
    return _made(traffic, now.name, (before, after, cells), found, 1 / patience)


def _made(
    traffic: Traffic,
    name: str,
    gaps: tuple[Floats, Floats, NDArray[np.int64]],
    found: sequential.Gap,
    level: float,
) -> Signal:
    before, after, cells = gaps
    alarm = found.since is not None
    later = after[found.since or 0 :]
    then, now = float(before.mean()), float(later.mean())
    begin = traffic.moment(float(cells[found.since or 0]))
    if alarm:
        said = (
            f"Labels no longer keep to the {name} of the answers: what they say less what was "
            f"answered is {now:+.3f} since {day(begin)}, was {then:+.3f}; {len(later):,} labels"
        )
    else:
        said = (
            f"The {name} of the answers is kept; a gap that moved by {found.smallest:.3f} or more "
            "would have been seen"
        )
    return Signal(
        part="quality",
        name=name,
        state="alarm" if alarm else "quiet",
        test="promise",
        n=len(later),
        reference_n=len(before),
        size=now - then,
        unit="gap",
        then=then,
        now=now,
        smallest=found.smallest,
        level=level,
        p=level if alarm else 1.0,
        since=begin if alarm else None,
        start=begin,
        end=traffic.moment(float(cells[-1] + 1)),
        sentence=said + ".",
    )


def _unjudged(name: str, n: int, reference: int, budget: Budget) -> Signal:
    sentence = (
        f"Quality {name} cannot be judged: {n:,} labelled calls and {reference:,} cases are "
        f"there, and {budget.minimum:,} of each are needed."
    )
    return unjudged("quality", name, n, reference, sentence)
