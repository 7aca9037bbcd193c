"""Greedy ensemble selection with replacement on out-of-fold predictions (Caruana et al., 2004).

Members are averaged in margins, so that an ensemble of trees is again a sum of trees, and its
explanations stay exact. A small price per member's trees keeps an ensemble from growing where
that gains next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.targets import Targets

Floats = NDArray[np.float64]

STEPS = 30


class Size(NamedTuple):
    """How large a member is, or all of them together may be."""

    trees: float
    """Trees that have to be compiled: nets and linear functions take next to no time."""
    cost: float
    """How many trees take a row as long."""


ENDLESS = Size(np.inf, np.inf)
"""No limit."""


def select(
    margins: Sequence[Floats],
    targets: Targets,
    sizes: Sequence[Size],
    *,
    price: float,
    most: Size = ENDLESS,
    late: Callable[[], bool] = lambda: False,
) -> Floats:
    """(members,) weights that add up to 1, from (n, k) margins of each member.

    `price` is the loss that as much cost as a tree's must gain, relative to the best member's (see
    `Targets.scale`). All together are at most as large as `most`; where no member has so few trees,
    those that have the fewest are chosen from, and where none of these costs so little, the
    cheapest of them is taken. Once it is `late`, the best so far is taken.
    """
    losses = [targets.judged(margin) for margin in margins]
    least = int(np.argmin(losses))
    price *= targets.scale(losses[least], margins[least])
    most = _reachable(sizes, most)
    picked = np.zeros(len(margins))
    total = np.zeros_like(margins[0])
    best_score, best = np.inf, np.zeros(len(margins))
    best[least] = 1
    for step in range(1, STEPS + 1):
        grown = [_together(picked, sizes, member) for member in range(len(margins))]
        scores = [
            targets.judged((total + margin) / step) + price * size.cost
            if size.trees <= most.trees and size.cost <= most.cost
            else np.inf
            for margin, size in zip(margins, grown, strict=True)
        ]
        member = int(np.argmin(scores))
        picked[member] += 1
        total = total + margins[member]
        if scores[member] < best_score:
            best_score, best = scores[member], picked / step
        if late():
            break
    return best


def _reachable(sizes: Sequence[Size], most: Size) -> Size:
    """At most as large as `most`, or as the smallest member that there is."""
    trees = max(most.trees, min(one.trees for one in sizes))
    return Size(trees, max(most.cost, min(one.cost for one in sizes if one.trees <= trees)))


def _together(picked: Floats, sizes: Sequence[Size], extra: int) -> Size:
    """How large all are once `extra` is picked too."""
    taken = [one for i, one in enumerate(sizes) if picked[i] > 0 or i == extra]
    return Size(sum(one.trees for one in taken), sum(one.cost for one in taken))
