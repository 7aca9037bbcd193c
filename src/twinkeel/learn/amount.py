"""Squared and Poisson loss: learning an amount through a link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.links import Link, Logarithm, Straight
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.targets import Floats, Index, Loss, Targets

_STRATA = 20
"""Folds spread so many quantiles of the target evenly."""


@dataclass(frozen=True)
class AmountLoss(Loss):
    """The squared error of amounts; what families minimise is `minimises`, through `link`."""

    link: Link
    minimises: Literal["squared", "poisson"] = "squared"
    middle: float = 0.0
    typical: float = 1.0
    """Median and half the range between the quartiles, which statistics are measured in."""
    own: OwnLoss | None = None

    @property
    def center(self) -> float:
        """What a margin of 0 stands for."""
        return self.link.center if isinstance(self.link, Straight) else 0.0

    @property
    def unit(self) -> float:
        """The amount that one more of the margin stands for."""
        return self.link.scale if isinstance(self.link, Straight) else 1.0

    @property
    def name(self) -> str:
        """`squared` or `poisson`; `own` for the user's."""
        if self.own is not None:
            return "own"
        return self.minimises

    @property
    def width(self) -> int:
        """One margin."""
        return 1

    def learned(self, y: NDArray[Any]) -> NDArray[Any]:
        """The margin of each amount; for counts, amounts against their mean."""
        if self.minimises == "poisson" and isinstance(self.link, Logarithm):
            return y / self.link.scale
        return self.link.learned(y)

    def enough(self, y: NDArray[Any]) -> bool:
        """Whether there are two values."""
        return len(y) > 1 and bool(np.ptp(y) > 0)

    def strata(self, y: NDArray[Any]) -> Index:
        """Quantiles of the target."""
        inner = np.quantile(y, np.arange(1, _STRATA) / _STRATA)
        return np.searchsorted(np.unique(inner), y, side="right").astype(np.intp)

    def indicators(self, y: NDArray[Any]) -> Floats:
        """The target with its tails pulled in, so that no single row is a level's statistic."""
        return np.arcsinh((y - self.middle) / self.typical)[:, None]

    def head(self, margin: Floats, targets: Targets, part: Index) -> Link:  # noqa: ARG002  # one factor needs no folds
        """The link, its mean put right."""
        if isinstance(self.link, Straight):
            return self.link
        raw = self.link.grown(margin)[:, 0]
        factor = float(targets.weight @ (targets.y + self.link.shift) / (targets.weight @ raw))
        return msgspec.structs.replace(self.link, factor=factor)

    def uncalibrated(self, margin: Floats, targets: Targets) -> Floats:
        """The amounts that the margins stand for."""
        return self.head(margin, targets, np.zeros(0, np.intp)).outputs(margin)

    def told(self, loss: float) -> str:
        """The root of the mean squared error, in the target's units."""
        return f"RMSE {loss**0.5:.4g}"

    def each(self, outputs: Floats, targets: Targets) -> Floats:
        """Squared errors of (n, 1) amounts."""
        return np.asarray((targets.y - outputs[:, 0]) ** 2)

    def minimised(self, margin: Floats, targets: Targets) -> float:
        """Squared error or deviance of the margins themselves, which no tail dominates."""
        learned, found = self.learned(targets.y), margin[:, 0]
        if self.minimises == "squared":
            error = (learned - found) ** 2
        else:
            least = learned - learned * np.log(np.where(learned > 0, learned, 1.0))
            error = np.exp(found) - learned * found - least
        return float(np.average(error, weights=targets.weight))

    def through(self, link: Link, minimises: Literal["squared", "poisson"]) -> AmountLoss:
        """The same amounts learned in another way."""
        return replace(self, link=link, minimises=minimises)


def straight(y: Floats, weight: Floats) -> AmountLoss:
    """Squared error on the amounts themselves, centred and scaled. `y` varies."""
    center = float(np.average(y, weights=weight))
    scale = float(np.sqrt(np.average((y - center) ** 2, weights=weight))) or 1.0
    low, middle, high = np.quantile(y, [0.25, 0.5, 0.75])
    typical = float(high - low) / 2 or scale
    link = Straight(center=center, scale=scale, floor=floor(y))
    return AmountLoss(link, "squared", float(middle), typical)


def floor(y: Floats) -> float | None:
    """Below which there is no answer: 0 where no target is negative."""
    return 0.0 if y.min() >= 0 else None
