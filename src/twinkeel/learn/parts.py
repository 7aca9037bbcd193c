"""What a model is made of, as arrays: trees, one linear function and neural nets, added up.

Imports numpy alone: explanations are served from these arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.linear import Linear
from twinkeel.learn.nets import Nets
from twinkeel.learn.trees import Trees

TREES, LINEAR, NETS = "trees", "linear", "nets"
"""Their folders in a bundle."""


@dataclass(frozen=True)
class Parts:
    """Three sums over the same F features and k margins."""

    trees: Trees
    linear: Linear
    nets: tuple[Nets, ...]
    """Those of like shape side by side."""

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return self.linear.width

    def margin(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, k) margins of an (n, F) matrix; for tests and checks."""
        found = self.trees.margin(X) + self.linear.margin(X)
        for nets in self.nets:
            found = found + nets.margin(X)
        return found

    def save(self, folder: Path) -> None:
        """Write a folder for each part into `folder`; for nets, one for each shape."""
        self.trees.save(folder / TREES)
        self.linear.save(folder / LINEAR)
        for shape, nets in enumerate(self.nets):
            nets.save(folder / _nets(shape))

    @classmethod
    def load(cls, read: Callable[[str], bytes], *, nets: int) -> Parts:
        """What `save` wrote, so many nets in all, from `read`, which gives the bytes of a file by
        its name."""
        linear = Linear.load(read, LINEAR)
        found: list[Nets] = []
        while sum(len(one) for one in found) < nets:
            found.append(Nets.load(read, _nets(len(found))))
        return cls(Trees.load(read, TREES), linear, tuple(found))


def _nets(shape: int) -> str:
    """The folder of the nets of one shape, from 0."""
    return NETS if shape == 0 else f"{NETS}-{shape + 1}"
