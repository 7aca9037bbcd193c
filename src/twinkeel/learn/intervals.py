"""Prediction intervals that hold what they promise: conformal, cross-fitted, and by group.

Normalised residuals, out of fold, have a low and a high quantile; an interval is the answer plus
each of them times the row's spread (Lei et al., 2018; cross-conformal: Vovk, 2015). Groups that
have rows enough have quantiles of their own (Mondrian: Vovk et al., 2005); of several groups that
a row belongs to, the wider ends count. Pure numpy: serving reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.types import plain
from twinkeel.records import Record

Floats = NDArray[np.float64]

GROUP_ROWS = 200
"""A group with fewer judged rows has no ends of its own."""
_MAX_GROUPS = 10
_QUARTERS = (0.25, 0.5, 0.75)


class Ends(Record, frozen=True, kw_only=False):
    """Quantiles of normalised residuals: below and above the answer."""

    low: float
    high: float


class Grouping(Record, frozen=True):
    """How the values of one column make groups: by themselves, or by the edges of quarters."""

    column: str
    edges: tuple[float, ...] | None
    ends: dict[str, Ends]
    """By group; a group that is not there has the ends of all rows."""

    def of(self, values: NDArray[Any]) -> list[str]:
        """The group of each contract-checked value."""
        return groups(values, self.edges)


class Interval(Record, frozen=True):
    """How an interval is made of an answer and its spread."""

    level: float
    """The share of rows whose target it is to hold."""
    shift: float | None
    """Where spreads grow with the amount, ends are found in log(amount + shift)."""
    floor: float | None
    """No target is smaller: 0 for what is never negative."""
    ends: Ends
    groupings: tuple[Grouping, ...] = ()

    def between(
        self, prediction: Floats, spread: Floats, values: Mapping[str, NDArray[Any]]
    ) -> Floats:
        """(n, 2) low and high ends; the prediction is never outside."""
        low, high = self._ends(len(prediction), values)
        center = self.stretched(prediction)
        found = self._back(np.column_stack([center + low * spread, center + high * spread]))
        if self.floor is not None:
            found = np.maximum(found, self.floor)
        return np.column_stack(
            [np.minimum(found[:, 0], prediction), np.maximum(found[:, 1], prediction)]
        )

    def stretched(self, amount: Floats) -> Floats:
        """Amounts on the scale on which ends are found."""
        if self.shift is None:
            return amount
        return np.log(np.maximum(amount + self.shift, np.finfo(np.float64).tiny))

    def _back(self, found: Floats) -> Floats:
        return found if self.shift is None else np.exp(found) - self.shift

    def _ends(self, n: int, values: Mapping[str, NDArray[Any]]) -> tuple[Floats, Floats]:
        low, high = np.full(n, self.ends.low), np.full(n, self.ends.high)
        for place, grouping in enumerate(self.groupings):
            named = grouping.of(values[grouping.column])
            own = [grouping.ends.get(name, self.ends) for name in named]
            own_low = np.array([one.low for one in own])
            own_high = np.array([one.high for one in own])
            low = own_low if place == 0 else np.minimum(low, own_low)
            high = own_high if place == 0 else np.maximum(high, own_high)
        return low, high


def quantiles(residuals: Floats, weight: Floats, level: float) -> Ends:
    """The ends that hold `level` of the rows, half of the rest on each side.

    One row that is not among these is reckoned with, which makes the promise hold for any number
    of rows (Vovk et al., 2005); with too few for the level, the largest residuals are the ends.
    """
    outside = (1 - level) / 2
    low = -upper(-residuals, weight, 1 - outside)
    return Ends(low, upper(residuals, weight, 1 - outside))


def upper(values: Floats, weight: Floats, share: float) -> float:
    """The value up to which `share` of the rows lies, one that is not among these reckoned with.

    With too few rows for the share, the largest value.
    """
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    extra = mass[-1] / len(values)
    place = int(np.searchsorted(mass, share * (mass[-1] + extra) - 1e-12 * mass[-1]))
    return float(values[order][min(place, len(values) - 1)])


def edges(values: NDArray[Any]) -> tuple[float, ...] | None:
    """The inner edges of the quarters of a number with many values; None for what groups itself."""
    if values.dtype == object:
        return None
    known = values[~np.isnan(values)]
    if len(np.unique(known)) <= _MAX_GROUPS:
        return None
    return tuple(float(edge) for edge in np.unique(np.quantile(known, _QUARTERS)))


def groups(values: NDArray[Any], inner: tuple[float, ...] | None) -> list[str]:
    """The group of each value: its text, or its quarter."""
    if inner is None:
        return [_text(value) for value in values.tolist()]
    place = np.searchsorted(np.array(inner), values, side="right")
    return [
        "" if np.isnan(value) else f"quarter {p}" for value, p in zip(values, place, strict=True)
    ]


def _text(value: Any) -> str:
    return "" if value is None or value != value else plain(value)  # noqa: PLR0124  # NaN
