"""How good each call of a regressor was, before labels and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinkeel.kinds.signals import Calls, Score, output
from twinkeel.records import Json
from twinkeel.stats.bins import as_numbers
from twinkeel.stats.tails import Floats


def losses(calls: Calls, labels: Sequence[Json]) -> list[float]:
    """The absolute error, in units of the target; NaN where a label is no number."""
    return [float(value) for value in np.abs(_residuals(calls, labels))]


def scores(calls: Calls, labels: Sequence[Json] | None) -> list[Score]:
    """RMSE and MAE; and whether half the truths lie above, and the stated share in the interval.

    A call expects errors in proportion to the width of its interval.
    """
    low, high = (as_numbers(output(calls, name)) for name in ("low", "high"))
    half = (high - low) / 2
    if labels is None:
        rest = above = inside = None
    else:
        rest = _residuals(calls, labels)
        there = np.isfinite(rest)
        truth = as_numbers(list(labels))
        above = np.where(there, rest > 0, np.nan)
        inside = np.where(there, (low <= truth) & (truth <= high), np.nan)
    return [
        Score("rmse", "root mean", half**2, None if rest is None else rest**2),
        Score("mae", "mean", half, None if rest is None else np.abs(rest)),
        Score("bias", "promise", np.zeros(len(half)), above),
        Score("coverage", "promise", np.zeros(len(half)), inside),
    ]


def _residuals(calls: Calls, labels: Sequence[Json]) -> Floats:
    """The truth less the prediction; NaN where a label is no number."""
    return as_numbers(list(labels)) - as_numbers(output(calls, "prediction"))
