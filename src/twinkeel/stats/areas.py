"""The area under the ROC curve of calls whose labels are not known yet, and of those that are.

Of two classes it is the area of the positive one; of more, each class is ranked against the rest
and every class counts the same (macro), as a scorecard has it. The probabilities of the reference
are calibrated anew under weights that make it look like the window (as in M-CBPE, Bialek et al.
2024); the interval holds the error of the reference and the chance in the labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.stats.estimates import Expected, Known, Weights, crowding, sampled
from twinkeel.stats.logistic import logistic, logit, sigmoid, with_one
from twinkeel.stats.tails import Floats

_DRAWS = 200
_GROUPS = 400
_Z95 = 1.96
_SAME = np.asarray([1.0, 0.0])
"""The slope and the intercept that leave probabilities as they are."""


def expected_auc(
    then: tuple[Floats, NDArray[np.bool_]],
    weight: Weights,
    now: Floats,
    *,
    labels: int | None = None,
    seed: int = 0,
) -> Expected:
    """The area of a window with the probabilities `now`, of shape (n,) or (n, classes).

    `then` are the probabilities and the truth of the reference, of the same shapes; they count by
    groups of nearly the same probability, so that drawing them again costs little. `now` may be a
    sample of the window; the interval is that of the area of `labels` calls, by default as many.
    """
    rng = np.random.default_rng(seed)
    weights = np.vstack([weight.of, weight.drawn(rng, _DRAWS)])
    sides = zip(_wide(then[0]).T, _wide(then[1]).T, _wide(now).T, strict=True)
    classes = [_Class.of(chance, truth, weights, later) for chance, truth, later in sides]
    ranked = _Ranked([one.order for one in classes], [one.mid for one in classes])
    means, areas = np.empty(_DRAWS), np.empty(_DRAWS)
    for i in range(_DRAWS):
        chance = _adding_up(np.column_stack([one.chance(i) for one in classes]))
        means[i] = ranked.soft(chance)
        areas[i] = ranked.hard(_labels(chance, rng.random(len(now))))
    chance = _adding_up(np.column_stack([one.chance() for one in classes]))
    spread, luck = _spread(_wide(now), chance), areas - means
    luck *= _of_labels(luck, spread, len(now), len(now) if labels is None else labels)
    low, high = np.nanquantile(means + luck, [0.05, 0.95])
    return Expected(ranked.soft(chance), float(low), float(high), weight.effective_n, spread)


def known_auc(
    score: Floats, truth: NDArray[np.bool_], unit: NDArray[np.intp] | None = None
) -> Known:
    """The area, its interval by Hanley and McNeil (1982), wider where cases of a unit go together.

    NaN where a class has no case or nothing but cases. An area of 1 still has an interval: half a
    case more would be wrong. Of several classes (columns) the interval is the mean of theirs, which
    is as wide as if all erred together. `unit` as in `Weights`.
    """
    sides = zip(_wide(score).T, _wide(truth).T, strict=True)
    each = np.asarray([_one_auc(*side, unit) for side in sides])
    return Known(*(float(value) for value in each.mean(axis=0)))


@dataclass(frozen=True)
class _Class:
    """One class against the rest: how it is calibrated under each draw, and its window's order."""

    scores: Floats
    parts: list[tuple[Floats, Floats]]
    """Of each draw the share of every group that is true, and its weight; first as it is."""
    best: Floats
    window: Floats
    order: NDArray[np.intp]
    mid: Floats

    @classmethod
    def of(cls, chance: Floats, truth: NDArray[np.bool_], weights: Floats, now: Floats) -> _Class:
        """From the probabilities of the reference and of the window."""
        scores, parts = _grouped(logit(chance), weights, truth)
        best = logistic(scores, *parts[0], start=_SAME)
        order = np.argsort(now, kind="stable")
        window = with_one(logit(now)[:, None])
        return cls(scores, parts, best, window, order, _mid_ranks(logit(now)[order]))

    def chance(self, draw: int | None = None) -> Floats:
        """The probability of each call of the window, as it is or as one draw has it."""
        if draw is None:
            return sigmoid(self.window @ self.best)
        share, total = self.parts[draw + 1]
        return sigmoid(self.window @ logistic(self.scores, share, total, start=self.best, steps=3))


@dataclass(frozen=True)
class _Ranked:
    """The calls of a window in the order of each class's probabilities."""

    orders: list[NDArray[np.intp]]
    mids: list[Floats]

    def soft(self, chance: Floats) -> float:
        """The expected area where each call is of its classes with these chances."""
        return self._mean(_soft_auc, chance)

    def hard(self, truth: NDArray[np.bool_]) -> float:
        """The area where these are the classes; NaN where one of them is not there."""
        return self._mean(_auc, truth)

    def _mean(self, area: Callable[[Any, Floats], float], of: NDArray[Any]) -> float:
        sides = zip(of.T, self.orders, self.mids, strict=True)
        return float(np.mean([area(one[order], mid) for one, order, mid in sides]))


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    """Of two classes, the column of the one that is ranked."""
    return values[:, None] if values.ndim == 1 else values


def _adding_up(chance: Floats) -> Floats:
    """Chances of all classes add up to 1; that of one of two stands by itself."""
    return chance if chance.shape[1] == 1 else chance / chance.sum(axis=1, keepdims=True)


def _labels(chance: Floats, drawn: Floats) -> NDArray[np.bool_]:
    """One label for each call, as a truth of each class."""
    ends = np.cumsum(chance, axis=1)
    return (drawn[:, None] < ends) & (drawn[:, None] >= ends - chance)


def _one_auc(score: Floats, truth: NDArray[np.bool_], unit: NDArray[np.intp] | None) -> Known:
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
    parts = np.where(truth, *_parts(score, truth.astype(np.float64)))
    half = _Z95 * math.sqrt(crowding(parts, unit) * spread / (hits * others))
    return Known(area, max(area - half, 0.0), min(area + half, 1.0))


def _of_labels(luck: Floats, spread: float, sample: int, labels: int) -> float:
    """The factor that makes the luck of a sample's labels that of a whole window's."""
    own = float(np.nanvar(luck)) * sample
    if not own > 0:
        return 1.0
    varied = max(spread - own, 0.0)
    return math.sqrt((own / labels + varied * sampled(sample, labels)) * sample / own)


def _spread(score: Floats, chance: Floats) -> float:
    """The variance of one call's part in the area (DeLong 1988)."""
    parts = [_parts(*side) for side in zip(score.T, chance.T, strict=True)]
    hits, misses = (np.column_stack(each) for each in zip(*parts, strict=True))
    none = misses.sum(axis=1)  # what a call of no class that is ranked does
    own = (chance * (none[:, None] - misses + hits) ** 2).sum(axis=1)
    rest = np.maximum(1 - chance.sum(axis=1), 0) * none**2
    return float((own + rest).mean() / chance.shape[1] ** 2)


def _parts(score: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """What each call adds to the area, less the area, if it is a hit and if it is not."""
    _, place = np.unique(score, return_inverse=True)
    ones, others = np.bincount(place, chance), np.bincount(place, 1 - chance)
    below = ((np.cumsum(others) - others / 2) / others.sum())[place]
    above = (1 - (np.cumsum(ones) - ones / 2) / ones.sum())[place]
    area = float(chance @ below) / float(chance.sum())
    return (below - area) / chance.mean(), (above - area) / (1 - chance).mean()


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
    return with_one(means[:, None]), list(zip(shares, total, strict=True))


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
