"""One score out of two: a weighted sum of normalised scores, with a fixed weight.

The lexical scores are divided by the highest among them, cosines taken from 0 to 1. Ranks are not
used: reciprocal-rank fusion forgets by how much the first is better than the second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]

LEXICAL = 0.4
"""The share of the lexical score."""


def fuse(lexical: Scores, dense: Scores, *, share: float = LEXICAL) -> Scores:
    """Scores from 0 to 1, shape (n,), of BM25 scores and cosines of the same passages."""
    highest = max(float(lexical.max(initial=0.0)), 1e-9)
    fused: Scores = share * (lexical / highest) + (1 - share) * np.clip(dense, 0, 1)
    return fused.astype(np.float32, copy=False)
