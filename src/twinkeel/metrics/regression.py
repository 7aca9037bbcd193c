"""What is measured of a regressor: how far it is off, whether its intervals hold, for whom.

Owns the choice of measures and their definitions as functions of case weights. All are in the
target's units but R2 and coverage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twinkeel.metrics import functionals as f
from twinkeel.metrics.fairness import FEWEST_IN_GROUP, Groups
from twinkeel.metrics.measure import Bind, Measure, Statistic, Strata
from twinkeel.stats.bootstrap import Floats, Indices


@dataclass(frozen=True)
class Forecasts:
    """Predictions with their intervals, beside what came; all of shape (n,)."""

    expected: Floats
    prediction: Floats
    low: Floats
    high: Floats
    level: float
    """The share of cases that the intervals are to hold."""

    @property
    def error(self) -> Floats:
        """Prediction less what came."""
        return self.prediction - self.expected

    @property
    def inside(self) -> Floats:
        """1 where the interval holds what came, else 0."""
        held = (self.low <= self.expected) & (self.expected <= self.high)
        return held.astype(np.float64)

    @property
    def pinball(self) -> Floats:
        """The quantile loss of the two ends, on average (Koenker and Bassett, 1978)."""
        outside = (1 - self.level) / 2
        ends = [(self.low, outside), (self.high, 1 - outside)]
        losses = [
            np.maximum(share * (self.expected - end), (share - 1) * (self.expected - end))
            for end, share in ends
        ]
        found: Floats = np.mean(losses, axis=0)
        return found


def measures(forecasts: Forecasts, *, slices: Mapping[str, Sequence[str]]) -> list[Measure]:
    """All that is measured of a regressor.

    Each of the `slices` (name to one value per case) adds the differences between its groups.
    Case weights are not needed here: scorecards apply those of the evidence.
    """
    return [*_errors(forecasts), *_intervals(forecasts), *_groups(forecasts, slices)]


def _errors(forecasts: Forecasts) -> list[Measure]:
    error, away = forecasts.error, np.abs(forecasts.error)
    amount = (0.0, np.inf)
    return [
        Measure("rmse", "lower", _root_mean(error**2), bounds=amount),
        Measure("mae", "lower", f.mean(away), bounds=amount),
        Measure("median_absolute_error", "lower", median(away), bounds=amount),
        Measure("r2", "higher", r2(forecasts.expected, error), bounds=(-np.inf, 1.0)),
        Measure("bias", "lower", _size_of_mean(error), form="gaps", bounds=amount),
    ]


def _intervals(forecasts: Forecasts) -> list[Measure]:
    amount = (0.0, np.inf)
    width = forecasts.high - forecasts.low
    return [
        Measure("coverage", "higher", f.mean(forecasts.inside), form="share", bounds=(0, 1)),
        Measure("interval_width", "lower", f.mean(width), bounds=amount),
        Measure("quantile_loss", "lower", f.mean(forecasts.pinball), bounds=amount),
    ]


def _groups(forecasts: Forecasts, slices: Mapping[str, Sequence[str]]) -> list[Measure]:
    compared = {
        "coverage_difference": (forecasts.inside, 1.0),
        "mae_difference": (np.abs(forecasts.error), np.inf),
        "bias_difference": (forecasts.error, np.inf),
    }
    return [
        _difference(name, values, Groups.divide(slice_name, of), most)
        for slice_name, of in slices.items()
        for name, (values, most) in compared.items()
    ]


def _difference(name: str, values: Floats, groups: Groups, most: float) -> Measure:
    """The largest difference of a mean between any two groups."""
    return Measure(
        name,
        "lower",
        _means(values, groups),
        form="groups",
        bounds=(0.0, most),
        over=groups.slice,
        strata=Strata(
            groups.of,
            tuple(f"{groups.slice}={one}" for one in groups.names),
            least=FEWEST_IN_GROUP,
        ),
    )


def _means(values: Floats, groups: Groups) -> Bind:
    """The mean in each group: (B, m) weights to (B, 1, groups)."""

    def bind(cases: Indices) -> Statistic:
        own = values[cases]
        members = [np.flatnonzero(groups.of[cases] == g) for g in range(len(groups.names))]

        def statistic(weights: Floats) -> Floats:
            parts = [np.take(weights, who, axis=1) for who in members]
            found = [
                f.ratio(part @ own[who], part.sum(axis=1))
                for part, who in zip(parts, members, strict=True)
            ]
            return np.stack(found, axis=-1)[:, None, :]

        return statistic

    return bind


def _root_mean(squares: Floats) -> Bind:
    columns = np.column_stack([squares, np.ones(len(squares))])
    return f.sums(columns, lambda total: np.sqrt(f.ratio(total[:, 0], total[:, 1])))


def _size_of_mean(values: Floats) -> Bind:
    """The mean as one signed part, whose size is the value."""
    columns = np.column_stack([values, np.ones(len(values))])
    return f.sums(columns, lambda total: f.ratio(total[:, 0], total[:, 1])[:, None])


def r2(expected: Floats, error: Floats) -> Bind:
    """The share of the target's variance that is predicted; below 0, its mean does better."""
    centred = expected - expected.mean()  # sums of squares far from zero would lose digits
    columns = np.column_stack([error**2, centred**2, centred, np.ones(len(centred))])

    def finish(total: Floats) -> Floats:
        spread = total[:, 1] - f.ratio(total[:, 2] ** 2, total[:, 3])
        return 1.0 - f.ratio(total[:, 0], spread)

    return f.sums(columns, finish)


def median(values: Floats) -> Bind:
    """The smallest value up to which half of the weight lies."""

    def bind(cases: Indices) -> Statistic:
        order = np.argsort(values[cases], kind="stable")
        ranked = values[cases][order]

        def statistic(weights: Floats) -> Floats:
            mass = f.running(np.take(weights, order, axis=1))
            half = mass[:, -1:] / 2
            place = (mass[:, 1:] < half).sum(axis=1)
            found: Floats = ranked[np.minimum(place, len(ranked) - 1)]
            return np.where(mass[:, -1] > 0, found, np.nan)

        return statistic

    return bind
