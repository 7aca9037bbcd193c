"""How good is a version on calls whose labels are not known yet? Scores with 90% intervals.

Assumes that the world behind the labels is as it was: inputs may have shifted, what they mean has
not (no concept drift); labels, when they come, check just that. Both estimates weight the reference
to look like the window: the ratio of densities from a domain classifier (Bickel et al. 2009). A
mean loss is then estimated doubly robustly, from a loss model and the weighted errors of that
model; the ranking (ROC AUC) from probabilities that are calibrated anew under the weights (as in
M-CBPE, Bialek et al. 2024). The intervals hold the error of the reference and the chance in the
labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats.bins import Bins, Codes
from twinkeel.stats.intervals import wilson
from twinkeel.stats.tails import Floats

_RIDGE = 1.0
_STEPS = 12
_NEAR = 1e-3
"""A Newton step that moves no coefficient by more than this is the last one."""
_LARGEST = 20.0
"""No case of the reference counts for more than this many."""
_DRAWS = 200
_GROUPS = 400
_Z, _Z95 = 1.645, 1.96
_GRADED, _LEAST_GRADED = 8, 4
"""Estimates that labels have graded: how many are looked back at, and how few say nothing."""


@dataclass(frozen=True)
class Expected:
    """A score that labels would give, and the 90% interval that it should fall in."""

    value: float
    low: float
    high: float
    effective_n: float
    """How many cases of the reference it rests on (Kish)."""
    spread: float = 0.0
    """The variance of one call's part in the score; a sample of l calls has it over l."""


class Known(NamedTuple):
    """A score that labels have given, and its 95% interval."""

    value: float
    low: float
    high: float


def features(columns: Sequence[tuple[Bins, Codes]]) -> Floats:
    """Coded columns as numbers, (n, features): scores of place and spread, values, missing."""
    parts = [_feature(bins)[codes] for bins, codes in columns]
    return np.concatenate(parts, axis=1)


def density_ratio(then: Floats, now: Floats) -> Floats:
    """How much more often each case of the reference would come now, shape (m,), mean 1."""
    both = np.concatenate([then, now])
    target = np.concatenate([np.zeros(len(then)), np.ones(len(now))])
    weight = np.concatenate(
        [np.full(len(then), 0.5 / len(then)), np.full(len(now), 0.5 / len(now))]
    )
    weight *= len(both)
    odds = np.clip(_with_one(then) @ _logistic(_with_one(both), target, weight), -8, 8)
    ratio = np.minimum(np.exp(odds), _LARGEST)
    return np.asarray(ratio / ratio.mean())


def expected_mean(
    losses: Floats, weight: Floats, then: Floats, now: Floats, *, labels: int | None = None
) -> Expected:
    """The mean loss of a window with the features `now`, from the reference's losses.

    `now` may be a sample of the window; the interval is that of the mean over `labels` calls, by
    default as many as `now` has.
    """
    design = _with_one(then)
    moments = design.T * weight @ design + _RIDGE * np.eye(design.shape[1])
    model = np.linalg.solve(moments, design.T @ (weight * losses))
    errors = losses - design @ model
    share = weight / weight.sum()
    found = _with_one(now) @ model
    value = float(found.mean() + share @ errors)
    n, m = len(now) if labels is None else labels, len(now)
    noise, varied = float(share @ errors**2), float(found.var())
    error = float(share**2 @ errors**2) + noise / max(n, 1) + varied * _sampled(m, n)
    half = _Z * math.sqrt(error)
    return Expected(value, value - half, value + half, _kish(weight), noise + varied)


def expected_auc(
    then: tuple[Floats, NDArray[np.bool_]],
    weight: Floats,
    now: Floats,
    *,
    labels: int | None = None,
    seed: int = 0,
) -> Expected:
    """The area under the ROC curve of a window with the probabilities `now`.

    `then` are the probabilities and the truth of the reference; they count by groups of nearly the
    same probability, so that drawing them again costs little. `labels` as in `expected_mean`.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.poisson(1.0, (_DRAWS, len(weight))) * weight
    scores, parts = _grouped(_logit(then[0]), np.vstack([weight, drawn]), then[1])
    window = _with_one(np.sort(_logit(now))[:, None])
    mid = _mid_ranks(window[:, 0])
    best = _logistic(scores, *parts[0], start=np.asarray([0.0, 1.0]))
    means, areas = np.empty(_DRAWS), np.empty(_DRAWS)
    for i, (share, total) in enumerate(parts[1:]):
        fitted = _logistic(scores, share, total, start=best, steps=3)
        chance = _sigmoid(window @ fitted)
        means[i] = _soft_auc(chance, mid)
        areas[i] = _auc(rng.random(len(now)) < chance, mid)
    chance = _sigmoid(window @ best)
    value = _soft_auc(chance, mid)
    spread, luck = _auc_spread(chance, value), areas - means
    luck *= _of_labels(luck, spread, len(now), len(now) if labels is None else labels)
    low, high = np.nanquantile(means + luck, [0.05, 0.95])
    return Expected(value, float(low), float(high), _kish(weight), spread)


def known_auc(score: Floats, truth: NDArray[np.bool_]) -> Known:
    """The area under the ROC curve, its interval by Hanley and McNeil (1982).

    NaN without both truths. An area of 1 still has an interval: half a case more would be wrong.
    """
    order = np.argsort(score, kind="stable")
    area = _auc(truth[order], _mid_ranks(score[order]))
    hits = int(truth.sum())
    others = len(truth) - hits
    if not min(hits, others):
        return Known(area, area, area)
    edge = 0.5 / min(hits, others)
    near = min(max(area, edge), 1 - edge)
    both, same = near / (2 - near), 2 * near**2 / (1 + near)
    spread = (hits - 1) * (both - near**2) + (others - 1) * (same - near**2) + near * (1 - near)
    half = _Z95 * math.sqrt(spread / (hits * others))
    return Known(area, max(area - half, 0.0), min(area + half, 1.0))


def known_mean(values: Floats) -> Known:
    """The mean; its interval is Wilson's for a share, else that of a large sample."""
    mean, n = float(values.mean()), len(values)
    if np.isin(values, (0.0, 1.0)).all():
        share = wilson(mean, n)
        return Known(mean, share.low, share.high)
    half = _Z95 * float(values.std(ddof=1)) / math.sqrt(n)
    return Known(mean, mean - half, mean + half)


def partly(made: Expected, calls: int, labels: int) -> Expected:
    """The estimate with the interval that holds where only `labels` of its calls have one.

    Which calls have labels is taken to be by chance.
    """
    more = _Z**2 * made.spread * _sampled(labels, calls)
    low = made.value - math.sqrt((made.value - made.low) ** 2 + more)
    high = made.value + math.sqrt((made.high - made.value) ** 2 + more)
    return replace(made, low=low, high=high)


def corrected(made: Expected, graded: Sequence[tuple[Expected, float]]) -> Expected:
    """The estimate as what became of earlier ones tells: moved and widened by their errors.

    `graded` are earlier estimates, themselves not corrected, with the score that labels gave,
    oldest first; below four of them nothing is known. Errors count in units of their intervals, the
    newest eight.
    """
    newest = graded[-_GRADED:]
    if len(newest) < _LEAST_GRADED:
        return made
    errors = np.asarray([score - one.value for one, score in newest])
    halves = np.asarray([max(one.high - one.low, 1e-12) / 2 for one, _ in newest])
    move = float(errors.mean())
    wide = max(1.0, float(np.quantile(np.abs(errors - move) / halves, 0.9)))
    half = wide * (made.high - made.low) / 2 * math.sqrt(1 + 1 / len(newest))
    value = made.value + move
    return replace(made, value=value, low=value - half, high=value + half)


def _sampled(sample: int, calls: int) -> float:
    """The variance of the mean of some of the calls about that of all, in spreads of one."""
    return max(1 / max(sample, 1) - 1 / max(calls, 1), 0.0)


def _of_labels(luck: Floats, spread: float, sample: int, labels: int) -> float:
    """The factor that makes the luck of a sample's labels that of a whole window's."""
    own = float(np.nanvar(luck)) * sample
    if not own > 0:
        return 1.0
    varied = max(spread - own, 0.0)
    return math.sqrt((own / labels + varied * _sampled(sample, labels)) * sample / own)


def _auc_spread(chance: Floats, area: float) -> float:
    """The variance of one call's part in the area (DeLong 1988), in the order of scores."""
    others = 1 - chance
    below = (np.cumsum(others) - others / 2) / others.sum()
    above = 1 - (np.cumsum(chance) - chance / 2) / chance.sum()
    hits, misses = (below - area) / chance.mean(), (above - area) / others.mean()
    return float((chance * hits**2 + others * misses**2).mean())


def _feature(bins: Bins) -> Floats:
    """The features of each bin, shape (bins, features)."""
    gone = np.zeros((bins.size, 1))
    gone[-1] = 1.0
    if not bins.ordered:
        return np.concatenate([np.eye(bins.size)[:, :-1], gone], axis=1)
    place, spread = bins.scores
    return np.concatenate(
        [np.append(place, 0)[:, None], np.append(spread, 0)[:, None], gone], axis=1
    )


def _logistic(
    design: Floats,
    target: Floats,
    weight: Floats,
    *,
    start: Floats | None = None,
    steps: int = _STEPS,
) -> Floats:
    """Ridge logistic regression by Newton steps; drawn towards `start`."""
    begin = np.zeros(design.shape[1]) if start is None else start
    found = begin.copy()
    ridge = _RIDGE * np.eye(design.shape[1])
    for _ in range(steps):
        chance = _sigmoid(design @ found)
        gradient = design.T @ (weight * (target - chance)) - ridge @ (found - begin)
        curve = design.T * (weight * np.maximum(chance * (1 - chance), 1e-4)) @ design + ridge
        step = np.linalg.solve(curve, gradient)
        found = found + step
        if np.abs(step).max() < _NEAR:
            break
    return found


def _grouped(
    scores: Floats, weights: Floats, truth: NDArray[np.bool_]
) -> tuple[Floats, list[tuple[Floats, Floats]]]:
    """The design of groups of scores, and of each row of weights the share that is true, by weight.

    The mean score of a group stands for its cases.
    """
    order = np.argsort(scores, kind="stable")
    edges = np.unique(np.linspace(0, len(scores), min(len(scores), _GROUPS) + 1).astype(int))[:-1]
    total = np.add.reduceat(weights[:, order], edges, axis=1)
    hits = np.add.reduceat(weights[:, order] * truth[order], edges, axis=1)
    sizes = np.diff(np.append(edges, len(scores)))
    means = np.add.reduceat(scores[order], edges) / sizes
    shares = hits / np.maximum(total, 1e-12)
    return _with_one(means[:, None]), list(zip(shares, total, strict=True))


def _auc(truth: NDArray[np.bool_], mid: Floats) -> float:
    """The area under the ROC curve from middle ranks, in their order."""
    hits = int(truth.sum())
    if hits in (0, len(truth)):
        return math.nan
    return float((mid[truth].sum() - hits * (hits + 1) / 2) / (hits * (len(truth) - hits)))


def _soft_auc(chance: Floats, mid: Floats) -> float:
    """The expected area where each call is positive with its chance, in the order of scores."""
    total = chance.sum()
    others = len(chance) - total
    pairs = float(chance @ (mid - 0.5) - (chance @ (np.cumsum(chance) - chance / 2)))
    own = float(chance @ (1 - chance)) / 2
    return (pairs - own) / float(total * others - 2 * own)


def _mid_ranks(ordered: Floats) -> Floats:
    """Ranks from 1, equal values sharing their middle."""
    _, inverse, counts = np.unique(ordered, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _logit(chance: Floats) -> Floats:
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.log(safe / (1 - safe))


def _sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))


def _with_one(values: Floats) -> Floats:
    return np.concatenate([values, np.ones((len(values), 1))], axis=1)


def _kish(weight: Floats) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())
