"""Families that asked for a place in the package's list: XGBoost and forests. See `portfolio.py`.

What is needed to judge them and no more: they fit a fold and say margins, and are not taken apart.
Forests are extremely randomised trees (Geurts et al., 2006) and random forests (Breiman, 2001),
grown by scikit-learn and limited in leaves so that what is compiled would stay small. What trees
say must add up in margins, so a leaf holds the logarithm of its rows' smoothed share of each class,
or of their mean count, where margins are logarithms; the average over trees is stretched by the one
factor that does best on the fold's other rows. Amounts are averaged as they are.
"""

from __future__ import annotations

import pickle  # of our own models, in a folder of our own
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinkeel.learn.families.base import Effort, Floats, Fold, Matrix, Settings
from twinkeel.learn.targets import Targets

_FILE = "model"
_BINS = 256
_OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary:logistic", "eval_metric": "logloss"},
    "multiclass": {"objective": "multi:softprob", "eval_metric": "mlogloss"},
    "squared": {"objective": "reg:squarederror", "eval_metric": "rmse"},
    "poisson": {"objective": "count:poisson", "eval_metric": "poisson-nloglik"},
}
"""What it calls each loss."""


_LARGEST = np.finfo(np.float32).max


def finite(X: Matrix) -> Matrix:
    """The same with what is infinite as large as numbers are: both libraries refuse it."""
    return np.clip(X, -_LARGEST, _LARGEST)


@dataclass(frozen=True)
class Boosted:
    """A fitted XGBoost booster."""

    booster: Any
    width: int

    @property
    def trees(self) -> int:
        return self.booster.num_boosted_rounds() * self.width

    def margin(self, X: Matrix) -> Floats:
        import xgboost

        rows = xgboost.DMatrix(finite(X), nthread=1)
        found = self.booster.predict(rows, output_margin=True)
        return found.astype(np.float64).reshape(len(X), self.width)


class Extreme:
    """XGBoost on histograms with early stopping, silent."""

    name = "xgboost"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Boost until it stops helping on the fold's other rows, or the time is over."""
        import xgboost

        options = dict(settings)
        rounds, patience = (int(options.pop(name)) for name in ("iterations", "patience"))
        train = xgboost.QuantileDMatrix(
            finite(fold.X),
            fold.y,
            weight=fold.weight,
            max_bin=int(options.get("max_bin", _BINS)),
            nthread=1,
        )
        valid = xgboost.DMatrix(
            finite(fold.X_valid), fold.y_valid, weight=fold.weight_valid, nthread=1
        )
        booster = xgboost.train(
            _parameters(fold, effort) | options,
            train,
            num_boost_round=rounds,
            evals=[(valid, "valid")],
            early_stopping_rounds=patience,
            verbose_eval=False,
            callbacks=[_deadline(effort)],
        )
        booster[: booster.best_iteration + 1].save_model(folder / f"{_FILE}.json")

    def load(self, folder: Path, width: int) -> Boosted:
        import xgboost

        options = {"nthread": 1, "verbosity": 0}
        return Boosted(xgboost.Booster(options, model_file=str(folder / f"{_FILE}.json")), width)


def _parameters(fold: Fold, effort: Effort) -> dict[str, Any]:
    classes = {"num_class": fold.width} if fold.width > 1 else {}
    return (
        _OBJECTIVES[fold.loss.name]
        | classes
        | {"seed": effort.seed, "nthread": 1, "verbosity": 0, "tree_method": "hist"}
    )


def _deadline(effort: Effort) -> Any:
    """Ends boosting when the time is over; the iterations so far are the model."""
    import xgboost

    class Deadline(xgboost.callback.TrainingCallback):
        def after_iteration(self, *_: Any) -> bool:
            return effort.stop()

    return Deadline()


_GO = 10
"""Trees grown between two looks at the clock."""
_FACTORS = tuple(np.linspace(0.6, 3.0, 25).tolist())
"""How much the average over trees may be stretched: averages of logarithms are too timid."""
_SMOOTHING = 1.0
"""So many rows of the average kind are added to every leaf."""


@dataclass(frozen=True)
class Grown:
    """A grown forest: what the leaves of each tree say, averaged and stretched."""

    grown: list[Any]
    """scikit-learn's trees."""
    says: list[Floats]
    """(M, k) of each node."""
    start: Floats
    factor: float = 1.0

    @property
    def trees(self) -> int:
        return len(self.grown)

    def margin(self, X: Matrix) -> Floats:
        X = finite(X)
        told = (says[tree.apply(X)] for tree, says in zip(self.grown, self.says, strict=True))
        return self.start + self.factor * sum(told) / len(self.grown)


class Forest:
    """Many deep trees at random, averaged (scikit-learn)."""

    name = "forest"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Grow as many trees as are asked for, or as there is time for."""
        leaves = _LEAVES[fold.loss.name](fold)
        forest, X = _unfitted(fold, settings, effort), finite(fold.X)
        for count in range(_GO, int(settings["trees"]) + _GO, _GO):
            forest.set_params(n_estimators=min(count, int(settings["trees"])))
            forest.fit(X, fold.y, sample_weight=fold.weight)
            if effort.stop():
                break
        grown = [one.tree_ for one in forest.estimators_]
        says = [
            leaves.says(tree.value[:, 0, :], tree.weighted_n_node_samples[:, None])
            for tree in grown
        ]
        away = Grown(grown, says, np.zeros_like(leaves.start)).margin(fold.X_valid)
        losses = [leaves.loss(leaves.start + factor * away) for factor in leaves.factors]
        found = Grown(grown, says, leaves.start, leaves.factors[int(np.argmin(losses))])
        (folder / _FILE).write_bytes(pickle.dumps(found))

    def load(self, folder: Path, width: int) -> Grown:  # noqa: ARG002  # the trees know it
        return pickle.loads((folder / _FILE).read_bytes())


@dataclass(frozen=True)
class _Leaves:
    """What leaves say, from what scikit-learn keeps of them."""

    start: Floats
    """(k,) the margin of the average row."""
    says: Callable[[Floats, Floats], Floats]
    """(M, k) from (M, m) values of the nodes and their (M, 1) weights, against `start`."""
    loss: Callable[[Floats], float]
    """How bad (n, k) margins are for the fold's other rows."""
    factors: tuple[float, ...] = _FACTORS


def _classes(fold: Fold) -> _Leaves:
    share = np.bincount(fold.y, weights=fold.weight) / fold.weight.sum()

    def logs(share: Floats) -> Floats:
        found = np.log(share)
        if fold.width == 1:
            return found[..., 1:] - found[..., :1]
        return np.asarray(found - found.mean(axis=-1, keepdims=True))

    def says(value: Floats, weight: Floats) -> Floats:
        smooth = (value * weight + _SMOOTHING * share) / (weight + _SMOOTHING)
        return logs(smooth) - logs(share)

    judged = Targets(fold.y_valid, fold.weight_valid, fold.loss)
    return _Leaves(logs(share), says, lambda margin: fold.loss.plain(margin, judged))


def _amounts(fold: Fold) -> _Leaves:
    mean = np.average(fold.y, weights=fold.weight, keepdims=True)
    return _Leaves(mean, lambda value, _: value - mean, lambda _: 0.0, (1.0,))


def _counts(fold: Fold) -> _Leaves:
    mean = np.average(fold.y, weights=fold.weight, keepdims=True)

    def says(value: Floats, weight: Floats) -> Floats:
        smooth = (value * weight + _SMOOTHING * mean) / (weight + _SMOOTHING)
        return np.log(smooth / mean)

    def loss(margin: Floats) -> float:
        found = np.exp(margin[:, 0]) - fold.y_valid * margin[:, 0]
        return float(np.average(found, weights=fold.weight_valid))

    return _Leaves(np.log(mean), says, loss)


_LEAVES: dict[str, Callable[[Fold], _Leaves]] = {
    "binary": _classes,
    "multiclass": _classes,
    "squared": _amounts,
    "poisson": _counts,
}
_CRITERIA = {"squared": "squared_error", "poisson": "poisson"}
"""What scikit-learn calls the losses of amounts."""


def _unfitted(fold: Fold, settings: Settings, effort: Effort) -> Any:
    from sklearn import ensemble

    options: dict[str, Any] = {
        "max_leaf_nodes": int(settings["leaves"]),
        "min_samples_leaf": int(settings["rows"]),
        "max_features": float(settings["features"]),
        "random_state": effort.seed,
        "warm_start": True,
        "n_jobs": 1,
    }
    sort = "ExtraTrees" if settings["random"] else "RandomForest"
    if fold.loss.name in _CRITERIA:
        options["criterion"] = _CRITERIA[fold.loss.name]
        return getattr(ensemble, f"{sort}Regressor")(**options)
    return getattr(ensemble, f"{sort}Classifier")(**options)
