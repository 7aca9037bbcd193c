"""Statistics of the target for each level of a category, smoothed towards the average.

Micci-Barreca (2001), with the statistics of the rows that a model learns from computed out of
fold, so that no row sees its own target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

SMOOTHING = 10.0
"""Weight of the average, in rows."""
_INNER = 5


def statistics(codes: Codes, targets: Floats, weight: Floats, levels: int) -> Floats:
    """(1 + levels, m) smoothed means of (n, m) targets by code; row 0, the unseen, the average."""
    total = max(float(weight.sum()), 1e-12)
    average = weight @ targets / total
    count = np.bincount(codes, weights=weight, minlength=levels + 1)
    sums = np.column_stack(
        [np.bincount(codes, weights=weight * column, minlength=levels + 1) for column in targets.T]
    )
    scale = total / max(len(weight), 1)  # weights count relative to an average row
    found: Floats = (sums + SMOOTHING * scale * average) / (count + SMOOTHING * scale)[:, None]
    found[0] = average
    return found


def out_of_fold(codes: Codes, targets: Floats, weight: Floats, levels: int, *, seed: int) -> Floats:
    """(n, m) the statistic of each row's code, from other rows only."""
    part = np.random.default_rng(seed).permutation(len(codes)) % _INNER
    found = np.empty((len(codes), targets.shape[1]))
    for inner in range(_INNER):
        other, mine = part != inner, part == inner
        table = statistics(codes[other], targets[other], weight[other], levels)
        found[mine] = table[codes[mine]]
    return found
