"""Groups of the sensitive columns, each beside the same group of the cases that judged the version.

Owns which groups there are, and one signal a group for each part: what its members send, what they
are answered, and how wrong that was once labels come. They spend a quarter of the part's budget, so
many groups do not raise more false alarms. Refuses to judge a group of too few. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.lifecycle.budget import Budget, group_share
from twinkeel.lifecycle.signals import column_signal, line
from twinkeel.lifecycle.traffic import Column, Traffic
from twinkeel.records import Part, Signal
from twinkeel.stats.bins import Bins

_MOST = 12
"""Values of a column that are groups by themselves; a number with more has four groups."""
_PARTS: tuple[Part, ...] = ("input", "output", "quality")


@dataclass(frozen=True, eq=False)
class _Group:
    name: str
    """As in scores: `gender=Female`."""
    of: Column
    then: NDArray[np.intp]
    """Which cases of the reference are its own."""
    now: NDArray[np.intp]
    """Which calls are."""


def groups(traffic: Traffic, budget: Budget) -> list[Signal]:
    """One signal for each group and part; `budget` is that of the whole look."""
    named = [
        one for one in traffic.columns if one.part == "input" and one.name in traffic.sensitive
    ]
    found = [group for column in named for group in _of(column)]
    made = []
    for part in _PARTS:
        columns = [one for one in traffic.columns if one.part == part]
        for group in found:
            own = [one for one in columns if one is not group.of]
            if own:
                spend = group_share(traffic, part, len(found)) / len(own)
                made.append(_signal(traffic, group, own, replace(budget, share=spend)))
    return made


def _of(column: Column) -> Iterator[_Group]:
    for value, codes in _values(column.bins):
        then, now = (np.flatnonzero(np.isin(x, codes)) for x in (column.then, column.now))
        yield _Group(f"{line(column.name)}={line(value)}", column, then, now)


def _values(bins: Bins) -> list[tuple[str, list[int]]]:
    """The groups of a column and the bins that each has."""
    if not bins.ordered:
        return [(value, [code]) for code, value in enumerate(bins.values[:_MOST])]
    centres = bins.centres
    assert centres is not None
    there = np.flatnonzero(bins.counts[:-1] > 0)
    if len(there) <= _MOST:
        return [(f"{centres[code]:g}", [int(code)]) for code in there]
    quarter = np.minimum(4 * (np.cumsum(bins.counts[there]) - 0.5) // bins.counts[there].sum(), 3)
    parts = [there[quarter == at] for at in range(4)]
    return [
        (f"{centres[part[0]]:.3g} to {centres[part[-1]]:.3g}", part.tolist())
        for part in parts
        if len(part)
    ]


def _signal(traffic: Traffic, group: _Group, columns: list[Column], budget: Budget) -> Signal:
    """What is nearest to an alarm among the group's columns."""
    own = replace(traffic, columns=(), cells=traffic.cells[group.now])
    every = [column_signal(own, _within(one, group), budget) for one in columns]
    judged = [one for one in every if one.state != "cannot judge"]
    best = max(judged or every, key=_nearness)
    return msgspec.structs.replace(
        best, name=group.name, sentence=f"Among {group.name}: {_lower(best.sentence)}"
    )


def _within(column: Column, group: _Group) -> Column:
    """The column as if there were nobody but the group."""
    then = column.then[group.then]
    counts = np.bincount(then, minlength=column.bins.size).astype(np.float64)
    return replace(
        column,
        bins=replace(column.bins, counts=counts),
        then=then,
        now=column.now[group.now],
    )


def _nearness(one: Signal) -> tuple[bool, float]:
    return one.state == "alarm", one.level / max(one.p, 1e-300)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
