"""The budget of false alarms of one look: which windows it judges, and what each signal may spend.

Owns the shares of the parts, and within a part of its signals; they add up to the stated budget.
"""

from __future__ import annotations

from dataclasses import dataclass

from twinkeel.lifecycle.traffic import Traffic
from twinkeel.records import Part
from twinkeel.stats import schedule
from twinkeel.stats.schedule import SCALES, Window

SHARES: dict[Part, float] = {"input": 0.5, "output": 0.2, "quality": 0.2, "service": 0.1}
"""How the budget is shared among the parts that there are."""
BESIDE: dict[Part, int] = {"input": 1, "output": 0, "quality": 2, "service": 2}
"""Signals that are no columns: pairs of inputs; losses as they come, and estimates; calls refused,
and calls failed. Promises come on top of them."""
GROUPS = 0.25
"""Of a part's budget, what the groups of sensitive columns have, where there are any."""
_CATCH_UP = 64
"""Cycles that a look goes back at most, when none has looked for long."""


@dataclass(frozen=True)
class Budget:
    """What a look may spend, and on which windows."""

    false_alarms: float
    minimum: int
    seen: int
    """Cycles that an earlier look has judged."""
    share: float = 1.0
    """The part of it that one column has."""


def share(traffic: Traffic, part: Part) -> float:
    """The share of the budget that one signal of this part has."""
    parts = [column.part for column in traffic.columns]
    total = sum(SHARES[each] for each in {*parts, "service"})
    beside = BESIDE[part]
    if part == "quality":
        beside += sum(one.form == "promise" for one in traffic.reference.scores)
    own = 1 - GROUPS if traffic.sensitive and part != "service" else 1.0
    return own * SHARES[part] / total / (parts.count(part) + beside)


def group_share(traffic: Traffic, part: Part, groups: int) -> float:
    """The share of the budget that one of `groups` groups has for this part."""
    total = sum(SHARES[each] for each in {*(one.part for one in traffic.columns), "service"})
    return GROUPS * SHARES[part] / total / groups


def windows(seen: int, cycles: int) -> list[Window]:
    """What has ended since `seen` cycles, and the newest window of every length."""
    ends = range(max(seen, cycles - _CATCH_UP) + 1, cycles + 1)
    found = {window for end in ends for window in schedule.ending(end)}
    newest: dict[int, Window] = {}
    for end in range(max(1, cycles - max(SCALES)), cycles + 1):
        newest |= {window.length: window for window in schedule.ending(end)}
    return sorted(found | set(newest.values()))
