"""Why a row got its log-odds: contributions of the stored trees, weights and nets, numpy alone.

They always add up. Weights give theirs as they are, nets by the rescale rule (see `nets`), trees by
path-dependent TreeSHAP (Lundberg et al., 2020), written as an integral: a leaf of value v, whose
path asks about the features j, gives to feature i

    v (o_i - z_i) * integral over t from 0 to 1 of prod over j != i of (t o_j + (1 - t) z_j)

where o_j is 1 if the row passes all the path's questions about j, else 0, and z_j is the share
of training rows that pass them. The integrand is a polynomial, so Gauss-Legendre quadrature
with half as many points as the path has features is exact, for all leaves at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.parts import Parts
from twinkeel.learn.trees import LEAF, Trees

Floats = NDArray[np.float64]
Owner = int | tuple[int, int]
"""The column that a feature comes from, or both of them."""


@dataclass(frozen=True)
class Paths:
    """All L leaves whose paths ask about the same number m of features; arrays are (L, m)."""

    feature: NDArray[np.intp]
    above: Floats
    """A row passes when its value is above this ..."""
    upto: Floats
    """... and not above this ..."""
    missing: NDArray[np.bool_]
    """... or missing, where missing values take this path."""
    share: Floats
    """z, the share of training rows that pass."""
    value: Floats
    """(L, k) the leaves' values."""

    def contributions(self, x: Floats) -> Floats:
        """(F, k) of one row of F features."""
        seen = x[self.feature]
        passes = (seen > self.above) & (seen <= self.upto) | np.isnan(seen) & self.missing
        weight = (passes - self.share) * _others(passes, self.share)
        place = self.feature.ravel()
        return np.column_stack(
            [
                np.bincount(place, (weight * value[:, None]).ravel(), minlength=len(x))
                for value in self.value.T
            ]
        )


def _others(passes: NDArray[np.bool_], share: Floats) -> Floats:
    """(L, m) for each feature, the integral of the product over the other features."""
    points, weights = _quadrature((share.shape[1] + 1) // 2)
    total = np.zeros_like(share)
    for t, weight in zip((points + 1) / 2, weights / 2, strict=True):
        factor = (1 - t) * share + t * passes
        factor[factor == 0] = np.inf  # then no other feature can matter, nor can this one
        product = factor.prod(axis=1, keepdims=True)
        total += np.where(np.isinf(product), 0.0, weight * product / factor)
    return total


@cache
def _quadrature(count: int) -> tuple[Floats, Floats]:
    """Points and weights of Gauss-Legendre quadrature between -1 and 1."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return points, weights


class Explainer:
    """Explains the log-odds of a model of F features, by the columns they come from.

    A feature of two columns gives half of its effect to each.
    """

    def __init__(self, parts: Parts, owner: Sequence[Owner], owners: int) -> None:
        pairs = [(one, one) if isinstance(one, int) else one for one in owner]
        self._owner = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        self._owners = owners
        self._linear, self._nets = parts.linear, parts.nets
        self._paths = paths(parts.trees)
        nets = sum((one.base for one in parts.nets), np.zeros(parts.width))
        self.base = _centred(parts.linear.base + expected(parts.trees) + nets)
        """(k,) the log-odds before anything is known of a row."""

    def contributions(self, X: NDArray[np.float32]) -> Floats:
        """(n, owners, k) for (n, F) encoded rows; with `base` they add up to the log-odds."""
        effects = self._linear.contributions(X)
        for row, x in enumerate(X.astype(np.float64)):
            for group in self._paths:
                effects[row] += group.contributions(x)
            for nets in self._nets:
                effects[row] += nets.contributions(x)
        found = np.zeros((self._owners, len(X), effects.shape[2]))
        for owner in self._owner.T:
            np.add.at(found, owner, effects.transpose(1, 0, 2) / 2)
        return _centred(found.transpose(1, 0, 2))


def expected(trees: Trees) -> Floats:
    """(k,) the mean margin of the trees over their training rows."""
    return _reach(trees) @ trees.value


def paths(trees: Trees) -> list[Paths]:
    """The leaves that have a value, grouped by how many features their paths ask about."""
    leaves = np.flatnonzero((trees.feature == LEAF) & (trees.value != 0).any(axis=1))
    steps = _steps(trees, leaves)
    if len(steps.leaf) == 0:
        return []
    order = np.lexsort((steps.feature, steps.leaf))
    leaf, feature = steps.leaf[order], steps.feature[order]
    new = np.ones(len(order), bool)
    new[1:] = (leaf[1:] != leaf[:-1]) | (feature[1:] != feature[:-1])
    starts = np.flatnonzero(new)
    merged = {
        "feature": feature[starts],
        "above": np.maximum.reduceat(steps.above[order], starts),
        "upto": np.minimum.reduceat(steps.upto[order], starts),
        "missing": np.logical_and.reduceat(steps.missing[order], starts),
        "share": np.multiply.reduceat(steps.share[order], starts),
    }
    asked = np.bincount(leaf[starts], minlength=len(leaves))
    counts = asked[leaf[starts]]
    return [
        Paths(
            **{name: found[counts == m].reshape(-1, m) for name, found in merged.items()},
            value=trees.value[leaves[asked == m]],
        )
        for m in np.unique(asked[asked > 0])
    ]


@dataclass(frozen=True)
class _Steps:
    """Every question on the way from a root to a leaf: one entry per leaf and level."""

    leaf: NDArray[np.intp]
    feature: NDArray[np.intp]
    above: Floats
    upto: Floats
    missing: NDArray[np.bool_]
    share: Floats


def _steps(trees: Trees, leaves: NDArray[np.intp]) -> _Steps:
    parent, is_left = _parents(trees)
    found: list[tuple[NDArray[np.generic], ...]] = []
    at, number = leaves, np.arange(len(leaves))
    while True:
        up = parent[at]
        number, at, up = number[up >= 0], at[up >= 0], up[up >= 0]
        if len(at) == 0:
            break
        left, threshold = is_left[at], trees.threshold[up]
        above = np.where(left, -np.inf, threshold)
        upto = np.where(left, threshold, np.inf)
        share = trees.cover[at] / np.maximum(trees.cover[up], 1e-300)
        missing = trees.missing_left[up] == left
        found.append((number, trees.feature[up], above, upto, missing, share))
        at = up
    if not found:
        none = np.zeros(0)
        return _Steps(none.astype(int), none.astype(int), none, none, none.astype(bool), none)
    return _Steps(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def _parents(trees: Trees) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """(M,) the parent of each node, -1 for roots, and whether the node is its left child."""
    inner = np.flatnonzero(trees.feature != LEAF)
    parent = np.full(len(trees.feature), -1, np.intp)
    is_left = np.zeros(len(trees.feature), bool)
    parent[trees.left[inner]] = inner
    parent[trees.right[inner]] = inner
    is_left[trees.left[inner]] = True
    return parent, is_left


def _reach(trees: Trees) -> Floats:
    """(M,) the share of training rows that reach each node, within its tree."""
    parent, _ = _parents(trees)
    reach = np.zeros(len(parent))
    reach[trees.root] = 1.0
    at = trees.root.astype(np.intp)
    while len(at := at[trees.feature[at] != LEAF]):
        for child in (trees.left[at], trees.right[at]):
            reach[child] = reach[at] * trees.cover[child] / np.maximum(trees.cover[at], 1e-300)
        at = np.concatenate([trees.left[at], trees.right[at]]).astype(np.intp)
    return reach


def _centred(margins: Floats) -> Floats:
    """Of several classes, each against their average; of two, the one log-odds as it is."""
    if margins.shape[-1] == 1:
        return margins
    centred: Floats = margins - margins.mean(axis=-1, keepdims=True)
    return centred
