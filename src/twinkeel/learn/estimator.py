"""The engine as a scikit-learn estimator: raw pandas or polars frames or arrays in.

For training; a saved one is served by `twinkeel.learn.load` without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from twinkeel.data.table import Table, from_frame
from twinkeel.data.types import plain
from twinkeel.errors import InputError, TwinkeelError
from twinkeel.learn.classifier import Problem, train
from twinkeel.records import Explanation, Limits
from twinkeel.store.bundles import BundleInfo, seal

Floats = NDArray[np.float64]
_DECIDE = ("likeliest", "f1")


class DataError(InputError, ValueError):
    """Data or parameters that cannot be used: a ValueError too, as scikit-learn has it."""


class TabularClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped bases
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
    random_state : the seed, an integer of 0 or more, or None for a new one in every `fit`.
    """

    def __init__(  # noqa: PLR0913  # scikit-learn's parameters are the constructor's
        self,
        *,
        time_limit: float | None = None,
        work_limit: int | None = None,
        memory_limit: int | None = None,
        decide: Literal["f1", "likeliest"] = "likeliest",
        costs: Mapping[Any, Mapping[Any, float]] | None = None,
        positive: Any = None,
        random_state: int | None = 0,
    ) -> None:
        self.time_limit = time_limit
        self.work_limit = work_limit
        self.memory_limit = memory_limit
        self.decide = decide
        self.costs = costs
        self.positive = positive
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
        seed = self._seed()
        limits = self._limits()
        table, labels = self._table(X, fitting=True), self._labels(y)
        check_consistent_length(X, labels, sample_weight, groups, time)
        self.classes_ = np.unique(labels)
        problem = Problem(
            table=table,
            labels=_texts(labels),
            weight=None if sample_weight is None else _weights(sample_weight),
            groups=None if groups is None else np.asarray(groups),
            time=None if time is None else np.asarray(time),
            positive=self._positive(),
            costs=self._costs(),
            decide=self.decide,
        )
        with _as_value_error():
            self.trained_ = train(problem, limits=limits, seed=seed)
        self._predictor = self.trained_.predictor()
        return self

    def predict_proba(self, X: Any) -> Floats:
        """(n, classes) calibrated probabilities, in the order of `classes_`."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        with _as_value_error():
            found, _ = self._predictor.probabilities(table.columns, len(table))
        return found[:, self._order()]

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) the class decided for."""
        found = self.predict_proba(X)
        order = self._order()
        back = np.argsort(order)
        chosen = self.trained_.card.decision.choose(found[:, back])
        return np.asarray(self.classes_[back[chosen]])

    def explain(self, X: Any) -> list[Explanation]:
        """Why each row gets its log-odds, by column."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        with _as_value_error():
            return self._predictor.explain(table.rows(0, len(table)))

    def save(self, folder: Path | str) -> BundleInfo:
        """Write and seal a bundle that `twinkeel.learn.load` serves."""
        check_is_fitted(self)
        self.trained_.write(Path(folder))
        return seal(Path(folder), kind="classifier", runtime="onnx")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_predictor"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "trained_" in state:
            self._predictor = state["trained_"].predictor()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _table(self, X: Any, *, fitting: bool) -> Table:
        """Frames as they are, anything else as an array that scikit-learn has checked."""
        if hasattr(X, "columns") and hasattr(X, "shape"):
            validate_data(self, X, reset=fitting, skip_check_array=True)
            with _as_value_error():
                return from_frame(X)
        array = validate_data(
            self,
            X,
            reset=fitting,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2 if fitting else 1,
        )
        with _as_value_error():
            return from_frame(array)

    def _labels(self, y: Any) -> NDArray[Any]:
        if y is None:
            raise DataError("TabularClassifier requires y to be passed, but the target y is None.")
        labels: NDArray[Any] = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        return labels

    def _limits(self) -> Limits:
        """The limits, checked, and `decide` beside them. Raises DataError."""
        if self.decide not in _DECIDE:
            raise DataError(f"decide must be 'likeliest' or 'f1', not {self.decide!r}.")
        time = self.time_limit
        if time is not None and not (_is(time, Real) and 0 < time < np.inf):
            raise DataError(f"time_limit must be seconds, more than 0, not {time!r}.")
        for name in ("work_limit", "memory_limit"):
            limit = getattr(self, name)
            if limit is not None and not (_is(limit, Integral) and limit >= 1):
                raise DataError(f"{name} must be an integer of 1 or more, not {limit!r}.")
        return Limits(time=time, work=self.work_limit, memory=self.memory_limit)

    def _seed(self) -> int:
        state = self.random_state
        if state is None:
            return int(np.random.default_rng().integers(2**31))
        if not (_is(state, Integral) and state >= 0):
            raise DataError(f"random_state must be an integer of 0 or more or None, not {state!r}.")
        return int(state)

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
        names = self.trained_.card.classes
        return np.array([names.index(plain(name)) for name in self.classes_], dtype=np.intp)


def _is(value: Any, kind: type) -> bool:
    """Whether this is a number of a kind; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _texts(labels: NDArray[Any]) -> NDArray[np.object_]:
    names, place = np.unique(labels, return_inverse=True)
    return np.array([plain(name) for name in names], dtype=object)[place]


def _weights(weight: Any) -> Floats:
    found = np.asarray(weight, dtype=np.float64)
    if found.ndim != 1:
        raise DataError(f"Sample weights must be 1D, not of shape {found.shape}.")
    return found


@contextmanager
def _as_value_error() -> Iterator[None]:
    try:
        yield
    except TwinkeelError as error:
        if isinstance(error, ValueError) or not 400 <= error.status < 500:
            raise
        raise DataError(str(error)) from None
