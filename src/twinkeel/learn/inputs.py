"""What a graph is fed: a matrix of numbers and one of texts, columns in the contract's order.

onnxruntime takes about a microsecond for each input of a call, so that 80 columns as 80 inputs took
longer than all that is computed of them. Light: serving reads it. Bundles of format 1 have an input
for each column, and are fed as they were compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract

NUMBERS, TEXTS = "/numbers", "/texts"
"""The inputs' names: (n, F) float64 and (n, T) strings."""
SEPARATE, SIDE_BY_SIDE = 1, 2
"""Formats of a bundle: an input for each column, or one for all of a sort."""
_TEXTS = ("category", "text")

Cells = Mapping[str, NDArray[Any]]
"""Contract-checked columns by name, each (n,)."""


@dataclass(frozen=True)
class Inputs:
    """The columns of each input, in order; an input without columns is none."""

    numbers: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract) -> Inputs:
        """Those of a contract's columns."""
        texts = tuple(one.name for one in contract.columns if one.type in _TEXTS)
        numbers = tuple(one.name for one in contract.columns if one.type not in _TEXTS)
        return cls(numbers, texts)

    def feed(self, cells: Cells, rows: slice, *, version: int) -> dict[str, NDArray[Any]]:
        """What the graph of a bundle is given for some rows."""
        if version == SEPARATE:
            names = (*self.numbers, *self.texts)
            return {name: cells[name][rows].reshape(-1, 1) for name in names}
        sides = ((NUMBERS, self.numbers), (TEXTS, self.texts))
        return {side: _beside(cells, names, rows) for side, names in sides if names}


def _beside(cells: Cells, names: Sequence[str], rows: slice) -> NDArray[Any]:
    """(n, columns) some columns side by side."""
    flat = np.concatenate([cells[name][rows] for name in names])
    return np.ascontiguousarray(flat.reshape(len(names), -1).T)
