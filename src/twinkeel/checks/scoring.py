"""How well something gives the target away: one score per kind of target, and fast ways to it.

For a number R2; for two classes the area under the ROC curve; for more the share of rows that are
right beyond the commonest class's (0 as good as always saying it, 1 always right). All on rows
that were not learned from.
"""

from __future__ import annotations

import numpy as np

from twinkeel.checks.subject import Feature, Floats, Index, Subject
from twinkeel.metrics import functionals as f
from twinkeel.metrics.measure import Bind
from twinkeel.metrics.regression import r2
from twinkeel.stats.bootstrap import Resampling
from twinkeel.stats.intervals import Interval

BINS = 64
"""Into how many parts of equal size, at most, a number is cut to see what it gives away."""
_RESAMPLES = 300
_CLASS_ROWS = 100
"""Rows of a class, and of all others, from which on it is looked at by itself."""


def measured(subject: Subject, predictions: Floats) -> Bind:
    """The score of predictions (m,), or (m, classes) where there are more than two."""
    if not subject.classes:
        return r2(subject.y, predictions - subject.y)
    if subject.binary:
        return f.roc_auc(predictions, (subject.y == 1).astype(np.intp))
    right = predictions.argmax(axis=1) == subject.y
    common = subject.y == np.bincount(subject.y.astype(np.intp)).argmax()
    columns = np.column_stack([right, common, np.ones(len(right))]).astype(np.float64)
    return f.sums(columns, lambda t: f.ratio(t[:, 0] - t[:, 1], t[:, 2] - t[:, 1]))


def value(score: Bind, rows: Index) -> float:
    """The score on some of the rows."""
    return float(score(rows)(np.ones((1, len(rows))))[0])


def spread(score: Bind, rows: Index, seed: int) -> tuple[Interval, Floats]:
    """The 95% interval of a score on these rows, and its resampled values."""
    plan = Resampling(
        unit=np.arange(len(rows)), weight=np.ones(len(rows)), resamples=_RESAMPLES, seed=seed
    )
    statistic = score(rows)
    drawn = np.concatenate([statistic(weights) for weights in plan.batches()])
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(float(low), float(high)), drawn


def binned(feature: Feature) -> Index:
    """(m,) the part of each row: its value where there are few, else one of equal size; missing
    is a part of its own."""
    if not feature.numeric:
        return parts(feature.values, 0)
    bins = int(np.clip(len(feature.values) // 20, 8, BINS))
    return parts(feature.values, feature.distinct, bins)


def parts(values: Floats, distinct: int, bins: int = BINS) -> Index:
    """As `binned`, of plain values; those of at most `bins` distinct ones stay apart."""
    missing = np.isnan(values)
    if distinct > bins:
        edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, bins + 1)[1:-1]))
        found = np.searchsorted(edges, values, side="right")
    else:
        found = np.unique(values, return_inverse=True)[1]
    found[missing] = found.max(initial=0) + 1
    return found.astype(np.intp)


def alone(subject: Subject, part: Index) -> Floats:
    """Predictions from the part of each row alone, each half learned from the other half."""
    half = np.random.default_rng(subject.seed).permutation(len(part)) % 2
    outcome = _outcomes(subject)
    out = np.empty_like(outcome)
    for side in (0, 1):
        learned = half == side
        out[~learned] = _means(part[learned], outcome[learned], part.max() + 1)[part[~learned]]
    return np.asarray(out if len(subject.classes) > 2 else out[:, 0])


def class_apart(subject: Subject, predictions: Floats) -> tuple[str, Bind] | None:
    """Of more than two classes the one that predictions (m, classes) tell best from all others,
    and its area under the ROC curve; classes of few rows are not looked at."""
    if len(subject.classes) <= 2:
        return None
    told = {}
    for k, name in enumerate(subject.classes):
        one = subject.y == k
        if one.sum() >= _CLASS_ROWS and (~one).sum() >= _CLASS_ROWS:
            told[name] = f.roc_auc(predictions[:, k], one.astype(np.intp))
    everyone = np.arange(len(subject.y))
    best = max(told, key=lambda name: value(told[name], everyone), default=None)
    return None if best is None else (best, told[best])


def single(subject: Subject, feature: Feature) -> float:
    """What one column alone tells of the target."""
    return of_part(subject, binned(feature))


def of_part(subject: Subject, part: Index) -> float:
    """What a division of the rows into parts tells of the target."""
    return value(measured(subject, alone(subject, part)), np.arange(len(part)))


def correlations(values: Floats, y: Floats) -> Floats:
    """(k,) absolute rank correlations of the columns of (m, k) with the ranks (m,)."""
    filled = np.where(np.isnan(values), np.nanmedian(np.nan_to_num(values), axis=0), values)
    order = np.argsort(filled, axis=0, kind="stable")
    place = np.empty_like(filled)
    np.put_along_axis(place, order, np.arange(len(y), dtype=np.float64)[:, None], axis=0)
    place -= place.mean(axis=0)
    centred = y - y.mean()
    size = np.sqrt((place**2).sum(axis=0) * (centred**2).sum())
    return np.asarray(np.abs(centred @ place) / np.maximum(size, 1e-12))


def _outcomes(subject: Subject) -> Floats:
    """(m, 1) the number or whether it is class 1; (m, classes) where there are more."""
    if len(subject.classes) <= 2:
        return subject.y[:, None].copy()
    return np.asarray(subject.y[:, None] == np.arange(len(subject.classes)), dtype=np.float64)


def _means(part: Index, outcome: Floats, count: int) -> Floats:
    """(count, c) mean outcome of each part, drawn a little towards the mean of all."""
    size = np.bincount(part, minlength=count).astype(np.float64)
    overall = outcome.mean(axis=0)
    sums = np.stack([np.bincount(part, weights=o, minlength=count) for o in outcome.T], axis=1)
    return np.asarray((sums + 0.1 * overall) / (size + 0.1)[:, None])
