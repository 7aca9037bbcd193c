"""The linear part of a model as arrays: missing values filled, extremes cut, a weighted sum.

Imports numpy alone: explanations are served from these arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.store import arrays

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """A margin of `intercept + z @ weight + missing @ missing_weight` over F features.

    z is x with missing values replaced by `fill` and cut to `low` and `high`, the range learned
    from; `missing` is 1 where x is missing.
    """

    fill: Floats
    low: Floats
    high: Floats
    mean: Floats
    """(F,) mean of z while learning: an effect is counted from here."""
    missing_rate: Floats
    weight: Floats
    """(F, k)"""
    missing_weight: Floats
    """(F, k)"""
    intercept: Floats
    """(k,)"""

    @property
    def base(self) -> Floats:
        """(k,) the margin of an average row."""
        return self.intercept + self.mean @ self.weight + self.missing_rate @ self.missing_weight

    @property
    def used(self) -> NDArray[np.bool_]:
        """(F,) which features matter."""
        return np.asarray((self.weight != 0).any(axis=1) | (self.missing_weight != 0).any(axis=1))

    def filled(self, X: NDArray[np.floating]) -> Floats:
        """z for an (n, F) matrix."""
        x = X.astype(np.float64)
        cut: Floats = np.clip(np.where(np.isnan(x), self.fill, x), self.low, self.high)
        return cut

    def margin(self, X: NDArray[np.floating]) -> Floats:
        """(n, k) margins of an (n, F) matrix."""
        missing = np.isnan(X).astype(np.float64)
        found: Floats = (
            self.filled(X) @ self.weight + missing @ self.missing_weight + self.intercept
        )
        return found

    def contributions(self, X: NDArray[np.floating]) -> Floats:
        """(n, F, k) effects, which add up to the margin less `base`."""
        effect = (self.filled(X) - self.mean)[:, :, None] * self.weight
        missing = np.isnan(X).astype(np.float64) - self.missing_rate
        found: Floats = effect + missing[:, :, None] * self.missing_weight
        return found

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return len(self.intercept)

    def scaled(self, factor: float) -> Linear:
        """The same function times `factor`."""
        return replace(
            self,
            weight=self.weight * factor,
            missing_weight=self.missing_weight * factor,
            intercept=self.intercept * factor,
        )

    def plus(self, other: Linear, features: NDArray[np.intp]) -> Linear:
        """This function plus another one over only some of the features, of the same frame."""
        weight, missing_weight = self.weight.copy(), self.missing_weight.copy()
        weight[features] += other.weight
        missing_weight[features] += other.missing_weight
        return replace(
            self,
            weight=weight,
            missing_weight=missing_weight,
            intercept=self.intercept + other.intercept,
        )

    def at(self, features: NDArray[np.intp]) -> Linear:
        """The same function of some of the features; the others' effect is dropped."""
        by_feature = {
            field.name: getattr(self, field.name)[features]
            for field in fields(self)
            if field.name != "intercept"
        }
        return replace(self, **by_feature)

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array into `folder`, which is made."""
        arrays.save(self, folder)

    @classmethod
    def load(cls, read: Callable[[str], bytes], folder: str) -> Linear:
        """What `save` wrote, from `read`, which gives the bytes of a file by its name."""
        return arrays.load(cls, read, folder)


def frame(X: NDArray[np.floating], width: int) -> Linear:
    """Fill, range and means of (n, F) features that have no effect yet on any of k margins.

    The range leaves out a thousandth at each end, but keeps both values of an indicator.
    """
    columns = [_column(x.astype(np.float64)) for x in X.T]
    fill, low, high, mean, missing = (np.array(part) for part in zip(*columns, strict=True))
    none = np.zeros((X.shape[1], width))
    return Linear(fill, low, high, mean, missing, none, none, np.zeros(width))


def _column(x: Floats) -> tuple[float, float, float, float, float]:
    known = x[~np.isnan(x)]
    if len(known) == 0:
        return 0.0, 0.0, 0.0, 0.0, 1.0
    low, fill, high = np.quantile(known, [0.001, 0.5, 0.999], method="nearest")
    if len(np.unique(known[:1000])) <= 2:
        low, high = known.min(), known.max()
    z = np.clip(np.where(np.isnan(x), fill, x), low, high)
    return float(fill), float(low), float(high), float(z.mean()), 1 - len(known) / len(x)
