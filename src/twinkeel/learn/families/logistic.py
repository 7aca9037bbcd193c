"""Multinomial logistic regression: fast, smooth, and different enough from trees to help them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from twinkeel.learn.families.base import Effort, Family, Floats, Fold, Matrix, Model, Settings
from twinkeel.learn.linear import Linear

_MAX_CELLS = 40_000_000
"""Rows times features that one fit may hold in double precision."""


@dataclass(frozen=True)
class LogisticModel(Model):
    """A fitted logistic regression: its arrays are all there is to it."""

    linear: Linear

    def margin(self, X: Matrix) -> Floats:
        return self.linear.margin(X)

    def parts(self) -> Linear:
        return self.linear


class Logistic(Family):
    """L2-regularised logistic regression on standardised features (scikit-learn, L-BFGS)."""

    name: ClassVar[str] = "linear"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        from sklearn.linear_model import LogisticRegression

        frame = fold.frame
        rows = _sample(fold, effort.seed)
        X = np.hstack([frame.filled(fold.X[rows]), np.isnan(fold.X[rows])])
        mean = np.concatenate([frame.mean, frame.missing_rate])
        scale = X.std(axis=0)
        scale[scale < 1e-12] = np.inf  # a constant feature says nothing
        model = LogisticRegression(C=float(settings["C"]), max_iter=int(settings["iterations"]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # stopping before convergence is a choice here
            model.fit((X - mean) / scale, fold.y[rows], sample_weight=fold.weight[rows])
        _unscaled(frame, model.coef_, model.intercept_, scale).save(folder)

    def load(self, folder: Path, classes: int) -> Model:
        return LogisticModel(Linear.load(folder))


def _sample(fold: Fold, seed: int) -> np.ndarray:
    """All rows, or as many drawn at random as fit into memory."""
    most = max(_MAX_CELLS // max(2 * fold.X.shape[1], 1), 1000)
    if len(fold.y) <= most:
        return np.arange(len(fold.y))
    return np.sort(np.random.default_rng(seed).choice(len(fold.y), most, replace=False))


def _unscaled(frame: Linear, coef: Floats, intercept: Floats, scale: Floats) -> Linear:
    """Weights of the standardised features as weights of the features themselves."""
    weight = coef.T / scale[:, None]
    features = len(frame.fill)
    value, missing = weight[:features], weight[features:]
    return replace(
        frame,
        weight=value,
        missing_weight=missing,
        intercept=intercept - frame.mean @ value - frame.missing_rate @ missing,
    )
