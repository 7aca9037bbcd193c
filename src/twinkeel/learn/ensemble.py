"""Greedy ensemble selection with replacement on out-of-fold predictions (Caruana et al., 2004).

Members are averaged in margins, so that an ensemble of trees is again a sum of trees, and its
explanations stay exact. A small price per member's trees keeps an ensemble from growing where
that gains next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.targets import Targets

Floats = NDArray[np.float64]

STEPS = 30
PRICE = 2e-7
"""Loss that one more tree must gain, relative to the best member's."""


def select(margins: Sequence[Floats], targets: Targets, trees: Sequence[int]) -> Floats:
    """(members,) weights that add up to 1, from (n, k) margins of each member."""
    losses = [targets.loss.plain(margin, targets) for margin in margins]
    price = PRICE * min(losses)
    picked = np.zeros(len(margins))
    total = np.zeros_like(margins[0])
    best_score, best = np.inf, picked.copy()
    for step in range(1, STEPS + 1):
        scores = [
            targets.loss.plain((total + margin) / step, targets)
            + price * _trees(picked, trees, member)
            for member, margin in enumerate(margins)
        ]
        member = int(np.argmin(scores))
        picked[member] += 1
        total = total + margins[member]
        if scores[member] < best_score:
            best_score, best = scores[member], picked / step
    return best


def _trees(picked: Floats, trees: Sequence[int], extra: int) -> int:
    """How many trees there are once `extra` is picked too."""
    return sum(count for member, count in enumerate(trees) if picked[member] > 0 or member == extra)
