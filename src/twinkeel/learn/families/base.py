"""What every family of models does: fit one fold, write itself down, come back, take itself apart.

A fitted model is always read back from the files that it wrote, whether this build fitted it or
an earlier one that was killed; files are the library's own text or JSON, or `.npy`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.linear import Linear
from twinkeel.learn.nets import Nets
from twinkeel.learn.targets import Loss
from twinkeel.learn.trees import Trees

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

Setting = int | float | str | bool
Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Span:
    """Which values of a setting are worth trying."""

    low: float
    high: float
    log: bool = False
    """Whether what counts is the ratio between values."""
    whole: bool = False

    def place(self, value: float) -> float:
        """Where a value lies in the span: 0 at its low end, 1 at its high one."""
        low, high, at = (self._scaled(one) for one in (self.low, self.high, value))
        return (at - low) / (high - low)

    def at(self, place: float) -> Setting:
        """The value at a place, rounded to four digits."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        value = low + place * (high - low)
        value = math.exp(value) if self.log else value
        return round(value) if self.whole else float(f"{value:.4g}")

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


@dataclass(frozen=True)
class Fold:
    """One fold: rows to learn from and rows to stop early on, encoded."""

    X: Matrix
    """(n, F) features; NaN is missing."""
    y: NDArray[Any]
    """(n,) targets as the loss gives them: class numbers from 0, or amounts."""
    weight: Floats
    X_valid: Matrix
    y_valid: NDArray[Any]
    weight_valid: Floats
    loss: Loss
    frame: Linear
    """Fill and range of the F features over all folds, so that linear models can be added up."""

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return self.loss.width


def _without_end() -> float:
    return math.inf


@dataclass(frozen=True)
class Effort:
    """What fitting one fold may use, on one thread."""

    seed: int
    stop: Callable[[], bool]
    """Asked between iterations: whether the time for this fold is over."""
    left: Callable[[], float] = _without_end
    """Seconds that are left for this fold; infinite where no clock runs."""


_USUAL = 16
"""Leaves of a tree whose time the others are told in."""


def slowness(leaves: Sequence[int] | NDArray[Any]) -> int:
    """How many trees of 16 leaves take one row as long as trees of so many leaves: onnxruntime 1.31
    took 40 ns for 16 leaves, 90 for 64."""
    return round(float(np.sqrt(np.asarray(leaves, float) / _USUAL).sum()))


_LONGER = 1.1
"""More rows take more rounds: so many times those of a fold of five."""


def boosted(settings: Settings, rounds: Sequence[float]) -> Settings:
    """The settings of a booster for all rows, from the rounds after which its folds stopped: so
    many rounds, and no patience, as there are no other rows to stop early on."""
    count = max(round(_LONGER * float(np.mean(rounds))), 1)
    kept = {name: value for name, value in settings.items() if name != "patience"}
    return kept | {"iterations": count}


class Unfit(Exception):
    """A family cannot learn from a fold, for instance because none of its features varies."""


class Model(ABC):
    """A fitted model of one fold."""

    @property
    @abstractmethod
    def trees(self) -> int:
        """How many trees a row goes through; 0 for what has none."""

    @property
    def cost(self) -> int:
        """How many trees of 16 leaves take a row as long."""
        return self.trees

    @abstractmethod
    def margin(self, X: Matrix) -> Floats:
        """(n, k) margins, by the library that fitted the model."""

    @abstractmethod
    def parts(self) -> Trees | Linear | Nets:
        """The same function as plain arrays."""


class Family(ABC):
    """A way of learning. Instances hold no state."""

    name: ClassVar[str]
    spans: ClassVar[Mapping[str, Span]] = {}
    """The settings that are moved around a configuration that works; none where it is not worth
    trying."""
    own_losses: ClassVar[bool] = False
    """Whether it can learn a loss of the user's own."""
    by_class: ClassVar[bool] = False
    """Whether it takes longer in proportion to the classes that are told apart."""

    @abstractmethod
    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Learn from `fold` and write the model into `folder`, which is empty. Raises Unfit."""

    @abstractmethod
    def whole(self, settings: Settings, models: Sequence[Model]) -> Settings:
        """Settings to learn from all rows what `models` learned from folds with `settings`, where
        no rows are left to stop early on."""

    @abstractmethod
    def load(self, folder: Path, width: int) -> Model:
        """The model of so many margins that `fit` wrote."""
