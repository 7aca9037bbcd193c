"""What a net minimises: for each loss its targets, where margins start, values and slopes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.targets import Loss

Single = NDArray[np.float32]

_RAREST = 1e-6
_HIGHEST = 20.0
"""Margins of a count are cut here: e to that is half a billion times the mean."""


class NetLoss(ABC):
    """How far (n, k) margins are from targets."""

    def targets(self, y: NDArray[Any], width: int) -> Single:  # noqa: ARG002  # classes need it
        """(n, k) what `slope` and `values` compare with."""
        found: Single = y.astype(np.float32)[:, None]
        return found

    @abstractmethod
    def start(self, y: Single, weight: Single) -> Single:
        """(k,) margins before anything is learned of features."""

    @abstractmethod
    def slope(self, margin: Single, y: Single) -> Single:
        """(n, k) the derivative of the values by the margins."""

    @abstractmethod
    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """(n,) losses."""

    def mean(self, margin: Single, y: Single, weight: Single) -> float:
        """The weighted mean of the values."""
        return float(np.average(self.values(margin, y), weights=weight))


class Binary(NetLoss):
    """Log loss of one log-odds."""

    def start(self, y: Single, weight: Single) -> Single:
        """The log-odds of the share."""
        share = np.clip(np.average(y, axis=0, weights=weight), _RAREST, 1 - _RAREST)
        return np.asarray(np.log(share / (1 - share)), np.float32)

    def slope(self, margin: Single, y: Single) -> Single:
        """Probability less what came."""
        found: Single = np.reciprocal(1 + np.exp(-np.clip(margin, -80, 80))) - y
        return found

    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """Minus the logarithm of the probability of what came."""
        found: NDArray[Any] = np.logaddexp(np.float32(0), margin) - y * margin
        return found[:, 0]


class Multiclass(NetLoss):
    """Log loss of one score per class."""

    def targets(self, y: NDArray[Any], width: int) -> Single:
        """(n, k) 1 for the class that came."""
        found: Single = np.eye(width, dtype=np.float32)[y]
        return found

    def start(self, y: Single, weight: Single) -> Single:
        """The logarithms of the shares."""
        share = np.maximum(np.average(y, axis=0, weights=weight), _RAREST)
        return np.asarray(np.log(share), np.float32)

    def slope(self, margin: Single, y: Single) -> Single:
        """Probabilities less what came."""
        raised = np.exp(margin - margin.max(axis=1, keepdims=True))
        found: Single = raised / raised.sum(axis=1, keepdims=True) - y
        return found

    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """Minus the logarithm of the probability of what came."""
        away = margin - margin.max(axis=1, keepdims=True)
        found: Single = np.log(np.exp(away).sum(axis=1)) - (away * y).sum(axis=1)
        return found


class Squared(NetLoss):
    """Half the squared error."""

    def start(self, y: Single, weight: Single) -> Single:
        """The mean."""
        return np.asarray(np.average(y, axis=0, weights=weight), np.float32)

    def slope(self, margin: Single, y: Single) -> Single:
        """The error."""
        return margin - y

    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """Half its square."""
        found: NDArray[Any] = (margin - y)[:, 0] ** 2 / 2
        return found


class Poisson(NetLoss):
    """Poisson deviance of a count through its logarithm, less what does not depend on it."""

    def start(self, y: Single, weight: Single) -> Single:
        """The logarithm of the mean."""
        mean = np.average(y, axis=0, weights=weight)
        return np.asarray(np.log(np.maximum(mean, _RAREST)), np.float32)

    def slope(self, margin: Single, y: Single) -> Single:
        """Expected count less what came."""
        found: Single = np.exp(np.minimum(margin, _HIGHEST)) - y
        return found

    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """Expected count, less what came times its logarithm."""
        found: Single = np.exp(np.minimum(margin, _HIGHEST)) - y * margin
        return found[:, 0]


class Own(NetLoss):
    """What the user wrote."""

    def __init__(self, loss: Loss) -> None:
        self._loss = loss

    def start(self, y: Single, weight: Single) -> Single:
        """The one margin that is best for all rows."""
        return np.array([self._loss.start(y[:, 0], weight)], np.float32)

    def slope(self, margin: Single, y: Single) -> Single:
        """What the user's function says."""
        return self._loss.slopes(y[:, 0], margin[:, 0]).first.astype(np.float32)[:, None]

    def values(self, margin: Single, y: Single) -> NDArray[Any]:
        """How much larger it is than at a margin of 0."""
        return self._loss.rise(y[:, 0], margin[:, 0])


LOSSES: dict[str, NetLoss] = {
    "binary": Binary(),
    "multiclass": Multiclass(),
    "squared": Squared(),
    "poisson": Poisson(),
}
"""By the names that families know them by."""
