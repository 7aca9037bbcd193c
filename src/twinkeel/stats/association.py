"""How far two columns go together: one number each, with its source. Pure functions of arrays.

Each is 0 where nothing goes together (corrected for chance, but for the signed one) and 1 at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank; shape (n,), no NaN allowed."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    found = np.empty(len(values), dtype=np.float64)
    found[order] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return found


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation, -1 to 1; 0 where one of the two never varies."""
    if len(a) < 2:
        return 0.0
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip((x @ y) / size, -1, 1)) if size > 0 else 0.0


def correlation_ratio(codes: Codes, values: Floats) -> float:
    """The correlation ratio of the ranks of `values` over groups, 0 to 1.

    It is the square root of epsilon squared (Kelley 1935), which takes off what chance alone gives.
    """
    sizes = np.bincount(codes).astype(np.float64)
    used = sizes > 0
    n, groups = len(values), int(used.sum())
    if groups < 2 or n <= groups:
        return 0.0
    ranked = ranks(values)
    means = np.bincount(codes, ranked)[used] / sizes[used]
    total = float(((ranked - ranked.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    between = float((sizes[used] * (means - ranked.mean()) ** 2).sum())
    return float(np.sqrt(max(0.0, 1 - (1 - between / total) * (n - 1) / (n - groups))))


def cramers_v(a: Codes, b: Codes) -> float:
    """Cramer's V of two groupings, bias-corrected (Bergsma 2013), 0 to 1."""
    counts = crossed(a, b)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    n, (rows, columns) = counts.sum(), counts.shape
    if n < 2 or min(rows, columns) < 2:
        return 0.0
    expected = np.outer(counts.sum(1), counts.sum(0)) / n
    phi2 = float(((counts - expected) ** 2 / expected).sum() / n)
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(1.0, phi2 / least))) if least > 0 else 0.0


def crossed(a: Codes, b: Codes) -> NDArray[Any]:
    """How many rows have each pair of codes, shape (codes of a, codes of b)."""
    wide = int(b.max()) + 1 if len(b) else 1
    tall = int(a.max()) + 1 if len(a) else 1
    return np.bincount(a * wide + b, minlength=tall * wide).reshape(tall, wide)
