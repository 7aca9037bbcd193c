"""CatBoost: symmetric gradient boosted trees (Prokhorenkova et al., 2018), on encoded features."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
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
    Unfit,
    boosted,
    slowness,
)
from twinkeel.learn.trees import Trees, joined, oblivious, stump

_FILE = "model.json"
_LOSSES = {
    "binary": "Logloss",
    "multiclass": "MultiClass",
    "squared": "RMSE",
    "poisson": "Poisson",
}
"""What it calls each loss."""


class CatModel(Model):
    """A fitted CatBoost model, read from its JSON file."""

    def __init__(self, path: Path, width: int) -> None:
        self.path = path
        self.width = width

    @cached_property
    def _library(self) -> Any:
        """CatBoost's own form of it, read once."""
        import catboost

        model = catboost.CatBoost()
        model.load_model(str(self.path), format="json")
        return model

    @property
    def trees(self) -> int:
        """CatBoost's own count, and the tree of one leaf that holds the bias."""
        return int(self._library.tree_count_) + 1

    @cached_property
    def cost(self) -> int:
        """By the leaves of its trees."""
        return slowness(self._library.get_tree_leaf_counts())

    def margin(self, X: Matrix) -> Floats:
        """(n, k) CatBoost's own raw values."""
        raw = self._library.predict(X, prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(raw, dtype=np.float64).reshape(len(X), self.width)

    def parts(self) -> Trees:
        """Its trees, from the file."""
        return parse(self.path.read_bytes(), self.width)


class Cat(Family):
    """CatBoost with early stopping, silent, leaving no files of its own."""

    name: ClassVar[str] = "catboost"
    by_class: ClassVar[bool] = True
    spans: ClassVar[Mapping[str, Span]] = {
        "learning_rate": Span(0.02, 0.15, log=True),
        "depth": Span(3, 8, whole=True),
        "l2_leaf_reg": Span(0.5, 30.0, log=True),
        "random_strength": Span(0.2, 5.0, log=True),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Boost until it stops helping on the fold's other rows, or the time is over; without
        `patience`, for as many rounds as are asked for."""
        import catboost

        if not _varies(fold.X):
            raise Unfit
        options = dict(settings)
        patience = options.pop("patience", None)
        valid = catboost.Pool(fold.X_valid, fold.y_valid, weight=fold.weight_valid)
        with tempfile.TemporaryDirectory() as scratch:
            model = catboost.CatBoost(_parameters(fold, effort, scratch) | options)
            model.fit(
                catboost.Pool(fold.X, fold.y, weight=fold.weight),
                eval_set=None if patience is None else valid,
                early_stopping_rounds=patience,
                use_best_model=patience is not None,
                callbacks=[_Deadline(effort)],
                verbose=False,
            )
            model.save_model(str(folder / _FILE), format="json")

    def whole(self, settings: Settings, models: Sequence[Model]) -> Settings:
        """A little longer than the folds' models are boosted on average."""
        return boosted(settings, [one.trees - 1 for one in models])

    def load(self, folder: Path, width: int) -> Model:
        """The model in `model.json`."""
        return CatModel(folder / _FILE, width)


def _varies(X: Matrix) -> bool:
    """Whether any feature has two values; CatBoost refuses to learn otherwise."""
    return any(len(np.unique(column)) > 1 for column in X.T)


def _parameters(fold: Fold, effort: Effort, scratch: str) -> dict[str, Any]:
    return {
        "loss_function": _LOSSES[fold.loss.name],
        "random_seed": effort.seed,
        "thread_count": 1,
        "allow_writing_files": False,
        "train_dir": scratch,
        "logging_level": "Silent",
    }


class _Deadline:
    """Ends boosting when the time is over; the iterations so far are the model."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort

    def after_iteration(self, _: Any) -> bool:
        """Whether to go on."""
        return not self.effort.stop()


def parse(text: bytes, width: int) -> Trees:
    """The trees of a CatBoost JSON model; its bias is one more tree, a single leaf."""
    model = msgspec.json.decode(text)
    scale, bias = model["scale_and_bias"]
    trees = [_tree(tree, width) for tree in model["oblivious_trees"]]
    total = float(sum(model["oblivious_trees"][0]["leaf_weights"])) if trees else 1.0
    root = stump(np.broadcast_to(np.asarray(bias, dtype=np.float64), width), total)
    return joined([joined(trees, width).scaled(float(scale)), root], width)


def _tree(tree: dict[str, Any], width: int) -> Trees:
    splits = tree["splits"] or []
    return oblivious(
        np.array([split["float_feature_index"] for split in splits], dtype=np.intp),
        np.array([split["border"] for split in splits], dtype=np.float32).astype(np.float64),
        np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, width),
        np.asarray(tree["leaf_weights"], dtype=np.float64),
    )
