"""Smooth, monotone maps from uncalibrated log-odds to probabilities.

None at all, or temperature scaling (Guo et al., 2017), for any number of classes; for two also
Platt's line (Platt, 1999) and beta calibration (Kull et al., 2017). Which one is used is decided
out of fold, and the plainer of equal ones is kept. Binning and isotonic maps are refused: they tie
scores and worsen strong models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.graph import LOG_ODDS, PROBABILITIES, Graph
from twinkeel.learn.targets import Explained, Targets
from twinkeel.records import Record

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

_STEEPEST, _FLATTEST = 10.0, 0.1
_SMALLEST = 1e-12
_CELLS, _FEWEST = 50_000, 5_000
"""Margins, and rows, that a map of three numbers at most is fitted to: more tell it nothing."""


class Calibration(Record, frozen=True):
    """`logit(p) = -a softplus(-m) + b softplus(m) + c`.

    a = b is a line, which is Platt's; with c = 0 it is a temperature.
    """

    output: ClassVar[str] = PROBABILITIES
    margin: ClassVar[str] = LOG_ODDS

    a: float
    b: float
    c: float

    @property
    def is_temperature(self) -> bool:
        """Whether it is a plain factor, as it is for more than two classes."""
        return self.a == self.b and self.c == 0.0

    @property
    def name(self) -> str:
        """What it is called in reports."""
        if not self.is_temperature:
            return "Platt" if self.a == self.b else "beta"
        return "none" if self.a == 1.0 else "temperature"

    def outputs(self, margin: Floats) -> Floats:
        """(n, classes) probabilities from (n, 1) log-odds of the second class, or (n, classes)."""
        if margin.shape[1] > 1:
            return softmax(self.a * margin)
        m = margin[:, 0]
        logit = -self.a * softplus(-m) + self.b * softplus(m) + self.c
        second = sigmoid(logit)
        return np.column_stack([1.0 - second, second])

    def emit(self, graph: Graph, margin: str, width: int) -> str:
        """The same in a graph."""
        a, b, c = (graph.constant(np.float64(value)) for value in (self.a, self.b, self.c))
        if width > 1:
            return graph.add("Softmax", graph.add("Mul", margin, a), axis=1)
        if self.is_temperature:
            logit = graph.add("Mul", margin, a)
        else:
            low = graph.add("Mul", _softplus(graph, graph.add("Neg", margin)), a)
            high = graph.add("Mul", _softplus(graph, margin), b)
            logit = graph.add("Add", graph.add("Sub", high, low), c)
        both = graph.add("Concat", graph.add("Neg", logit), logit, axis=1)
        return graph.add("Sigmoid", both)

    def explained(self, margins: Explained) -> Explained:
        """Uncalibrated log-odds, as they are."""
        return margins


UNCALIBRATED = Calibration(a=1.0, b=1.0, c=0.0)


def fit(margin: Floats, targets: Targets, part: NDArray[np.intp]) -> Calibration:
    """The map with the least log loss on (n, k) out-of-fold margins; `part` is each row's fold.

    Of very many rows, some of the common classes are taken and count for all of their class.
    """
    most = max(_CELLS // margin.shape[1], _FEWEST)
    if len(margin) > most:
        few, weight = _thinned(margin, targets, part, most)
        margin, part = margin[few], part[few]
        targets = replace(targets, y=targets.y[few], weight=weight)
    if len(np.unique(part)) < 2:
        return _temperature(margin, targets)
    ways = [_none, _temperature] if margin.shape[1] > 1 else [_none, _temperature, _platt, _beta]
    losses = [_out_of_fold_loss(way, margin, targets, part) for way in ways]
    return ways[int(np.argmin(losses))](margin, targets)


def log_loss(probabilities: Floats, y: NDArray[np.intp], weight: Floats) -> float:
    """Weighted mean of minus the logarithm of the probability of what came."""
    return float(weight @ surprise(probabilities, y) / weight.sum())


def surprise(probabilities: Floats, y: NDArray[np.intp]) -> Floats:
    """(n,) minus the logarithm of the probability of what came."""
    return np.asarray(-np.log(np.maximum(probabilities[np.arange(len(y)), y], _SMALLEST)))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def softmax(x: Floats) -> Floats:
    """Rows of (n, k) scores as probabilities."""
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _thinned(margin: Floats, targets: Targets, part: Index, most: int) -> tuple[Index, Floats]:
    """About `most` rows, and weights that add up to those of all rows of each class.

    Classes have equal shares of them: one of few rows keeps all, and leaves the rest to others. A
    common class is taken at even steps of its weight in the order of its own margins in each fold,
    so that its tail, where it meets a rare one, weighs what it did.
    """
    own = margin[np.arange(len(margin)), targets.y] if margin.shape[1] > 1 else margin[:, 0]
    rows = sorted((np.flatnonzero(targets.y == one) for one in np.unique(targets.y)), key=len)
    few: list[Index] = []
    weights: list[Floats] = []
    for done, mine in enumerate(rows):
        count = (most - sum(len(one) for one in few)) // (len(rows) - done)
        if len(mine) <= count:
            few.append(mine)
            weights.append(targets.weight[mine])
            continue
        ordered = mine[np.lexsort((own[mine], part[mine]))]
        passed = targets.weight[ordered].cumsum()
        each = passed[-1] / count
        few.append(ordered[np.searchsorted(passed, (np.arange(count) + 0.5) * each)])
        weights.append(np.full(count, each))
    return np.concatenate(few), np.concatenate(weights)


def _softplus(graph: Graph, x: str) -> str:
    """log(1 + exp(x)) in double precision and without overflow."""
    zero, one = graph.constant(np.float64(0.0)), graph.constant(np.float64(1.0))
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
    return graph.add(
        "Add", graph.add("Max", x, zero), graph.add("Log", graph.add("Add", small, one))
    )


def _none(margin: Floats, targets: Targets) -> Calibration:  # noqa: ARG001  # as the others
    return UNCALIBRATED


def _temperature(margin: Floats, targets: Targets) -> Calibration:
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]  # no stubs

    def loss(log_factor: float) -> float:
        factor = float(np.exp(log_factor))
        found = Calibration(a=factor, b=factor, c=0.0).outputs(margin)
        return log_loss(found, targets.y, targets.weight)

    bounds = (np.log(_FLATTEST), np.log(_STEEPEST))
    factor = float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    return Calibration(a=factor, b=factor, c=0.0)


def _platt(margin: Floats, targets: Targets) -> Calibration:
    a, c = _logistic(np.column_stack([margin[:, 0], np.ones(len(margin))]), targets)
    return Calibration(a=a, b=a, c=c)


def _beta(margin: Floats, targets: Targets) -> Calibration:
    m = margin[:, 0]
    a, b, c = _logistic(np.column_stack([-softplus(-m), softplus(m), np.ones(len(m))]), targets)
    return Calibration(a=a, b=b, c=c)


def _logistic(X: Floats, targets: Targets) -> list[float]:
    """Weights of (n, k) columns with the least log loss: positive but the last one, a constant."""
    from scipy.optimize import minimize

    y, weight = targets.y, targets.weight / targets.weight.sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logit = X @ parameters
        value = weight @ (softplus(logit) - y * logit)
        return float(value), X.T @ (weight * (sigmoid(logit) - y))

    positive, slopes = (_FLATTEST, _STEEPEST), X.shape[1] - 1
    found = minimize(
        loss,
        np.array([1.0] * slopes + [0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[positive] * slopes + [(-_STEEPEST, _STEEPEST)],
    )
    return [float(value) for value in found.x]


def _out_of_fold_loss(
    way: Callable[[Floats, Targets], Calibration],
    margin: Floats,
    targets: Targets,
    part: NDArray[np.intp],
) -> float:
    """Log loss where each part is mapped by what the other parts taught."""
    total = 0.0
    for fold in np.unique(part):
        other, mine = part != fold, part == fold
        found = way(margin[other], targets.take(other)).outputs(margin[mine])
        weight = targets.weight[mine]
        total += log_loss(found, targets.y[mine], weight) * float(weight.sum())
    return total
