"""A classifier for scikit-learn: raw pandas or polars frames or arrays in.

For training; a saved one is served by `twinkeel.learn.load` without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from twinkeel.data.types import plain
from twinkeel.learn.engine import Problem
from twinkeel.learn.estimators.base import DataError, TabularEstimator, as_value_error, weights
from twinkeel.learn.model import ClassCard
from twinkeel.learn.objectives.classes import Classes
from twinkeel.learn.preference import Prefer

Floats = NDArray[np.float64]
_DECIDE = ("likeliest", "f1")


class TabularClassifier(ClassifierMixin, TabularEstimator):  # type: ignore[misc]  # untyped base
    """Learns a calibrated ensemble of a linear model, LightGBM and CatBoost within a limit.

    Columns may be numbers, texts, booleans or dates, with missing values; a column that looks
    like an identifier or never varies is left out.

    Parameters
    ----------
    time_limit : seconds that `fit` may take, libraries imported; more than 0.
    work_limit : units of a fixed list of work instead, so that the same `random_state` gives the
        same model; one of each family is 3. With neither limit, 5 units.
    memory_limit : bytes; `fit` refuses a table whose estimated need is larger. What it then uses
        is not capped.
    decide : "likeliest" predicts the most probable class, "f1" the positive class from the
        threshold of the best out-of-fold F1.
    costs : true class to predicted class to money; decides instead of `decide`.
    positive : of two classes the one that is looked for; by default the last of `classes_`.
    prefer : "accuracy", "balanced" or "latency": how much more accurate an ensemble must be for
        each tree that a row then takes longer. Or a number: the milliseconds that one row may take
        here, from raw columns; the most accurate ensemble within them is served.
    random_state : the seed, an integer of 0 or more, or None for a new one in every `fit`.
    """

    _kind: ClassVar[str] = "classifier"

    def __init__(  # noqa: PLR0913  # scikit-learn's parameters are the constructor's
        self,
        *,
        time_limit: float | None = None,
        work_limit: int | None = None,
        memory_limit: int | None = None,
        decide: Literal["f1", "likeliest"] = "likeliest",
        costs: Mapping[Any, Mapping[Any, float]] | None = None,
        positive: Any = None,
        prefer: Prefer | float = "balanced",
        random_state: int | None = 0,
    ) -> None:
        self.time_limit = time_limit
        self.work_limit = work_limit
        self.memory_limit = memory_limit
        self.decide = decide
        self.costs = costs
        self.positive = positive
        self.prefer = prefer
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        groups: Any = None,
        time: Any = None,
    ) -> TabularClassifier:
        """Learn from n rows.

        `groups` (n,) keeps rows of one group in one fold; `time` (n,) makes folds go forward.
        Raises DataError, which is a ValueError.
        """
        if self.decide not in _DECIDE:
            raise DataError(f"decide must be 'likeliest' or 'f1', not {self.decide!r}.")
        began = monotonic()
        self._limits()
        preference = self._preference()
        table, labels = self._table(X, fitting=True), self._labels(y)
        check_consistent_length(X, labels, sample_weight, groups, time)
        self.classes_ = np.unique(labels)
        objective = Classes(positive=self._positive(), costs=self._costs(), decide=self.decide)
        self._train(
            Problem(
                table=table,
                target=_texts(labels),
                objective=objective,
                weight=weights(sample_weight),
                groups=None if groups is None else np.asarray(groups),
                time=None if time is None else np.asarray(time),
                preference=preference,
            ),
            began=began,
        )
        return self

    def predict_proba(self, X: Any) -> Floats:
        """(n, classes) calibrated probabilities, in the order of `classes_`."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        with as_value_error():
            found = self._predictor.answers(table.columns, len(table))
        return found[:, self._order()]

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) the class decided for."""
        found = self.predict_proba(X)
        order = self._order()
        back = np.argsort(order)
        chosen = self._card.decision.choose(found[:, back])
        return np.asarray(self.classes_[back[chosen]])

    def _labels(self, y: Any) -> NDArray[Any]:
        if y is None:
            raise DataError("TabularClassifier requires y to be passed, but the target y is None.")
        labels: NDArray[Any] = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        return labels

    @property
    def _card(self) -> ClassCard:
        card = self.trained_.card
        assert isinstance(card, ClassCard)  # Classes made it
        return card

    def _positive(self) -> str | None:
        if len(self.classes_) != 2:
            return None if self.positive is None else plain(self.positive)
        return plain(self.classes_[1] if self.positive is None else self.positive)

    def _costs(self) -> dict[str, dict[str, float]] | None:
        if self.costs is None:
            return None
        return {
            plain(true): {plain(decided): money for decided, money in row.items()}
            for true, row in self.costs.items()
        }

    def _order(self) -> NDArray[np.intp]:
        """(classes,) where each of `classes_` is among the model's."""
        names = self._card.classes
        return np.array([names.index(plain(name)) for name in self.classes_], dtype=np.intp)


def _texts(labels: NDArray[Any]) -> NDArray[np.object_]:
    names, place = np.unique(labels, return_inverse=True)
    return np.array([plain(name) for name in names], dtype=object)[place]
