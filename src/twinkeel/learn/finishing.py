"""How long finishing will take: combining, compiling and proving, judged by doing a little of it.

What is measured here and now holds on any machine, however busy it is; the search keeps that much
of the time (`Budget.keep`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.ensemble import STEPS
from twinkeel.learn.preference import PRICES
from twinkeel.learn.targets import Targets

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

TO_FINISH = 8.0
"""What finishing one tree takes, in times of taking it apart: joining, compiling, loading twice
and proving it on 2,000 rows ..."""
FIXED = 0.5
"""... and seconds for the rest."""
_KINDS = 2
"""Ensembles for each price: of bags, and of models of all rows."""
SPARE = 1.3
"""Times what was measured: other work on the machine comes and goes."""
SAVED = 0.5
"""Share of compiling that models of all rows save, at least: they have a fifth of the trees."""
_LONGER = 1.3
"""How much longer than one fold fitting all rows takes."""


@dataclass(frozen=True)
class Combining:
    """How long it takes to make one calibrated ensemble."""

    calibrated: float
    """Seconds."""
    each: float
    """Seconds for each bag that is chosen from."""

    def of(self, bags: int) -> float:
        """Seconds from so many bags."""
        return self.calibrated + self.each * bags


def combining(margin: Floats, targets: Targets, part: Index) -> Combining:
    """How long combining takes, judged by one bag's (n, k) margins."""
    calibrated = _timed(lambda: targets.loss.head(margin, targets, part))
    judged = _timed(lambda: targets.judged(margin))
    return Combining(calibrated, judged * STEPS * len(PRICES) * _KINDS)


def compiling(parts: Callable[[], object]) -> float:
    """Seconds from models to a proven graph, judged by how long `parts` takes them apart."""
    return TO_FINISH * _timed(parts)


def refitting(folds: Sequence[float], workers: int) -> float:
    """Seconds to fit all rows once for each member, side by side, judged by the seconds that one
    fold of each took."""
    return _LONGER * max(sum(folds) / workers, max(folds, default=0.0))


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
