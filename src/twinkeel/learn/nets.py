"""Neural nets as arrays: cut features, two hidden layers, a weighted sum; several side by side.

Imports numpy alone: explanations are served from these arrays. Refuses nets of another depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.store import arrays

Floats = NDArray[np.float64]

_FLAT = 1e-6
"""A unit that is so near to where it is at the reference has the slope of the curve there."""


@dataclass(frozen=True)
class Nets:
    """N nets of P inputs, H units in each of two hidden layers and k margins, which are added up.

    Input p is the feature `feature[p]`, cut to `low[p]` and `high[p]`; where the feature is
    missing it is `absent[p]`. A feature may be many inputs, each of them one piece of its range,
    or only whether it is missing. Units are bent by `x * sigmoid(x)` (Elfwing et al., 2018).
    """

    feature: NDArray[np.int32]
    """(N, P)"""
    low: Floats
    """(N, P)"""
    high: Floats
    absent: Floats
    mean: Floats
    """(N, P) means of the inputs while learning: effects are counted from here."""
    first: Floats
    """(N, P, H)"""
    first_bias: Floats
    """(N, H)"""
    second: Floats
    """(N, H, H)"""
    second_bias: Floats
    last: Floats
    """(N, H, k)"""
    last_bias: Floats
    """(N, k)"""

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return int(self.last_bias.shape[1])

    @property
    def weights(self) -> int:
        """How many numbers a row is multiplied by."""
        return self.first.size + self.second.size + self.last.size

    @property
    def base(self) -> Floats:
        """(k,) the margin of average inputs."""
        found: Floats = self._margin(self.mean[:, None])[0]
        return found

    def inputs(self, X: NDArray[np.floating]) -> Floats:
        """(N, n, P) inputs of an (n, F) matrix."""
        x = X.astype(np.float64)[:, self.feature].transpose(1, 0, 2)
        cut = np.clip(x, self.low[:, None], self.high[:, None])
        found: Floats = np.where(np.isnan(x), self.absent[:, None], cut)
        return found

    def margin(self, X: NDArray[np.floating]) -> Floats:
        """(n, k) margins of an (n, F) matrix."""
        return self._margin(self.inputs(X))

    def contributions(self, x: NDArray[np.floating]) -> Floats:
        """(F, k) effects of one row of F features.

        They add up to the margin less `base`, by the rescale rule of DeepLIFT (Shrikumar et al.,
        2017): what a unit's change does further on is shared out among what it is a sum of, in
        proportion to how much each of these changed.
        """
        away = self.inputs(x[None])[:, 0] - self.mean
        shares = away[:, :, None] * self._multipliers(away)
        place = self.feature.ravel()
        return np.column_stack(
            [
                np.bincount(place, share.ravel(), minlength=len(x))
                for share in shares.transpose(2, 0, 1)
            ]
        )

    def _multipliers(self, away: Floats) -> Floats:
        """(N, P, k) by what the margins change with each input, from its mean to `away` of it."""
        at = (self.mean[:, None] @ self.first)[:, 0] + self.first_bias
        moved = (away[:, None] @ self.first)[:, 0]
        deeper = (bent(at)[:, None] @ self.second)[:, 0] + self.second_bias
        slope, rise = _chord(at, moved)
        outer, _ = _chord(deeper, (rise[:, None] @ self.second)[:, 0])
        back = self.second @ (outer[:, :, None] * self.last)
        found: Floats = self.first @ (slope[:, :, None] * back)
        return found

    def _margin(self, inputs: Floats) -> Floats:
        units = bent(inputs @ self.first + self.first_bias[:, None])
        units = bent(units @ self.second + self.second_bias[:, None])
        found: Floats = (units @ self.last + self.last_bias[:, None]).sum(axis=0)
        return found

    def scaled(self, factor: float) -> Nets:
        """The same functions times `factor`."""
        return replace(self, last=self.last * factor, last_bias=self.last_bias * factor)

    def over(self, features: NDArray[np.intp]) -> Nets:
        """The same nets over a wider matrix, where feature i is at `features[i]`."""
        return replace(self, feature=features[self.feature].astype(np.int32))

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array into `folder`, which is made."""
        arrays.save(self, folder)

    @classmethod
    def load(cls, read: Callable[[str], bytes], folder: str) -> Nets:
        """What `save` wrote, from `read`, which gives the bytes of a file by its name."""
        return arrays.load(cls, read, folder)


def bent(units: Floats) -> Floats:
    """`x * sigmoid(x)` of every unit, without overflow."""
    small = np.exp(-np.abs(units))
    found: Floats = units * np.where(units >= 0, 1.0, small) / (1.0 + small)
    return found


def none(width: int) -> Nets:
    """No nets, for `width` margins."""
    plain, deep = np.zeros((0, 0)), np.zeros((0, 0, 0))
    return Nets(
        feature=np.zeros((0, 0), np.int32),
        low=plain,
        high=plain,
        absent=plain,
        mean=plain,
        first=deep,
        first_bias=plain,
        second=deep,
        second_bias=plain,
        last=np.zeros((0, 0, width)),
        last_bias=np.zeros((0, width)),
    )


def joined(many: Iterable[Nets], width: int) -> Nets:
    """All of `many` side by side: their margin is the sum of theirs.

    The smaller ones get inputs and units that have no weight.
    """
    parts = [none(width), *many]
    inputs = max(part.first.shape[1] for part in parts)
    units = max(part.first.shape[2] for part in parts)
    wide = [_widened(part, inputs, units) for part in parts]
    names = [field.name for field in fields(Nets)]
    return Nets(*(np.concatenate([getattr(part, name) for part in wide]) for name in names))


def _widened(nets: Nets, inputs: int, units: int) -> Nets:
    """The same nets with so many inputs and units."""
    more = {"P": inputs - nets.first.shape[1], "H": units - nets.first.shape[2], "k": 0}
    axes = {
        **dict.fromkeys(("feature", "low", "high", "absent", "mean"), "P"),
        "first": "PH",
        "first_bias": "H",
        "second": "HH",
        "second_bias": "H",
        "last": "Hk",
        "last_bias": "k",
    }
    grown = {
        name: np.pad(getattr(nets, name), [(0, 0), *((0, more[axis]) for axis in shape)])
        for name, shape in axes.items()
    }
    return Nets(**grown)


def _chord(at: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """The mean slope of `bent` from `at` to `at + moved`, and how much it rises."""
    rise = bent(at + moved) - bent(at)
    flat = np.abs(moved) < _FLAT
    near = (bent(at + _FLAT) - bent(at - _FLAT)) / (2 * _FLAT)
    slope = np.where(flat, near, rise / np.where(flat, 1.0, moved))
    return slope, rise
