"""L2-regularised linear models: fast, smooth, and different enough from trees to help them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from twinkeel.learn.families.base import (
    Effort,
    Family,
    Floats,
    Fold,
    Matrix,
    Model,
    Settings,
    Span,
)
from twinkeel.learn.linear import Linear

_FOLDER = "weights"
_MAX_CELLS = 10_000_000
"""Rows times features that one fit learns from: a plain function needs no more."""
_NEWTON = 400
"""Up to so many weights, Newton's method is quicker than L-BFGS."""
_GO = 20
"""Iterations of L-BFGS between two looks at the clock."""
_CONSTANT = 1e-9
"""A feature that spreads less says nothing."""


@dataclass(frozen=True)
class RegularisedModel(Model):
    """A fitted linear model: its arrays are all there is to it."""

    linear: Linear

    @property
    def trees(self) -> int:
        """None."""
        return 0

    def margin(self, X: Matrix) -> Floats:
        """(n, k) from the arrays, which are the model."""
        return self.linear.margin(X)

    def parts(self) -> Linear:
        """The arrays."""
        return self.linear


class Regularised(Family):
    """Logistic, least-squares or Poisson regression on standardised features (scikit-learn)."""

    name: ClassVar[str] = "linear"
    spans: ClassVar[Mapping[str, Span]] = {
        "C": Span(0.002, 20.0, log=True),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Fit once; the fold's other rows are not needed."""
        rows, frame = _sample(fold, effort.seed), fold.frame
        gaps = np.flatnonzero(np.isnan(fold.X).any(axis=0))
        X = np.hstack([frame.filled(fold.X[rows]), np.isnan(fold.X[np.ix_(rows, gaps)])])
        X -= np.concatenate([frame.mean, frame.missing_rate[gaps]])
        scale = X.std(axis=0)
        scale[scale < _CONSTANT] = np.inf
        X /= scale
        model = _REGRESSIONS[fold.loss.name](settings, X.shape, fold.width)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # stopping before convergence is a choice here
            _fit(model, X, fold.y[rows], fold.weight[rows], effort)
        weight = np.atleast_2d(model.coef_).T / scale[:, None]
        _unscaled(frame, weight, np.atleast_1d(model.intercept_), gaps).save(folder / _FOLDER)

    def whole(self, settings: Settings, models: Sequence[Model]) -> Settings:  # noqa: ARG002  # none stopped early
        """The same."""
        return settings

    def load(self, folder: Path, width: int) -> Model:  # noqa: ARG002  # the arrays know it
        """The arrays in `weights`."""
        return RegularisedModel(Linear.load(lambda name: (folder / name).read_bytes(), _FOLDER))


def _fit(model: Any, X: Floats, y: np.ndarray, weight: Floats, effort: Effort) -> None:
    """Fit in a few goes, each from where the last one ended, until it converges or time is over."""
    goes = getattr(model, "max_iter", None)
    if getattr(model, "solver", "") != "lbfgs" or goes is None:
        model.fit(X, y, sample_weight=weight)
        return
    model.set_params(warm_start=True, max_iter=_GO)
    for _ in range(0, goes, _GO):
        model.fit(X, y, sample_weight=weight)
        if int(np.max(model.n_iter_)) < _GO or effort.stop():
            break


def _logistic(settings: Settings, shape: tuple[int, int], width: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=float(settings["C"]),
        max_iter=int(settings["iterations"]),
        solver="newton-cholesky" if shape[1] * width <= _NEWTON else "lbfgs",
    )


def _least_squares(settings: Settings, shape: tuple[int, int], width: int) -> Any:  # noqa: ARG001
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0 / float(settings["C"]))


def _poisson(settings: Settings, shape: tuple[int, int], width: int) -> Any:  # noqa: ARG001
    from sklearn.linear_model import PoissonRegressor

    return PoissonRegressor(
        alpha=1.0 / (float(settings["C"]) * shape[0]),
        max_iter=int(settings["iterations"]),
        solver="newton-cholesky" if shape[1] <= _NEWTON else "lbfgs",
    )


_REGRESSIONS: dict[str, Callable[[Settings, tuple[int, int], int], Any]] = {
    "binary": _logistic,
    "multiclass": _logistic,
    "squared": _least_squares,
    "poisson": _poisson,
}
"""An unfitted regression for each loss, from (rows, features) and the number of margins."""


def _sample(fold: Fold, seed: int) -> np.ndarray:
    """All rows, or as many drawn at random as fit into memory."""
    most = max(_MAX_CELLS // max(2 * fold.X.shape[1], 1), 1000)
    if len(fold.y) <= most:
        return np.arange(len(fold.y))
    return np.sort(np.random.default_rng(seed).choice(len(fold.y), most, replace=False))


def _unscaled(frame: Linear, weight: Floats, intercept: Floats, gaps: np.ndarray) -> Linear:
    """The function of the features themselves; `weight` has the F features, then the gaps."""
    features = len(frame.fill)
    missing = np.zeros((features, weight.shape[1]))
    missing[gaps] = weight[features:]
    value = weight[:features]
    return replace(
        frame,
        weight=value,
        missing_weight=missing,
        intercept=intercept - frame.mean @ value - frame.missing_rate @ missing,
    )
