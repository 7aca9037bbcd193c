"""Arithmetic of two numbers: differences, sums, products and ratios, by itself and as features.

Owns its form in numpy and in ONNX, one node for each sort however many there are. Computed in
double precision; what is infinite is missing, as is what has a missing part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.encode import FLOAT, Block, Feature, Matrix, Values, single, stacked
from twinkeel.learn.graph import Graph
from twinkeel.records import Record

Floats = NDArray[np.float64]

Operator = Literal["-", "+", "*", "/"]

OPERATORS: tuple[Operator, ...] = ("-", "+", "*", "/")

_NUMPY: dict[Operator, np.ufunc] = {"-": np.subtract, "+": np.add, "*": np.multiply, "/": np.divide}
_ONNX: dict[Operator, str] = {"-": "Sub", "+": "Add", "*": "Mul", "/": "Div"}


def computed(operator: Operator, left: Floats, right: Floats) -> Floats:
    """`left operator right` of two arrays of one shape, NaN where that is no finite number."""
    with np.errstate(all="ignore"):
        found = _NUMPY[operator](left, right)
    return np.asarray(np.where(np.isfinite(found), found, np.nan), dtype=np.float64)


class Pair(Record, frozen=True):
    """One feature: `left operator right`."""

    operator: Operator
    left: str
    right: str

    @property
    def name(self) -> str:
        """As a person would write it."""
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Pairs(Block):
    """Arithmetic of numbers and dates; made by `arranged`."""

    text: ClassVar[bool] = False
    pairs: tuple[Pair, ...]
    """Those of one operator stand together."""

    @cached_property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only is enough
        """Each column once."""
        return tuple(dict.fromkeys(name for one in self.pairs for name in (one.left, one.right)))

    @property
    def features(self) -> tuple[Feature, ...]:  # type: ignore[override]  # read-only is enough
        """One per pair, which two columns share."""
        return tuple(Feature(one.left, one.name, partner=one.right) for one in self.pairs)

    def encode(self, values: Values) -> Matrix:
        """(n, pairs)"""
        table = np.column_stack([values[name] for name in self.columns])
        left, right = (table[:, side] for side in self._sides)
        ends = np.cumsum([0, *self._runs.values()])
        found = single(
            np.hstack(
                [
                    computed(operator, left[:, start:end], right[:, start:end])
                    for operator, start, end in zip(self._runs, ends, ends[1:], strict=False)
                ]
            )
        )
        found[np.isinf(found)] = np.nan
        return found

    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """The same: both sides gathered, split by operator, computed and put together."""
        table = stacked(graph, inputs)
        sides = [graph.add("Gather", table, graph.constant(side), axis=1) for side in self._sides]
        parts = [
            graph.add(_ONNX[operator], left, right)
            for operator, left, right in zip(
                self._runs, *(self._split(graph, side) for side in sides), strict=True
            )
        ]
        found = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
        found = graph.add("Cast", found, to=FLOAT)
        nan = graph.constant(np.float32(np.nan))
        return graph.add("Where", graph.add("IsInf", found), nan, found)

    def _split(self, graph: Graph, side: str) -> list[str]:
        sizes = list(self._runs.values())
        if len(sizes) == 1:
            return [side]
        return graph.add_many("Split", len(sizes), side, graph.ints(*sizes), axis=1)

    @cached_property
    def _sides(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        place = {name: i for i, name in enumerate(self.columns)}
        left, right = ([place[getattr(one, side)] for one in self.pairs] for side in _SIDES)
        return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)

    @cached_property
    def _runs(self) -> dict[Operator, int]:
        """How many pairs each operator has, in order."""
        found: dict[Operator, int] = {}
        for one in self.pairs:
            found[one.operator] = found.get(one.operator, 0) + 1
        return found


_SIDES = ("left", "right")


def arranged(pairs: Sequence[Pair]) -> Pairs:
    """The features of these pairs, those of one operator together."""
    return Pairs(tuple(sorted(pairs, key=lambda one: OPERATORS.index(one.operator))))
