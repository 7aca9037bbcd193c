"""Decision trees of any origin as a handful of arrays, stored as `.npy` files.

Owns one structure for every boosted ensemble, so that compiling and explaining know nothing of
the library that grew it. Imports numpy alone: explanations are served from these arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.store import arrays

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

LEAF = -1
"""The `feature` of a node that is a leaf."""


@dataclass(frozen=True)
class Trees:
    """T trees of M nodes together; their prediction is the sum of the leaves that a row reaches.

    At an inner node a row goes left when `x[feature] <= threshold`, or when the value is missing
    and `missing_left` says so. Children are positions among the M nodes.
    """

    root: Ints
    """(T,) where each tree starts."""
    feature: Ints
    """(M,) position of the feature, `LEAF` for a leaf."""
    threshold: Floats
    left: Ints
    right: Ints
    missing_left: NDArray[np.bool_]
    cover: Floats
    """(M,) weight of the training rows that passed through the node."""
    value: Floats
    """(M, k) what a leaf adds to each of the k margins; zero at inner nodes."""

    def __len__(self) -> int:
        return len(self.root)

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return int(self.value.shape[1])

    def scaled(self, weight: float) -> Trees:
        """The same trees with every leaf multiplied by `weight`."""
        return replace(self, value=self.value * weight)

    def over(self, features: NDArray[np.intp]) -> Trees:
        """The same trees over a wider matrix, where feature i is at `features[i]`."""
        inner = self.feature != LEAF
        moved = self.feature.copy()
        moved[inner] = features[self.feature[inner]]
        return replace(self, feature=moved)

    def margin(self, X: NDArray[np.float32]) -> Floats:
        """(n, k) predictions for an (n, F) matrix, one tree at a time; for tests and checks."""
        total = np.zeros((len(X), self.width))
        rows = np.arange(len(X))
        for root in self.root:
            at = np.full(len(X), root)
            while (inner := self.feature[at] != LEAF).any():
                node, row = at[inner], rows[inner]
                x = X[row, self.feature[node]].astype(np.float64)
                left = np.where(np.isnan(x), self.missing_left[node], x <= self.threshold[node])
                at[inner] = np.where(left, self.left[node], self.right[node])
            total += self.value[at]
        return total

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array into `folder`, which is made."""
        arrays.save(self, folder)

    @classmethod
    def load(cls, read: Callable[[str], bytes], folder: str) -> Trees:
        """What `save` wrote, from `read`, which gives the bytes of a file by its name."""
        return arrays.load(cls, read, folder)


def none(width: int) -> Trees:
    """No trees, for `width` margins."""
    ints, floats = np.zeros(0, np.int32), np.zeros(0)
    return Trees(ints, ints, floats, ints, ints, np.zeros(0, bool), floats, np.zeros((0, width)))


def joined(many: Iterable[Trees], width: int) -> Trees:
    """All trees of `many` in one structure: its margin is the sum of theirs."""
    parts = [none(width), *many]
    starts = np.cumsum([0, *(len(part.feature) for part in parts)])[:-1]
    shift = list(zip(parts, starts, strict=True))
    return Trees(
        root=np.concatenate([p.root + s for p, s in shift]).astype(np.int32),
        feature=np.concatenate([p.feature for p in parts]),
        threshold=np.concatenate([p.threshold for p in parts]),
        left=np.concatenate([p.left + s for p, s in shift]).astype(np.int32),
        right=np.concatenate([p.right + s for p, s in shift]).astype(np.int32),
        missing_left=np.concatenate([p.missing_left for p in parts]),
        cover=np.concatenate([p.cover for p in parts]),
        value=np.concatenate([p.value for p in parts]),
    )


def stump(value: Floats, cover: float) -> Trees:
    """One tree of a single leaf, which adds (k,) `value` to every row."""
    return oblivious(
        np.zeros(0, np.intp), np.zeros(0), np.asarray(value, np.float64)[None], np.array([cover])
    )


def oblivious(feature: NDArray[np.intp], border: Floats, value: Floats, cover: Floats) -> Trees:
    """One symmetric tree of depth d: level i asks the same question of every node.

    `feature` and `border` are (d,), the question `x > border`; `value` is (2**d, k) and `cover`
    (2**d,), where bit i of a leaf's position is the answer at level i. Missing goes with the
    answer no. The last question is the root's, as CatBoost's own explanations have it. Subtrees
    that no training row reached, and whose leaves add nothing, become one leaf: the prediction is
    the same and the tree is smaller.
    """
    depth = len(feature)
    inner = 2**depth - 1
    position = np.arange(inner)
    level = depth - 1 - np.floor(np.log2(position + 1)).astype(int)
    leaves = np.zeros(2**depth)
    full = Trees(
        root=np.zeros(1, np.int32),
        feature=np.concatenate([feature[level], leaves + LEAF]).astype(np.int32),
        threshold=np.concatenate([border[level], leaves]),
        left=np.concatenate([2 * position + 1, leaves]).astype(np.int32),
        right=np.concatenate([2 * position + 2, leaves]).astype(np.int32),
        missing_left=np.ones(inner + 2**depth, bool),
        cover=_by_level(cover, depth),
        value=np.concatenate([np.zeros((inner, value.shape[1])), value]),
    )
    effect = _by_level(np.abs(value).sum(axis=1), depth)
    return _pruned(full, dead=(full.cover == 0) & (effect == 0))


def _by_level(leaves: Floats, depth: int) -> Floats:
    """Sums over every node of a complete tree, root first, of what its leaves hold."""
    levels = [leaves]
    for _ in range(depth):
        levels.insert(0, levels[0].reshape(-1, 2).sum(axis=1))
    return np.concatenate(levels)


def _pruned(tree: Trees, *, dead: NDArray[np.bool_]) -> Trees:
    """A complete tree whose `dead` nodes, if their parent is alive, are leaves without effect."""
    keep = np.ones(len(dead), bool)
    keep[1:] = ~dead[(np.arange(1, len(dead)) - 1) // 2]
    leaf = dead | (tree.feature == LEAF)
    moved = np.cumsum(keep) - 1
    return Trees(
        root=tree.root,
        feature=np.where(leaf, LEAF, tree.feature)[keep].astype(np.int32),
        threshold=np.where(leaf, 0.0, tree.threshold)[keep],
        left=np.where(leaf, 0, moved[tree.left])[keep].astype(np.int32),
        right=np.where(leaf, 0, moved[tree.right])[keep].astype(np.int32),
        missing_left=tree.missing_left[keep],
        cover=tree.cover[keep],
        value=tree.value[keep],
    )
