"""LightGBM: leaf-wise gradient boosted trees on histograms (Ke et al., 2017)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
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
    boosted,
    slowness,
)
from twinkeel.learn.trees import LEAF, Trees, joined, stump
from twinkeel.store.arrays import array

_FILE, _START = "model.txt", "start.npy"
_LEAVES = re.compile(r"^num_leaves=(\d+)$", re.MULTILINE)
_DEFAULT_LEFT, _MISSING_NAN = 2, 8
"""Bits of LightGBM's `decision_type`."""


class LightModel(Model):
    """A fitted LightGBM booster, read from its text file."""

    def __init__(self, text: str, width: int, start: float | None = None) -> None:
        import lightgbm

        self.text = text
        self.width = width
        self.start = start
        self.booster = lightgbm.Booster(model_str=text)

    @property
    def trees(self) -> int:
        """LightGBM's own count, and with a loss of the user's own the tree of one leaf where
        margins start."""
        return int(self.booster.num_trees()) + (self.start is not None)

    @cached_property
    def cost(self) -> int:
        """By the leaves of its trees."""
        return slowness([int(count) for count in _LEAVES.findall(self.text)])

    def margin(self, X: Matrix) -> Floats:
        """(n, k) LightGBM's own raw scores, from where they start."""
        raw = self.booster.predict(X, raw_score=True, num_threads=1)
        found = np.asarray(raw, dtype=np.float64).reshape(len(X), self.width)
        return found if self.start is None else found + self.start

    def gain(self) -> Floats:
        """(F,) how much the questions about each feature lowered the loss in learning."""
        return np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)

    def parts(self) -> Trees:
        """Its trees, from the file."""
        trees = parse(self.text, self.width)
        if self.start is None:
            return trees
        return joined([trees, stump(np.array([self.start]), 1.0)], self.width)


class Light(Family):
    """LightGBM with early stopping, deterministic and silent."""

    name: ClassVar[str] = "lightgbm"
    own_losses: ClassVar[bool] = True
    by_class: ClassVar[bool] = True
    spans: ClassVar[Mapping[str, Span]] = {
        "learning_rate": Span(0.01, 0.15, log=True),
        "num_leaves": Span(4, 128, log=True, whole=True),
        "min_data_in_leaf": Span(2, 80, log=True, whole=True),
        "feature_fraction": Span(0.2, 1.0),
        "bagging_fraction": Span(0.5, 1.0),
        "lambda_l2": Span(0.01, 30.0, log=True),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Boost until it stops helping on the fold's other rows, or the time is over; without
        `patience`, for as many rounds as are asked for."""
        import lightgbm

        options = dict(settings)
        rounds = int(options.pop("iterations"))
        patience = options.pop("patience", None)
        own = None if fold.loss.own is None else _Own(fold)
        train = lightgbm.Dataset(
            fold.X,
            fold.y,
            weight=fold.weight,
            init_score=None if own is None else np.full(len(fold.y), own.start),
            params=_SILENT,
            free_raw_data=True,
        )
        valid = lightgbm.Dataset(
            fold.X_valid,
            fold.y_valid,
            weight=fold.weight_valid,
            init_score=None if own is None else np.full(len(fold.y_valid), own.start),
            reference=train,
            params=_SILENT,
        )
        early = () if patience is None else (lightgbm.early_stopping(int(patience), verbose=False),)
        booster = lightgbm.train(
            _parameters(fold, effort, own) | options,
            train,
            num_boost_round=rounds,
            valid_sets=[valid] if early else None,
            callbacks=[*early, _Deadline(effort)],
            feval=None if own is None else own.judged,
        )
        if own is not None:
            np.save(folder / _START, np.array([own.start]), allow_pickle=False)
        text = booster.model_to_string(num_iteration=booster.best_iteration)
        (folder / _FILE).write_text(text, encoding="utf-8")

    def whole(self, settings: Settings, models: Sequence[Model]) -> Settings:
        """A little longer than the folds' models are boosted on average."""
        return boosted(
            settings,
            [one.booster.num_trees() / one.width for one in models if isinstance(one, LightModel)],
        )

    def load(self, folder: Path, width: int) -> LightModel:
        """The model in `model.txt`."""
        text, start = (folder / _FILE).read_text(encoding="utf-8"), folder / _START
        return LightModel(text, width, float(array(start)[0]) if start.exists() else None)


class _Own:
    """A loss of the user's own, as LightGBM asks for it."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self.start = fold.loss.start(fold.y, fold.weight)

    def slopes(self, margin: Floats, _: Any) -> tuple[Floats, Floats]:
        """Both derivatives of the rows that are learned from."""
        first, second = self._fold.loss.slopes(self._fold.y, margin)
        return first * self._fold.weight, second * self._fold.weight

    def judged(self, margin: Floats, _: Any) -> tuple[str, float, bool]:
        """The mean over the rows that judge; less is better."""
        rise = self._fold.loss.rise(self._fold.y_valid, margin)
        return "own", float(np.average(rise, weights=self._fold.weight_valid)), False


_SILENT: dict[str, Any] = {"verbosity": -1}
_OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary", "metric": "binary_logloss"},
    "multiclass": {"objective": "multiclass", "metric": "multi_logloss"},
    "squared": {"objective": "regression", "metric": "l2"},
    "poisson": {"objective": "poisson", "metric": "poisson"},
}
"""What it calls each loss."""


def _parameters(fold: Fold, effort: Effort, own: _Own | None) -> dict[str, Any]:
    classes = {"num_class": fold.width} if fold.width > 1 else {}
    return (
        ({"objective": own.slopes, "metric": "none"} if own else _OBJECTIVES[fold.loss.name])
        | classes
        | {
            "seed": effort.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "feature_pre_filter": False,
            **_SILENT,
        }
    )


class _Deadline:
    """Ends boosting when the time is over; the iterations so far are the model."""

    order = 40
    before_iteration = False

    def __init__(self, effort: Effort) -> None:
        self.effort = effort

    def __call__(self, env: Any) -> None:
        if self.effort.stop():
            import lightgbm

            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)


def parse(text: str, width: int) -> Trees:
    """The trees of a LightGBM model file, of which every `width`th belongs to the same margin."""
    blocks = text.split("\nTree=")[1:]
    trees = [_tree(block.split("\n\n")[0], i % width, width) for i, block in enumerate(blocks)]
    return joined(trees, width)


def _tree(block: str, margin: int, width: int) -> Trees:
    lines = dict(line.split("=", 1) for line in block.splitlines()[1:] if "=" in line)
    leaf_value = _numbers(lines, "leaf_value", float)
    leaves = len(leaf_value)
    inner = leaves - 1
    decision = _numbers(lines, "decision_type", int)
    threshold = _numbers(lines, "threshold", float)
    value = np.zeros((inner + leaves, width))
    value[inner:, margin] = leaf_value
    none = np.zeros(leaves)
    return Trees(
        root=np.zeros(1, np.int32),
        feature=np.concatenate([_numbers(lines, "split_feature", int), none + LEAF]).astype(
            np.int32
        ),
        threshold=np.concatenate([threshold, none]),
        left=np.concatenate([_child(lines, "left_child", inner), none]).astype(np.int32),
        right=np.concatenate([_child(lines, "right_child", inner), none]).astype(np.int32),
        missing_left=np.concatenate([_missing_left(decision, threshold), none]).astype(bool),
        cover=np.concatenate(
            [_numbers(lines, "internal_count", float), _numbers(lines, "leaf_count", float)]
            if inner
            else [np.ones(1)]
        ),
        value=value,
    )


def _missing_left(decision: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Where a missing value goes; where none was seen in learning, LightGBM takes it for 0."""
    seen = (decision & _MISSING_NAN) != 0
    return np.where(seen, (decision & _DEFAULT_LEFT) != 0, threshold >= 0)


def _child(lines: dict[str, str], key: str, inner: int) -> np.ndarray:
    """Positions of children: leaves, which the file numbers from -1 down, follow inner nodes."""
    child = _numbers(lines, key, int)
    return np.where(child < 0, inner - child - 1, child)


def _numbers(lines: dict[str, str], key: str, kind: type) -> np.ndarray:
    return np.array(lines.get(key, "").split(), dtype=kind)
