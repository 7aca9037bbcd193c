"""What is learned, as every family, fold and ensemble sees it: numbers, weights and a loss.

Owns the border between the engine, which knows no sort of target, and the objectives, which do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.graph import Graph
from twinkeel.learn.own_loss import OwnLoss, Slopes
from twinkeel.metrics.custom import Metric

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Rows = NDArray[np.intp] | NDArray[np.bool_]
_TRUE = (0.5, 0.98)
"""How much of the truth is in answers that a metric is tried on."""


class Explained(NamedTuple):
    """One row's answer taken apart: `base` and `effects` add up to `total`."""

    base: Floats
    """(k,)"""
    effects: Floats
    """(owners, k)"""
    total: Floats
    """(k,)"""


class Head(Protocol):
    """What follows the sum of trees and weights: margins in, answers out."""

    output: ClassVar[str]
    """What the answers are called in the graph ..."""
    margin: ClassVar[str]
    """... and the margins."""

    def outputs(self, margin: Floats, /) -> Floats:
        """(n, m) answers from (n, k) margins."""
        ...

    def emit(self, graph: Graph, margin: str, width: int) -> str:
        """The same in `graph`; returns the name of its value."""
        ...

    def explained(self, margins: Explained) -> Explained:
        """One row's margins taken apart, in the units that explanations are given in."""
        ...


class Loss(ABC):
    """How far margins are from targets, and what the engine must know of the targets."""

    own: OwnLoss | None = None
    """What is minimised instead, where the user wrote it; of one margin a row."""

    @property
    def center(self) -> float:
        """What a margin of 0 is as a raw score of the user's own loss ..."""
        return 0.0

    @property
    def unit(self) -> float:
        """... and how much more of it one more of the margin is."""
        return 1.0

    @property
    @abstractmethod
    def name(self) -> str:
        """What families minimise: `binary`, `multiclass`, `squared` or `poisson`."""

    @property
    @abstractmethod
    def width(self) -> int:
        """k, the number of margins."""

    @abstractmethod
    def learned(self, y: NDArray[Any]) -> NDArray[Any]:
        """(n,) the targets as families are given them."""

    @abstractmethod
    def enough(self, y: NDArray[Any]) -> bool:
        """Whether rows with these targets can be learned from."""

    @abstractmethod
    def strata(self, y: NDArray[Any]) -> Index:
        """(n,) what folds spread evenly: small integers from 0."""

    @abstractmethod
    def indicators(self, y: NDArray[Any]) -> Floats:
        """(n, m) what the statistics of categories and words are made of."""

    @abstractmethod
    def head(self, margin: Floats, targets: Targets, part: Index) -> Head:
        """What makes answers of (n, k) out-of-fold margins; `part` is each row's fold."""

    @abstractmethod
    def uncalibrated(self, margin: Floats, targets: Targets) -> Floats:
        """(n, m) the answers that (n, k) margins give before any calibration."""

    @abstractmethod
    def each(self, outputs: Floats, targets: Targets) -> Floats:
        """(n,) how far the (n, m) answers to each row are from its target."""

    def of(self, outputs: Floats, targets: Targets) -> float:
        """The loss of (n, m) answers: its weighted mean over the rows."""
        return float(targets.weight @ self.each(outputs, targets) / targets.weight.sum())

    def told(self, loss: float) -> str:
        """A loss of all rows as people know it, with its name."""
        return f"loss {loss:.4g}"

    def plain(self, margin: Floats, targets: Targets) -> float:
        """The loss of (n, k) margins before any calibration; of the user's own, how much larger it
        is than that of margins of 0."""
        if self.own is not None:
            learned = self.learned(targets.y)
            return float(np.average(self.rise(learned, margin[:, 0]), weights=targets.weight))
        return self.of(self.uncalibrated(margin, targets), targets)

    def raw(self, margin: NDArray[Any]) -> Floats:
        """Margins, or targets as families are given them, as the user's own loss has them."""
        return np.asarray(self.center + self.unit * margin.astype(np.float64))

    def slopes(self, learned: NDArray[Any], margin: NDArray[Any]) -> Slopes:
        """The derivatives of the user's own loss, over `unit` squared, by (n,) margins."""
        assert self.own is not None  # else nobody asks
        first, second = self.own.slopes(self.raw(learned), self.raw(margin))
        return Slopes(first / self.unit, second)

    def rise(self, learned: NDArray[Any], margin: NDArray[Any]) -> Floats:
        """(n,) how much larger the user's own loss is at these margins than at 0."""
        assert self.own is not None  # else nobody asks
        raw = self.raw(margin)
        return self.own.rise(self.raw(learned), raw, np.full(len(raw), self.center))

    def start(self, learned: NDArray[Any], weight: NDArray[Any]) -> float:
        """The one margin that is best for all rows by the user's own loss."""
        assert self.own is not None  # else nobody asks
        weight = weight.astype(np.float64)
        moved = self.own.shifted(self.raw(learned), weight, self.center, self.unit)
        return (moved - self.center) / self.unit

    def certain(self, y: NDArray[Any]) -> Floats:
        """(n, m) the answers that are right: amounts, as they are."""
        return y.astype(np.float64)[:, None]

    def scores(self, outputs: Floats) -> Floats:
        """What a metric is given of (n, m) answers: amounts, as they are."""
        return outputs[:, 0]

    def minimised(self, margin: Floats, targets: Targets) -> float:
        """What families minimise, of (n, k) margins: never less than 0."""
        return self.plain(margin, targets)


@dataclass(frozen=True)
class Targets:
    """What is to be learned of n rows, and how much each row counts."""

    y: NDArray[Any]
    """(n,) class numbers or amounts, as the loss understands them."""
    weight: Floats
    loss: Loss
    metric: Metric | None = None
    """What the search goes by instead of the loss, where the user wrote one."""

    def judged(self, margin: Floats) -> float:
        """How bad (n, k) margins are by what the search goes by; less is better, and infinity is
        what the user's metric has no value for."""
        if self.metric is None:
            return self.loss.plain(margin, self)
        value = self.number(self.loss.uncalibrated(margin, self))
        if np.isnan(value):
            return np.inf
        return value if self.metric.direction == "lower" else -value

    def measured(self, outputs: Floats) -> float:
        """The user's metric of (n, m) answers. Raises ConfigError where it gives no number."""
        assert self.metric is not None  # else nobody asks
        return self.metric.value(self.y, self.loss.scores(outputs), self.weight)

    def number(self, outputs: Floats) -> float:
        """The same, NaN where it gives none."""
        assert self.metric is not None  # else nobody asks
        return self.metric.number(self.y, self.loss.scores(outputs), self.weight)

    @property
    def defined(self) -> bool:
        """Whether what the search goes by has a value for these rows."""
        if self.metric is None:
            return True
        return any(not np.isnan(self.number(found)) for found in self.plausible())

    def checked(self) -> Targets:
        """The same. Raises ConfigError where the user's metric has no value for any answer."""
        if not self.defined:
            self.measured(next(self.plausible()))
        return self

    def plausible(self) -> Iterator[Floats]:
        """(n, m) answers that models might give, a middling one's first, then a good one's: some of
        the truth, and for the rest half that of another row, half the mean."""
        certain = self.loss.certain(self.y)
        other = np.random.default_rng(0).permutation(certain) + certain.mean(axis=0)
        for share in _TRUE:
            yield share * certain + (1 - share) / 2 * other

    def scale(self, judged: float, margin: Floats) -> float:
        """What shares of `judged` are shares of: the loss itself, or where (n, k) margins have a
        metric, how far they are better than the same mean answer to every row."""
        if self.metric is None:
            return abs(judged)
        found = self.loss.uncalibrated(margin, self)
        mean = np.average(found, axis=0, weights=self.weight)
        away = self.number(found) - self.number(np.tile(mean, (len(found), 1)))
        wide = (abs(one) for one in (away, judged) if np.isfinite(one))
        return next((one for one in wide if one), 1.0)

    def told(self, judged: float) -> str:
        """What `judged` gave, in words."""
        if self.metric is None and self.loss.own is not None:
            return f"{self.loss.own.name} {judged:+.4g} from the start"
        if self.metric is None:
            return self.loss.told(judged)
        value = judged if self.metric.direction == "lower" else -judged
        return f"{self.metric.name} {value:.4g}"

    @property
    def indicators(self) -> Floats:
        """(n, m) what the statistics of categories and words are made of."""
        return self.loss.indicators(self.y)

    def take(self, rows: Rows) -> Targets:
        """The targets of some rows."""
        return replace(self, y=self.y[rows], weight=self.weight[rows])
