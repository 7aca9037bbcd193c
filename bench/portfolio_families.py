"""Families that asked for a place in the package's list: XGBoost and forests. See `portfolio.py`.

Both are taken apart into `Trees` exactly. XGBoost (Chen and Guestrin, 2016) adds leaves up in
single precision: which leaf a row reaches is asked of the library, the leaves are added in double
precision. Forests are extremely randomised trees (Geurts et al., 2006) and random forests (Breiman,
2001), grown by scikit-learn and limited in leaves so that what is compiled stays small. What they
say must add up in margins, so a leaf holds the logarithm of its rows' smoothed share of each class,
or of their mean count, where margins are logarithms; the average over trees is stretched by the one
factor that does best on the fold's other rows. Amounts are averaged as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec
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
from twinkeel.learn.targets import Targets
from twinkeel.learn.trees import LEAF, Trees, joined, stump

_LARGEST = np.finfo(np.float32).max


def finite(X: Matrix) -> Matrix:
    """The same with what is infinite as large as numbers are: both libraries refuse it."""
    return np.clip(X, -_LARGEST, _LARGEST)


_BOOSTER = "model.json"
_BINS = 256
_OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary:logistic", "eval_metric": "logloss"},
    "multiclass": {"objective": "multi:softprob", "eval_metric": "mlogloss"},
    "squared": {"objective": "reg:squarederror", "eval_metric": "rmse"},
    "poisson": {"objective": "count:poisson", "eval_metric": "poisson-nloglik"},
}
"""What it calls each loss."""
_MARGIN_OF_BASE: dict[str, Callable[[Floats], Floats]] = {
    "binary:logistic": lambda base: np.log(base) - np.log1p(-base),
    "multi:softprob": lambda base: base,
    "reg:squarederror": lambda base: base,
    "count:poisson": np.log,
}
"""The file gives where boosting starts as an answer, except for several classes."""


class ExtremeModel(Model):
    """A fitted XGBoost booster, read from its JSON file."""

    def __init__(self, path: Path, width: int) -> None:
        self.path = path
        self.width = width

    @cached_property
    def booster(self) -> Any:
        """XGBoost's own form of it, read once."""
        import xgboost

        return xgboost.Booster({"nthread": 1, "verbosity": 0}, model_file=str(self.path))

    @cached_property
    def _parts(self) -> Trees:
        return parse(self.path.read_bytes(), self.width)

    @property
    def trees(self) -> int:
        """With the tree of one leaf that holds where boosting starts."""
        return len(self._parts)

    def margin(self, X: Matrix) -> Floats:
        """(n, k) sums of the leaves that XGBoost says the rows reach."""
        import xgboost

        grown = self._parts
        leaf = self.booster.predict(xgboost.DMatrix(finite(X), nthread=1), pred_leaf=True)
        at = grown.root[:-1] + leaf.reshape(len(X), -1).astype(np.intp)
        total: Floats = grown.value[grown.root[-1]] + grown.value[at].sum(axis=1)
        return total

    def parts(self) -> Trees:
        """Its trees, from the file."""
        return self._parts


class Extreme(Family):
    """XGBoost on histograms with early stopping, silent."""

    name: ClassVar[str] = "xgboost"
    spans: ClassVar[Mapping[str, Span]] = {
        "learning_rate": Span(0.01, 0.15, log=True),
        "max_depth": Span(2, 10, whole=True),
        "min_child_weight": Span(0.005, 20.0, log=True),
        "subsample": Span(0.5, 1.0),
        "colsample_bynode": Span(0.3, 1.0),
        "reg_lambda": Span(0.01, 20.0, log=True),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Boost until it stops helping on the fold's other rows, or the time is over."""
        import xgboost

        options = dict(settings)
        rounds = int(options.pop("iterations"))
        patience = int(options.pop("patience"))
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
        booster[: booster.best_iteration + 1].save_model(folder / _BOOSTER)

    def load(self, folder: Path, width: int) -> Model:
        """The model in `model.json`."""
        return ExtremeModel(folder / _BOOSTER, width)


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


def parse(text: bytes, width: int) -> Trees:
    """The trees of an XGBoost JSON model, nodes in its order; where it starts is the last tree."""
    learner = msgspec.json.decode(text)["learner"]
    model = learner["gradient_booster"]["model"]
    base = np.array(learner["learner_model_param"]["base_score"].strip("[]").split(","), float)
    start = _MARGIN_OF_BASE[learner["objective"]["name"]](base)
    grown = joined(
        (
            _tree(tree, margin, width)
            for tree, margin in zip(model["trees"], model["tree_info"], strict=True)
        ),
        width,
    )
    total = float(model["trees"][0]["sum_hessian"][0])
    return joined([grown, stump(np.broadcast_to(start, width), total)], width)


def _tree(tree: dict[str, Any], margin: int, width: int) -> Trees:
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    left = np.array(tree["left_children"], dtype=np.int32)
    leaf = left == -1
    value = np.zeros((len(left), width))
    value[leaf, margin] = condition[leaf]
    below = np.nextafter(condition, np.float32(-np.inf))  # it asks x < t, and here x <= t is asked
    return Trees(
        root=np.zeros(1, np.int32),
        feature=np.where(leaf, LEAF, tree["split_indices"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, below.astype(np.float64)),
        left=np.where(leaf, 0, left).astype(np.int32),
        right=np.where(leaf, 0, tree["right_children"]).astype(np.int32),
        missing_left=np.array(tree["default_left"], dtype=bool),
        cover=np.array(tree["sum_hessian"], dtype=np.float64),
        value=value,
    )


_FOLDER = "trees"
_GO = 10
"""Trees grown between two looks at the clock."""
_FACTORS = tuple(np.linspace(0.6, 3.0, 25).tolist())
"""How much the average over trees may be stretched: averages of logarithms are too timid."""
_SMOOTHING = 1.0
"""So many rows of the average kind are added to every leaf."""


@dataclass(frozen=True)
class ForestModel(Model):
    """A grown forest: its arrays are all there is to it."""

    grown: Trees

    @property
    def trees(self) -> int:
        """With the tree of one leaf that holds the average."""
        return len(self.grown)

    def margin(self, X: Matrix) -> Floats:
        """(n, k) from the arrays, which are the model."""
        return self.grown.margin(X)

    def parts(self) -> Trees:
        """The arrays."""
        return self.grown


class Forest(Family):
    """Many deep trees at random, averaged (scikit-learn)."""

    name: ClassVar[str] = "forest"
    spans: ClassVar[Mapping[str, Span]] = {
        "leaves": Span(24, 256, log=True, whole=True),
        "rows": Span(1, 12, log=True, whole=True),
        "features": Span(0.2, 1.0),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Grow as many trees as are asked for, or as there is time for."""
        leaves = _LEAVES[fold.loss.name](fold)
        forest, X = _unfitted(fold, settings, effort), finite(fold.X)
        for count in range(_GO, int(settings["trees"]) + _GO, _GO):
            forest.set_params(n_estimators=min(count, int(settings["trees"])))
            forest.fit(X, fold.y, sample_weight=fold.weight)
            if effort.stop():
                break
        _stretched(fold, leaves, list(_trees(forest, leaves))).save(folder / _FOLDER)

    def load(self, folder: Path, width: int) -> Model:  # noqa: ARG002  # the arrays know it
        """The arrays in `trees`."""
        return ForestModel(Trees.load(lambda name: (folder / name).read_bytes(), _FOLDER))


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


def _trees(forest: Any, leaves: _Leaves) -> Iterator[Trees]:
    for grown in forest.estimators_:
        tree = grown.tree_
        leaf = tree.children_left == -1
        says = leaves.says(tree.value[:, 0, :], tree.weighted_n_node_samples[:, None])
        yield Trees(
            root=np.zeros(1, np.int32),
            feature=np.where(leaf, LEAF, tree.feature).astype(np.int32),
            threshold=np.where(leaf, 0.0, tree.threshold),
            left=np.where(leaf, 0, tree.children_left).astype(np.int32),
            right=np.where(leaf, 0, tree.children_right).astype(np.int32),
            missing_left=tree.missing_go_to_left.astype(bool),
            cover=tree.weighted_n_node_samples.astype(np.float64),
            value=np.where(leaf[:, None], says, 0.0),
        )


def _stretched(fold: Fold, leaves: _Leaves, trees: list[Trees]) -> Trees:
    """The average of the trees on top of the average row, by the factor that does best."""
    mean = joined(trees, fold.width).scaled(1 / len(trees))
    margin = mean.margin(fold.X_valid)
    losses = [leaves.loss(leaves.start + factor * margin) for factor in leaves.factors]
    factor = leaves.factors[int(np.argmin(losses))]
    start = stump(leaves.start, float(mean.cover[0]))
    return joined([mean.scaled(factor), start], fold.width)
