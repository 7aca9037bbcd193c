"""The statistics behind the measures, each for all resamples at once and exact in ties.

All that depends on the cases alone (sorting, ties, ranks) is done when a statistic is bound;
what remains per resample are gathers, running sums and one matrix product. "Equal scores" are
equal floats. Undefined is NaN, never a number that could pass for a result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.metrics.measure import Bind, Statistic
from twinkeel.stats.bootstrap import Floats, Indices

BINS = 15


def ratio(top: Floats, bottom: Floats) -> Floats:
    """`top / bottom`, NaN where `bottom` is 0."""
    out: Floats = np.full(np.shape(top), np.nan)
    return np.divide(top, bottom, out=out, where=bottom != 0)


def sums(columns: Floats, finish: Callable[[Floats], Floats]) -> Bind:
    """A function of weighted sums: `finish` takes (B, c) sums of the (n, c) columns."""

    def bind(cases: Indices) -> Statistic:
        own = np.ascontiguousarray(columns[cases])
        return lambda weights: finish(weights @ own)

    return bind


def mean(values: Floats) -> Bind:
    """The weighted mean of one value per case."""
    columns = np.column_stack([values, np.ones(len(values))])
    return sums(columns, lambda total: ratio(total[:, 0], total[:, 1]))


def share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Bind:
    """The weighted share of hits among some of the cases."""
    columns = np.column_stack([hits & among, among]).astype(np.float64)
    return sums(columns, lambda total: ratio(total[:, 0], total[:, 1]))


def average(parts: Sequence[Bind]) -> Bind:
    """The plain mean of several statistics, over those that are defined."""

    def bind(cases: Indices) -> Statistic:
        bound = [part(cases) for part in parts]
        return lambda weights: mean_of_defined(np.stack([one(weights) for one in bound], axis=1))

    return bind


def mean_of_defined(values: Floats) -> Floats:
    """The mean over the last axis without its NaNs; NaN where nothing is left."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def roc_auc(scores: Floats, positive: Indices) -> Bind:
    """The area under the ROC curve; equal scores count one half (Mann and Whitney 1947).

    `positive` is 1 for positive cases and 0 for others, shape (n,).
    """

    def bind(cases: Indices) -> Statistic:
        own, truth = scores[cases], positive[cases] == 1
        ups, downs = np.flatnonzero(truth), np.flatnonzero(~truth)
        downs = downs[np.argsort(own[downs], kind="stable")]
        below = np.searchsorted(own[downs], own[ups], side="left")
        upto = np.searchsorted(own[downs], own[ups], side="right")

        def statistic(weights: Floats) -> Floats:
            mass = running(np.take(weights, downs, axis=1))
            beaten = np.take(mass, below, axis=1)
            beaten += np.take(mass, upto, axis=1)
            won = np.take(weights, ups, axis=1)
            return ratio(np.einsum("ij,ij->i", won, beaten), 2 * won.sum(axis=1) * mass[:, -1])

        return statistic

    return bind


def average_precision(scores: Floats, positive: Indices) -> Bind:
    """Precision at each distinct score, weighted by the recall it adds (as scikit-learn)."""

    def bind(cases: Indices) -> Statistic:
        order = np.argsort(-scores[cases], kind="stable")
        own, hits = scores[cases][order], np.flatnonzero(positive[cases][order] == 1)
        last = np.flatnonzero(np.append(own[hits][1:] != own[hits][:-1], [True][: len(hits)]))
        through = np.searchsorted(-own, -own[hits][last], side="right")

        def statistic(weights: Floats) -> Floats:
            chosen = np.take(running(np.take(weights, order, axis=1)), through, axis=1)
            found = np.take(running(np.take(weights, order[hits], axis=1)), last + 1, axis=1)
            gained = np.diff(found, axis=1, prepend=0.0)
            precision = np.divide(found, chosen, out=np.zeros_like(found), where=chosen > 0)
            total = found[:, -1] if len(last) else np.zeros(len(weights))
            return ratio(np.einsum("ij,ij->i", gained, precision), total)

        return statistic

    return bind


def calibration_error(forecast: Floats, outcome: Floats, *, bins: int = BINS) -> Bind:
    """The gaps between mean forecast and mean outcome in bins of equal mass: form `gaps`.

    Cases are sorted by forecast and cut into `bins` parts of equal weight; equal forecasts stay
    together, in the part that holds the middle of their weight. Each gap is multiplied by its
    part's share of the weight, so that the absolute sum is the expected calibration error
    (Naeini, Cooper and Hauskrecht 2015, with the equal-mass bins of Nixon et al. 2019).
    """
    inner = np.arange(1, bins) / bins

    def bind(cases: Indices) -> Statistic:
        order = np.argsort(forecast[cases], kind="stable")
        own = forecast[cases][order]
        gap = own - outcome[cases][order]
        first = np.flatnonzero(np.append([True][: len(own)], own[1:] != own[:-1]))

        def statistic(weights: Floats) -> Floats:
            ordered = np.take(weights, order, axis=1)
            mass = np.add.reduceat(ordered, first, axis=1)
            gaps = running(np.add.reduceat(ordered * gap, first, axis=1))
            upto = running(mass)
            middle, total = upto[:, :-1] + mass / 2, upto[:, -1]
            cuts = [np.searchsorted(m, t * inner) for m, t in zip(middle, total, strict=True)]
            inside = np.take_along_axis(gaps, np.stack(cuts), axis=1)
            parts = np.diff(inside, axis=1, prepend=0.0, append=gaps[:, -1:])
            return ratio(parts, np.broadcast_to(total[:, None], parts.shape))

        return statistic

    return bind


def running(values: Floats) -> Floats:
    """Sums of the first 0, 1, 2, ... columns: shape (B, m) to (B, m + 1)."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out
