"""Neural nets as arrays: cut features, two hidden layers, a weighted sum; several side by side.

Imports numpy alone: explanations are served from these arrays. Refuses nets of another depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


_PADDED = 1.2
"""Nets lie side by side if that makes their weights no more than so many times as many."""


def joined(many: Iterable[Nets]) -> tuple[Nets, ...]:
    """All of `many`, those of like shape side by side: the margins add up.

    The smaller ones get inputs and units that have no weight.
    """
    groups: list[list[Nets]] = []
    for nets in sorted(many, key=lambda one: one.first.shape[:0:-1], reverse=True):
        if groups and _weights([*groups[-1], nets]) <= _PADDED * sum(
            one.weights for one in (*groups[-1], nets)
        ):
            groups[-1].append(nets)
        else:
            groups.append([nets])
    return tuple(_side_by_side(group) for group in groups)


def _shape(parts: Sequence[Nets]) -> tuple[int, int]:
    """The inputs and units that are enough for each."""
    return max(one.first.shape[1] for one in parts), max(one.first.shape[2] for one in parts)


def _weights(parts: Sequence[Nets]) -> int:
    """How many there are once these lie side by side."""
    inputs, units = _shape(parts)
    return sum(len(one) for one in parts) * units * (inputs + units + parts[0].width)


def _side_by_side(parts: Sequence[Nets]) -> Nets:
    wide = [_widened(one, *_shape(parts)) for one in parts]
    names = [field.name for field in fields(Nets)]
    return Nets(*(np.concatenate([getattr(one, name) for one in wide]) for name in names))


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
