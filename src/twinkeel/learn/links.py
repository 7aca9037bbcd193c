"""From margins to amounts: a straight line, or a power of e where spreads grow with the amount.

Each link owns both forms, in numpy and in ONNX, and takes an answer apart in the target's units.
Where no target is below a floor, no answer is. Light: serving reads it.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.graph import MARGIN, PREDICTION, Graph
from twinkeel.learn.targets import Explained
from twinkeel.records import Record

Floats = NDArray[np.float64]

_FLAT = 1e-9
"""Margins that differ by less have the slope of the curve between them."""


class Straight(Record, frozen=True, tag_field="link", tag="straight"):
    """`amount = max(center + scale * margin, floor)`."""

    output: ClassVar[str] = PREDICTION
    margin: ClassVar[str] = MARGIN

    center: float = 0.0
    scale: float = 1.0
    floor: float | None = None
    """0 for what is never negative."""

    def learned(self, y: Floats) -> Floats:
        """The margin of each amount."""
        return (y - self.center) / self.scale

    def outputs(self, margin: Floats) -> Floats:
        """(n, 1) amounts from (n, 1) margins."""
        return _from(self.floor, self.center + self.scale * margin)

    def emit(self, graph: Graph, margin: str, width: int) -> str:  # noqa: ARG002  # always 1
        """The same in a graph."""
        scaled = graph.add("Mul", margin, graph.constant(np.float64(self.scale)))
        found = graph.add("Add", scaled, graph.constant(np.float64(self.center)))
        return _emitted_from(self.floor, graph, found)

    def explained(self, margins: Explained) -> Explained:
        """Every effect in the units of the amount: exact, and in proportion below the floor."""
        base, total = self.outputs(margins.base), self.outputs(margins.total)
        if self.floor is None:
            return Explained(base, margins.effects * self.scale, total)
        return _rescaled(margins, base, total, np.full_like(total, self.scale))


class Logarithm(Record, frozen=True, tag_field="link", tag="logarithm"):
    """`amount = max(factor * scale * exp(min(margin, high)) - shift, floor)`.

    The mean of logarithms is not the logarithm of the mean: `factor` puts the mean right, as
    smearing does (Duan, 1983).
    """

    output: ClassVar[str] = PREDICTION
    margin: ClassVar[str] = MARGIN

    scale: float
    shift: float
    high: float
    """A little more than the largest margin that was learned from."""
    factor: float = 1.0
    floor: float | None = None
    """0 for what is never negative."""

    def learned(self, y: Floats) -> Floats:
        """The margin of each amount."""
        return np.log((y + self.shift) / self.scale)

    def grown(self, margin: Floats) -> Floats:
        """What `factor` multiplies, of the shape of the margins."""
        found: Floats = self.scale * np.exp(np.minimum(margin, self.high))
        return found

    def outputs(self, margin: Floats) -> Floats:
        """(n, 1) amounts from (n, 1) margins."""
        return _from(self.floor, self.factor * self.grown(margin) - self.shift)

    def emit(self, graph: Graph, margin: str, width: int) -> str:  # noqa: ARG002  # always 1
        """The same in a graph."""
        cut = graph.add("Min", margin, graph.constant(np.float64(self.high)))
        factor = graph.constant(np.float64(self.factor * self.scale))
        grown = graph.add("Mul", graph.add("Exp", cut), factor)
        found = graph.add("Sub", grown, graph.constant(np.float64(self.shift)))
        return _emitted_from(self.floor, graph, found)

    def explained(self, margins: Explained) -> Explained:
        """Effects on the logarithm, each in proportion to what all of them change the amount.

        The rescale rule of Shrikumar et al. (2017): order, signs and shares are those of the
        logarithm, and they add up in the units of the amount.
        """
        base, total = self.outputs(margins.base), self.outputs(margins.total)
        return _rescaled(margins, base, total, total + self.shift)


def _from(floor: float | None, amount: Floats) -> Floats:
    return amount if floor is None else np.maximum(amount, floor)


def _emitted_from(floor: float | None, graph: Graph, amount: str) -> str:
    return amount if floor is None else graph.add("Max", amount, graph.constant(np.float64(floor)))


def _rescaled(margins: Explained, base: Floats, total: Floats, slope: Floats) -> Explained:
    """Effects in proportion to what all of them change the amount; by `slope` where nothing is."""
    away = margins.total - margins.base
    flat = np.abs(away) < _FLAT
    slope = np.where(flat, slope, (total - base) / np.where(flat, 1.0, away))
    return Explained(base, margins.effects * slope, total)


Link: TypeAlias = Straight | Logarithm


def righted(link: Link, margin: Floats, amount: Floats, weight: Floats) -> Link:
    """The link refitted on (n,) margins and amounts: a line by least squares, or a factor."""
    if isinstance(link, Logarithm):
        factor = float(weight @ (amount + link.shift) / (weight @ link.grown(margin)))
        return msgspec.structs.replace(link, factor=factor)
    away = margin - np.average(margin, weights=weight)
    spread = float(weight @ away**2)
    slope = float(weight @ (away * amount)) / spread if spread else 0.0
    scale = slope if slope > 0 else link.scale
    center = float(np.average(amount - scale * margin, weights=weight))
    return Straight(center=center, scale=scale, floor=link.floor)
