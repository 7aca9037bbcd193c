"""How far a row's target tends to be from its answer: small trees on out-of-fold residuals.

Learns the logarithm of the residual, fold by fold, so that a row that calibrates an interval had
no part in its own spread.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.amount import AmountLoss
from twinkeel.learn.assemble import Ensemble
from twinkeel.learn.budget import Budget
from twinkeel.learn.encode import Matrix
from twinkeel.learn.families.base import Fold, Model
from twinkeel.learn.families.light import Light, LightModel
from twinkeel.learn.links import Straight
from twinkeel.learn.material import Material
from twinkeel.learn.trees import Trees, joined, oblivious
from twinkeel.learn.workers import Died, Job, Step

Floats = NDArray[np.float64]

_LEAST = 60
"""With fewer rows than these, nothing is learned of spreads."""
_SETTINGS = {
    "iterations": 150,
    "patience": 20,
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.7,
}
_SHARE = 0.08
"""Share of the time kept for finishing that each fold may take."""
_SMALLEST = 0.05
"""Residuals are taken to be at least this share of their median, before their logarithm."""


@dataclass(frozen=True)
class Spread:
    """One model for each fold; what is served is the mean of their logarithms."""

    models: Mapping[int, Model]
    material: Material

    def trees(self) -> Trees:
        """The mean, as trees over all features; one leaf of nothing where there is no model."""
        if not self.models:
            none = np.zeros(0)
            return oblivious(none.astype(np.intp), none, np.zeros((1, 1)), np.ones(1))
        parts = []
        for fold, model in self.models.items():
            part = model.parts()
            assert isinstance(part, Trees)  # they are LightGBM's
            parts.append(part.over(self.material.space.seen(fold)).scaled(1 / len(self.models)))
        return joined(parts, 1)

    def of(self, X: Matrix) -> Floats:
        """(n,) spreads of (n, F) encoded rows, by the library."""
        if not self.models:
            return np.ones(len(X))
        space = self.material.space
        logs = [model.margin(X[:, space.seen(fold)])[:, 0] for fold, model in self.models.items()]
        found: Floats = np.exp(np.mean(logs, axis=0))
        return found

    def out_of_fold(self, ensemble: Ensemble) -> tuple[Floats, NDArray[np.bool_]]:
        """(judged rows,) spreads by the fold that did not see the row, and where there is one."""
        found = np.ones(len(ensemble.rows))
        known = np.isin(ensemble.part, list(self.models))
        for fold, model in self.models.items():
            mine = ensemble.part == fold
            X = self.material.X[np.ix_(ensemble.rows[mine], self.material.space.seen(fold))]
            found[mine] = np.exp(model.margin(X)[:, 0])
        return found, known


def learn(
    material: Material, ensemble: Ensemble, residuals: Floats, *, budget: Budget, step: Step
) -> Spread:
    """Spreads from (judged rows,) absolute residuals; without models where rows are too few."""
    smallest = _SMALLEST * float(np.median(residuals)) + np.finfo(np.float64).tiny
    logs = np.full(len(material.targets.y), np.nan)
    logs[ensemble.rows] = np.log(np.maximum(residuals, smallest))
    learned = {
        fold: split.train[~np.isnan(logs[split.train])]
        for fold, split in enumerate(material.splits[: ensemble.folds])
    }
    jobs = {
        fold: partial(_fold, material, fold, train, logs)
        for fold, train in learned.items()
        if len(train) >= _LEAST and np.ptp(logs[train]) > 0
    }
    digest = hashlib.blake2b(logs.data, digest_size=8).hexdigest()

    def named(key: str, work: Callable[[Path], None]) -> Path:
        return step(f"{key}-{digest}", work)  # another ensemble has other residuals

    return Spread(_fitted(material, jobs, budget, named), material)


def _fitted(
    material: Material, folds: Mapping[int, Callable[[], Fold]], budget: Budget, step: Step
) -> dict[int, LightModel]:
    """The model of each fold that can be learned from; none where the memory does not suffice."""
    size, each = material.workers.size, _SHARE * budget.last
    jobs = [
        Job(
            key=f"spread-fold{fold}",
            family=Light(),
            settings=_SETTINGS,
            fold=data,
            seed=0,
            end=time.monotonic() + each * (i // size + 1),
        )
        for i, (fold, data) in enumerate(folds.items())
    ]
    try:
        folders = material.workers.fit(jobs, step)
    except Died:
        return {}
    return {
        fold: Light().load(folder, 1)
        for fold, folder in zip(folds, folders, strict=True)
        if folder is not None
    }


def _fold(material: Material, number: int, train: NDArray[np.intp], logs: Floats) -> Fold:
    valid, seen = material.splits[number].valid, material.space.seen(number)
    space, weight = material.space, material.targets.weight
    return Fold(
        X=space.training(material.X, material.values, material.targets, train, number),
        y=logs[train],
        weight=weight[train],
        X_valid=material.X[np.ix_(valid, seen)],
        y_valid=logs[valid],
        weight_valid=weight[valid],
        loss=AmountLoss(link=Straight()),
        frame=material.frame.at(seen),
    )
