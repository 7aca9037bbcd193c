"""How much less than independent: design effects of calls, and since when a level has changed.

Calls come in bursts and by the time of day. A design effect is how much larger the variance of a
window's mean is than that of as many independent calls; it is estimated from successive differences
of the means of short cells and of cycles (von Neumann 1941), which neither a slow daily wave nor
one step of level inflates much, and drawn towards 1 while there is little to go by.
"""

from __future__ import annotations

import numpy as np

from twinkeel.stats.tails import Floats

_PRIOR = 20.0
"""Differences that the assumption of independence is worth."""
_LEAST_CYCLES = 8


def design_effects(sums: Floats, counts: Floats, *, per_cycle: int) -> Floats:
    """Design effects of means after 0, 1, ... whole cycles: `sums`, `counts` of (..., cells).

    The scores that were summed have variance 1. Both the cells and the whole cycles of
    `per_cycle` cells are looked at; the larger effect holds, and none is below 1.
    """
    whole = sums.shape[-1] // per_cycle
    shape = (*sums.shape[:-1], whole, per_cycle)
    used = whole * per_cycle
    sums, counts = sums[..., :used], counts[..., :used]
    found = _ratios(sums, counts)[..., ::per_cycle]
    cycles = _ratios(sums.reshape(shape).sum(axis=-1), counts.reshape(shape).sum(axis=-1))
    found[..., _LEAST_CYCLES:] = np.maximum(found, cycles)[..., _LEAST_CYCLES:]
    return found


def _ratios(sums: Floats, counts: Floats) -> Floats:
    """Mean squared successive differences of the first 0, 1, ... means, over those of chance."""
    means = sums / np.maximum(counts, 1)
    variance = 1 / np.maximum(counts[..., 1:], 1) + 1 / np.maximum(counts[..., :-1], 1)
    both = (counts[..., 1:] > 0) & (counts[..., :-1] > 0)
    squares = np.where(both, np.diff(means, axis=-1) ** 2 / variance, 0.0).cumsum(axis=-1)
    found = np.ones((*sums.shape[:-1], sums.shape[-1] + 1))
    found[..., 2:] = np.maximum(1.0, (squares + _PRIOR) / (both.cumsum(axis=-1) + _PRIOR))
    return found


def since(sums: Floats, counts: Floats) -> int:
    """The cell in which a series most likely took another level: least squares, shape (cells,)."""
    n, total = np.cumsum(counts), np.cumsum(sums)
    before, after = n[:-1], n[-1] - n[:-1]
    fair = (before > 0) & (after > 0)
    if not fair.any():
        return 0
    gap = (total[-1] - total[:-1]) / np.maximum(after, 1) - total[:-1] / np.maximum(before, 1)
    gain = np.where(fair, gap**2 * before * after / np.maximum(n[-1], 1), -1.0)
    return int(np.argmax(gain)) + 1
