"""A classifier for scikit-learn: raw pandas or polars frames or arrays in.

For training; a saved one is served by `twinkeel.learn.load` without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from twinkeel.data.types import plain
from twinkeel.learn.estimators.base import (
    AnyMetric,
    Beside,
    DataError,
    TabularEstimator,
    as_value_error,
)
from twinkeel.learn.libraries import import_libraries
from twinkeel.learn.model import ClassCard
from twinkeel.learn.objectives.classes import Classes
from twinkeel.learn.objectives.labels import Costs
from twinkeel.learn.objectives.rules import Rule
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.learn.preference import Prefer
from twinkeel.records import Workers

Floats = NDArray[np.float64]
_REPEATED = 3
"""Where hardly a class occurred twice, scikit-learn would take them for amounts."""
_WISHES = ("costs", "capacity", "precision", "abstain", "review")


class TabularClassifier(ClassifierMixin, TabularEstimator):  # type: ignore[misc]  # untyped base
    """Learns a calibrated ensemble of a linear model, LightGBM, CatBoost and nets within a limit.

    Columns may be numbers, texts, booleans or dates, with missing values. A column that never
    varies is left out, and with a warning one that looks like an identifier: texts that never
    repeat, or whole numbers that never do under a name such as `customer_id`.

    Parameters
    ----------
    time_limit : seconds that `fit` may take, libraries imported; more than 0, or a text as in
        twinkeel.toml: "90s", "2m".
    work_limit : how many candidates are fitted instead, so that the same `random_state` gives the
        same model; one of each family is 4. With neither limit, 5 units.
    memory_limit : bytes for this process and those that learn for it, or a text: "4 GB",
        "512 MiB"; a candidate that goes beyond its part is ended and left out.
    workers : "threads" of this process, "processes" on this machine, or "ray" for the cluster
        that RAY_ADDRESS names, else one on this machine. The same work gives the same model.
    decide : "likeliest" predicts the most probable class, "f1" the positive class from the
        threshold of the best out-of-fold F1. A mapping of a wish to its value decides by that:
        "costs", true class to predicted class to money, less than 0 for a gain; "capacity", the
        largest share of rows predicted positive; "precision", the least share of those that are
        to be so; "abstain", the largest share of wrong predictions (see `abstains`). Beside costs
        may stand a capacity, or "review", what it costs to hand a row to a person.
    coverage : the share of rows whose true class is in `predict_set`, for each class.
    positive : of two classes the one that is looked for; by default the last of `classes_`.
    prefer : "accuracy", "balanced" or "latency": how much more accurate an ensemble must be for
        each tree that a row then takes longer. Or a number: the milliseconds that one row may take
        here, from raw columns; the most accurate ensemble within them is served.
    metric : a function `(y_true, y_score, sample_weight=None)` that gives one number, or where it
        is, as "module:function": what the ensemble is chosen by. `y_true` is 1 for the
        positive class and `y_score` its probability; of more classes, their numbers in the order
        of the model's and (n, classes) probabilities. Higher is better; where lower is, it is a
        pair, `("sklearn.metrics:log_loss", "lower")`.
    loss : a function `(y_true, raw_score)` that gives the first and the second derivative of each
        row's loss by its raw score, in log-odds, or where it is, as "module:function": what
        LightGBM and the nets minimise; linear models and CatBoost are left out.
    random_state : the seed, an integer of 0 or more, or None for a new one in every `fit`.
    """

    _kind: ClassVar[str] = "classifier"

    def __init__(  # noqa: PLR0913  # scikit-learn's parameters are the constructor's
        self,
        *,
        time_limit: float | str | None = None,
        work_limit: int | None = None,
        memory_limit: int | str | None = None,
        workers: Workers = "threads",
        decide: Literal["f1", "likeliest"] | Mapping[str, Any] = "likeliest",
        coverage: float = 0.9,
        positive: Any = None,
        prefer: Prefer | float = "balanced",
        metric: AnyMetric = None,
        loss: Callable[..., Any] | str | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.time_limit = time_limit
        self.work_limit = work_limit
        self.memory_limit = memory_limit
        self.workers = workers
        self.decide = decide
        self.coverage = coverage
        self.positive = positive
        self.prefer = prefer
        self.metric = metric
        self.loss = loss
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        groups: Any = None,
        time: Any = None,
        sensitive: Sequence[str] = (),
    ) -> TabularClassifier:
        """Learn from n rows.

        `groups` (n,) keeps rows of one group in one fold; `time` (n,) makes folds go forward;
        `sensitive` names columns in each of whose groups sets hold their share of each class.
        Raises DataError, which is a ValueError.
        """
        import_libraries()
        began = monotonic()
        if not 0 < self.coverage < 1:
            raise DataError(f"coverage must be between 0 and 1, not {self.coverage!r}.")
        self._limits()
        self._preference()
        self._metric()
        table, (labels, self.classes_) = self._table(X, fitting=True), self._labels(y)
        check_consistent_length(X, labels, sample_weight, groups, time)
        objective = Classes(
            positive=self._positive(),
            rule=self._rule(),
            coverage=self.coverage,
            sensitive=tuple(sensitive),
            own=self._own_loss(),
        )
        beside = Beside.of(sample_weight, groups, time, began=began)
        self._train(table, labels, objective, beside)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """(n, classes) calibrated probabilities, in the order of `classes_`."""
        found = self._answers(X)
        return found[:, self._order()]

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) the class decided for, also where `abstains` leaves the row to a person."""
        found = self.predict_proba(X)
        back = np.argsort(self._order())
        chosen = self._card.decision.choose(found[:, back])
        return np.asarray(self.classes_[back[chosen]])

    def predict_set(self, X: Any) -> NDArray[np.bool_]:
        """(n, classes) which of `classes_` are in the set of each row."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        predictor = self._predictor
        assert isinstance(predictor, ClassPredictor)  # Classes made it
        with as_value_error():
            found = predictor.sets(table.columns, len(table))
        assert found is not None  # Classes made sets
        return np.asarray(found[:, self._order()], dtype=bool)

    def abstains(self, X: Any) -> NDArray[np.bool_]:
        """(n,) whether a row is left to a person, as `decide` may ask for."""
        found = self.predict_proba(X)
        return ~self._card.decision.answers(found[:, np.argsort(self._order())])

    def _labels(self, y: Any) -> tuple[NDArray[np.object_], NDArray[Any]]:
        """(n,) each row's class as a text, and the classes as they were given. Raises DataError.

        They are told apart by hashing: sorting millions of them takes too long.
        """
        import pandas as pd  # type: ignore[import-untyped]  # no stubs

        places, found = pd.factorize(self._target(y), use_na_sentinel=True)
        if (places < 0).any():
            raise DataError(f"y has no class in row {int(np.argmin(places)) + 1}: expected one.")
        check_classification_targets(np.tile(found, _REPEATED))
        names = np.array([plain(name) for name in found], dtype=object)
        return names[places], np.unique(found)

    @property
    def _card(self) -> ClassCard:
        card = self.trained_.card
        assert isinstance(card, ClassCard)  # Classes made it
        return card

    def _positive(self) -> str | None:
        if len(self.classes_) != 2:
            return None if self.positive is None else plain(self.positive)
        return plain(self.classes_[1] if self.positive is None else self.positive)

    def _rule(self) -> Rule:
        """How to decide. Raises DataError."""
        named = self.decide
        if named == "likeliest" or named == "f1":  # noqa: PLR1714  # tells mypy which texts
            rule = Rule(otherwise=named)
        elif isinstance(named, Mapping) and set(named) <= set(_WISHES):
            rule = Rule(otherwise="likeliest", **{**named, "costs": _costs(named.get("costs"))})
        else:
            raise DataError(
                f"decide must be 'likeliest', 'f1' or a mapping of {', '.join(_WISHES)}, "
                f"not {named!r}."
            )
        with as_value_error():
            rule.check(len(self.classes_))
        return rule

    def _order(self) -> NDArray[np.intp]:
        """(classes,) where each of `classes_` is among the model's."""
        names = self._card.classes
        return np.array([names.index(plain(name)) for name in self.classes_], dtype=np.intp)


def _costs(costs: Mapping[Any, Mapping[Any, float]] | None) -> Costs | None:
    if costs is None:
        return None
    return {
        plain(true): {plain(decided): money for decided, money in row.items()}
        for true, row in costs.items()
    }
