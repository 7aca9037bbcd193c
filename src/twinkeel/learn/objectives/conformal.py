"""Finds the ends of intervals on out-of-fold residuals: for all rows, and group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import spread
from twinkeel.learn.intervals import GROUP_ROWS, Grouping, Interval, edges, groups, quantiles
from twinkeel.learn.objectives.base import Learned
from twinkeel.learn.spread import Spread

Floats = NDArray[np.float64]


class Calibrated(NamedTuple):
    """An interval that holds what it promises."""

    interval: Interval
    spread: Spread
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Judged:
    """Rows that calibrate, with their residuals and spreads."""

    rows: NDArray[np.intp]
    prediction: Floats
    residuals: Floats
    spread: Floats
    weight: Floats

    def at(self, known: NDArray[np.bool_]) -> _Judged:
        """Some of the rows."""
        return _Judged(
            self.rows[known],
            self.prediction[known],
            self.residuals[known],
            self.spread[known],
            self.weight[known],
        )

    def ends(self, plain: Interval) -> Interval:
        """The interval with ends for all rows alike."""
        found = quantiles(self.residuals / self.spread, self.weight, plain.level)
        return msgspec.structs.replace(plain, ends=found)

    def width(self, interval: Interval) -> float:
        """Of the intervals, on average."""
        ends = interval.between(self.prediction, self.spread, {})
        return float(np.average(ends[:, 1] - ends[:, 0], weights=self.weight))


def calibrated(learned: Learned, plain: Interval, sensitive: Sequence[str]) -> Calibrated:
    """Ends for `plain`, with spreads by row where these make intervals narrower."""
    ensemble = learned.ensemble
    prediction, weight = ensemble.out_of_fold[:, 0], ensemble.targets.weight
    residuals = plain.stretched(ensemble.targets.y) - plain.stretched(prediction)
    far = spread.learn(
        learned.material, ensemble, np.abs(residuals), budget=learned.budget, step=learned.step
    )
    found, known = far.out_of_fold(ensemble)
    even = _Judged(ensemble.rows, prediction, residuals, np.ones(len(residuals)), weight)
    own = replace(even, spread=found).at(known)
    if known.any() and own.width(own.ends(plain)) < even.at(known).width(even.ends(plain)):
        judged = own
    else:
        judged, far = even, Spread({}, learned.material)
    groupings, notes = _groupings(learned, judged, plain.level, sensitive)
    interval = msgspec.structs.replace(judged.ends(plain), groupings=groupings)
    return Calibrated(interval, far, notes)


def _groupings(
    learned: Learned, judged: _Judged, level: float, sensitive: Sequence[str]
) -> tuple[tuple[Grouping, ...], tuple[str, ...]]:
    """Ends for each group that is large enough, and sentences on those that are not."""
    read = {column.name for column in learned.contract.columns}
    found, notes = [], []
    for name in sensitive:
        if name not in read:
            notes.append(f"Intervals do not depend on {name}, which is not learned from.")
            continue
        grouping, small = _grouping(name, learned, judged, level)
        found.append(grouping)
        if small:
            listed = ", ".join(repr(one) for one in small[:5])
            notes.append(
                f"Intervals of {name} {listed} are those of all rows: fewer than {GROUP_ROWS} "
                "rows are too few for ends of their own."
            )
    return tuple(found), tuple(notes)


def _grouping(
    name: str, learned: Learned, judged: _Judged, level: float
) -> tuple[Grouping, list[str]]:
    column = learned.material.values[name]
    inner = edges(column)
    named = np.array(groups(column[judged.rows], inner), dtype=object)
    scaled, ends, small = judged.residuals / judged.spread, {}, []
    for group in sorted(set(named.tolist())):
        mine = named == group
        if mine.sum() >= GROUP_ROWS:
            ends[group] = quantiles(scaled[mine], judged.weight[mine], level)
        else:
            small.append(group)
    return Grouping(column=name, edges=inner, ends=ends), small
