"""What a net is given of the features: scaled numbers, pieces of their range, and what is missing.

A number is seen whole, between limits that few rows exceed, and as how far it has got through each
of a few pieces of its range (the piecewise linear encoding of Gorishniy et al., 2022), so that a
net can bend where a tree would split. Every input is one feature cut to two limits, which is all
that serving must know.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.families.base import Floats, Fold, Matrix

Single = NDArray[np.float32]

_AT_MOST = 512
"""Numbers are taken apart into fewer pieces where there would be more inputs than these."""
_JUDGED = 50_000
"""Rows that quantiles are taken from."""
_WIDE = 3.0
"""Limits of a whole number, in robust standard deviations from its median."""
_QUARTILES = 1.349
"""Standard deviations between the quartiles of a normal distribution."""
_CONSTANT = 1e-9
"""A feature of two values that spreads less says nothing."""
_NARROW = 1e-6
"""Share of a number's range that is too narrow for a piece."""
_CHUNK = 4096


class _Input(NamedTuple):
    """One input of one feature, as `Nets` has it, and how it is scaled for training."""

    feature: int
    low: float
    high: float
    absent: float
    center: float
    scale: float


@dataclass(frozen=True)
class Inputs:
    """P inputs: `(cut feature - center) * scale`. Arrays are (P,)."""

    feature: NDArray[np.int32]
    low: Floats
    high: Floats
    absent: Floats
    center: Floats
    scale: Floats

    def __len__(self) -> int:
        return len(self.feature)

    def of(self, X: Matrix, rows: NDArray[np.intp]) -> Single:
        """(rows, P) of some rows of (n, F) features."""
        low, high, absent, center, scale = (
            part.astype(np.float32)
            for part in (self.low, self.high, self.absent, self.center, self.scale)
        )
        found = np.empty((len(rows), len(self)), np.float32)
        for start in range(0, len(rows), _CHUNK):
            x = X[rows[start : start + _CHUNK]][:, self.feature]
            cut = np.where(np.isnan(x), absent, np.clip(x, low, high))
            found[start : start + _CHUNK] = (cut - center) * scale
        return found


def inputs(fold: Fold, pieces: int, rng: np.random.Generator) -> Inputs:
    """The inputs for a fold's features; numbers are taken apart into at most so many pieces."""
    X = fold.X if len(fold.X) <= _JUDGED else fold.X[rng.choice(len(fold.X), _JUDGED, False)]
    known = [np.clip(x[np.isfinite(x)], low, high) for x, low, high in _columns(fold, X)]
    numbers = [len(np.unique(x)) > 2 for x in known]
    most = min(pieces, max(_AT_MOST - len(known), 0) // max(sum(numbers), 1))
    found: list[_Input] = []
    for feature, x in enumerate(known):
        fill = float(fold.frame.fill[feature])
        if numbers[feature]:
            found += _number(feature, x, fill, most)
        elif len(x) and np.ptp(x) > _CONSTANT:
            found.append(
                _Input(feature, x.min(), x.max(), fill, float(x.mean()), 1 / float(x.std()))
            )
        if 0 < len(x) < len(X):
            found.append(_gap(feature, 1 - len(x) / len(X)))
    return Inputs(*(np.array(part) for part in zip(*found, strict=True))) if found else _nothing()


def _columns(fold: Fold, X: Matrix) -> zip[tuple[Floats, float, float]]:
    return zip(X.T.astype(np.float64), fold.frame.low, fold.frame.high, strict=True)


def _number(feature: int, x: Floats, fill: float, pieces: int) -> list[_Input]:
    """A number whole, and its pieces; without pieces, what is beyond the limits of the whole."""
    low, high = float(x.min()), float(x.max())
    first, middle, third = np.quantile(x, [0.25, 0.5, 0.75])
    spread = float(third - first) / _QUARTILES
    if spread <= _NARROW * (high - low):
        spread = (high - low) / _WIDE
    from_, to = max(low, middle - _WIDE * spread), min(high, middle + _WIDE * spread)
    whole = _Input(feature, from_, to, float(np.clip(fill, from_, to)), float(middle), 1 / spread)
    if pieces > 1:
        taken = [*pairwise([low, *np.quantile(x, np.arange(1, pieces) / pieces), high])]
    else:
        taken = [(low, from_), (to, high)]
    narrow = _NARROW * (high - low)
    wide = [(one, other) for one, other in taken if other - one > narrow]
    return [whole, *(_piece(feature, one, other, fill) for one, other in wide)]


def _piece(feature: int, low: float, high: float, fill: float) -> _Input:
    """From -1 to 1 on the way from `low` to `high`."""
    absent = float(np.clip(fill, low, high))
    return _Input(feature, float(low), float(high), absent, (low + high) / 2, 2 / (high - low))


def _gap(feature: int, rate: float) -> _Input:
    """1 where the feature is missing, 0 where it is not, standardised."""
    return _Input(feature, 0.0, 0.0, 1.0, rate, 1 / float(np.sqrt(rate * (1 - rate))))


def _nothing() -> Inputs:
    none = np.zeros(0)
    return Inputs(none.astype(np.int32), none, none, none, none, none)
