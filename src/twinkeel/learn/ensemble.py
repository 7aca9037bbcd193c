"""Greedy ensemble selection with replacement on out-of-fold predictions (Caruana et al., 2004).

Members are averaged in margins, so that an ensemble of trees is again a sum of trees, and its
explanations stay exact. A small price per member's trees keeps an ensemble from growing where
that gains next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.targets import Targets

Floats = NDArray[np.float64]

STEPS = 30


def select(
    margins: Sequence[Floats],
    targets: Targets,
    trees: Sequence[float],
    *,
    price: float,
    most: float = np.inf,
    late: Callable[[], bool] = lambda: False,
) -> Floats:
    """(members,) weights that add up to 1, from (n, k) margins of each member.

    `price` is the loss that one more tree must gain, relative to the best member's (see
    `Targets.scale`). All together
    have at most `most` trees, or are the one member that has the fewest. Once it is `late`, the
    best so far is taken.
    """
    losses = [targets.judged(margin) for margin in margins]
    best_member = int(np.argmin(losses))
    price *= targets.scale(losses[best_member], margins[best_member])
    most = max(most, min(trees))
    picked = np.zeros(len(margins))
    total = np.zeros_like(margins[0])
    best_score, best = np.inf, picked.copy()
    for step in range(1, STEPS + 1):
        counts = [_trees(picked, trees, member) for member in range(len(margins))]
        scores = [
            targets.judged((total + margin) / step) + price * count if count <= most else np.inf
            for margin, count in zip(margins, counts, strict=True)
        ]
        member = int(np.argmin(scores))
        picked[member] += 1
        total = total + margins[member]
        if scores[member] < best_score:
            best_score, best = scores[member], picked / step
        if late():
            break
    return best


def _trees(picked: Floats, trees: Sequence[float], extra: int) -> float:
    """How many trees there are once `extra` is picked too."""
    return sum(count for member, count in enumerate(trees) if picked[member] > 0 or member == extra)
