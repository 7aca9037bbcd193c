"""What a model is made of, as arrays: trees, one linear function and neural nets, added up.

Imports numpy alone: explanations are served from these arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn import nets
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
    nets: Nets

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return self.linear.width

    def margin(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, k) margins of an (n, F) matrix; for tests and checks."""
        return self.trees.margin(X) + self.linear.margin(X) + self.nets.margin(X)

    def save(self, folder: Path) -> None:
        """Write a folder for each part into `folder`; none for nets where there are none."""
        self.trees.save(folder / TREES)
        self.linear.save(folder / LINEAR)
        if len(self.nets):
            self.nets.save(folder / NETS)

    @classmethod
    def load(cls, read: Callable[[str], bytes], *, with_nets: bool) -> Parts:
        """What `save` wrote, from `read`, which gives the bytes of a file by its name."""
        linear = Linear.load(read, LINEAR)
        there = Nets.load(read, NETS) if with_nets else nets.none(linear.width)
        return cls(Trees.load(read, TREES), linear, there)
