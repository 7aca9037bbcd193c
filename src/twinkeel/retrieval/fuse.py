"""One score out of two: a weighted sum of normalised scores, with a fixed weight.

The lexical scores are divided by the highest among them, cosines taken from 0 to 1. Ranks are not
used: reciprocal-rank fusion forgets by how much the first is better than the second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]

LEXICAL = 0.4
"""The share of the lexical score: the best of 0.3 to 0.7 on the training claims of SciFact
(nDCG@10 0.7321; 0.7317 at 0.3, 0.7296 at 0.5), none of which is among the claims it is judged on:
`python bench/retrieval.py --data FOLDER --only scifact --choose`."""


def fuse(lexical: Scores, dense: Scores, *, share: float = LEXICAL) -> Scores:
    """Scores from 0 to 1, shape (n,), of BM25 scores and cosines of the same passages."""
    highest = max(float(lexical.max(initial=0.0)), 1e-9)
    fused: Scores = share * (lexical / highest) + (1 - share) * np.clip(dense, 0, 1)
    return fused.astype(np.float32, copy=False)
