"""A small, fast model, to see what a way of splitting the rows changes and which labels stand out.

LightGBM with few trees on a few thousand rows: far from the best that can be learned, and always
the same for the same rows and seed. It judges the data, never a version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from twinkeel.checks.scoring import measured
from twinkeel.checks.subject import Floats, Index, Subject
from twinkeel.metrics.measure import Bind

FOLDS = 5
MOST_CELLS = 200_000
"""Rows times columns that a trial learns from; rows are drawn at random from more."""
FEWEST_ROWS = 100
"""On fewer rows a trial says nothing."""
_TREES = 40


@dataclass(frozen=True, eq=False)
class Trial:
    """Out-of-fold predictions on some rows of a subject, in their order."""

    subject: Subject
    """The subject on the trial's rows alone."""
    X: Floats

    @cached_property
    def at_random(self) -> Floats:
        """Predictions under a split at random, where every row is judged once.

        Copies of a row are in one fold, as a split by contents has it.
        """
        copies = np.unique(np.nan_to_num(self.X), axis=0, return_inverse=True)[1].reshape(-1)
        return self.by(
            np.random.default_rng(self.subject.seed).permutation(copies.max() + 1)[copies] % FOLDS
        )

    def by(self, fold: Index) -> Floats:
        """Predictions of each fold's rows, learned from all rows of the other folds."""
        out = np.zeros(_shape(self.subject))
        for one in np.unique(fold):
            judged = fold == one
            out[judged] = self.predict(np.flatnonzero(~judged), np.flatnonzero(judged))
        return out

    def predict(self, learned: Index, judged: Index) -> Floats:
        """Predictions of the rows `judged` by a model of the rows `learned`."""
        y = self.subject.y[learned]
        if len(np.unique(y)) < 2:
            return _constant(self.subject, y, len(judged))
        return _fit_predict(self.subject, self.X[learned], y, self.X[judged])

    def score(self, predictions: Floats) -> Bind:
        """The score of predictions on the trial's rows."""
        return measured(self.subject, predictions)


@lru_cache(maxsize=2)
def trial(subject: Subject) -> Trial | None:
    """A trial on as many rows as are fast; None where there is too little to learn from.

    Several checks ask for the same one; `forget` lets go of them.
    """
    features = subject.learnable
    m = len(subject.y)
    if m < FEWEST_ROWS or not features:
        return None
    most = max(MOST_CELLS // len(features), 1000)
    chosen = np.arange(m)
    if m > most:
        random = np.random.default_rng(subject.seed)
        chosen = np.sort(random.choice(m, most, replace=False))
    small = subject.at(chosen)
    return Trial(small, np.column_stack([one.values for one in small.learnable]))


def forget() -> None:
    """Let go of the trials, and so of their tables."""
    trial.cache_clear()


def _shape(subject: Subject) -> tuple[int, ...]:
    m, k = len(subject.y), len(subject.classes)
    return (m, k) if k > 2 else (m,)


def _constant(subject: Subject, y: Floats, count: int) -> Floats:
    out = np.zeros((count, *_shape(subject)[1:]))
    if out.ndim == 2:
        out[:, int(y[0])] = 1.0
        return out
    return np.full_like(out, y[0])


def _fit_predict(subject: Subject, X: Floats, y: Floats, judged: Floats) -> Floats:
    import lightgbm

    k = len(subject.classes)
    objective = "regression" if k == 0 else "binary" if k == 2 else "multiclass"
    parameters = {
        "objective": objective,
        "learning_rate": 0.15,
        "num_leaves": 15,
        "min_data_in_leaf": max(5, min(20, len(y) // 50)),
        "max_bin": 127,
        "num_threads": 1,
        "seed": subject.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    if k > 2:
        parameters["num_class"] = k
    trees = _TREES if k <= 2 else max(10, 2 * _TREES // k)
    data = lightgbm.Dataset(X, y, params=parameters, free_raw_data=False)
    return np.asarray(lightgbm.train(parameters, data, num_boost_round=trees).predict(judged))
