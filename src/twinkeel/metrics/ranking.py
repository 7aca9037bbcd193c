"""How well what was looked for is put first: recall, reciprocal rank, discounted gain.

Each works on one case at a time and on relevance by rank; averages, weights and intervals are the
measure's and the scorecard's business. What a case has more of than was found counts as missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def relevance(ranked: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """1 for each rank that holds something wanted for the first time, else 0."""
    left = set(wanted)
    found = []
    for name in ranked:
        found.append(int(name in left))
        left.discard(name)
    return found


def recall(found: Sequence[int], wanted: int, *, at: int) -> float:
    """The share of what was wanted that is among the first `at` ranks."""
    return sum(found[:at]) / wanted


def reciprocal_rank(found: Sequence[int], *, at: int) -> float:
    """1 over the rank of the first that was wanted; 0 if it is not among the first `at`."""
    return next((1 / rank for rank, hit in enumerate(found[:at], 1) if hit), 0.0)


def ndcg(found: Sequence[int], wanted: int, *, at: int) -> float:
    """Discounted gain over that of the best order (Järvelin and Kekäläinen 2002)."""
    gain = sum(hit / math.log2(rank + 1) for rank, hit in enumerate(found[:at], 1))
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(wanted, at) + 1))
    return gain / best
