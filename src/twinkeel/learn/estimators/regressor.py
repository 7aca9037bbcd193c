"""A regressor for scikit-learn: raw pandas or polars frames or arrays in, intervals out as well.

For training; a saved one is served by `twinkeel.learn.load` without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_consistent_length

from twinkeel.learn.estimators.base import AnyMetric, Beside, DataError, TabularEstimator
from twinkeel.learn.libraries import import_libraries
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.preference import Prefer
from twinkeel.records import Workers

Floats = NDArray[np.float64]


class TabularRegressor(RegressorMixin, TabularEstimator):  # type: ignore[misc]  # untyped base
    """Learns an ensemble of a linear model, LightGBM, CatBoost and nets, with intervals.

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
    interval : the share of rows whose target `predict_interval` is to hold, between 0 and 1.
    sensitive : columns of the table in each of whose groups the interval is to hold that share.
    prefer : "accuracy", "balanced" or "latency": how much more accurate an ensemble must be for
        each tree that a row then takes longer. Or a number: the milliseconds that one row may take
        here, from raw columns; the most accurate ensemble within them is served.
    metric : a function `(y_true, y_score, sample_weight=None)` that gives one number, or where it
        is, as "module:function": what the ensemble is chosen by. `y_score` is what is predicted.
        Higher is better; where lower is, it is a pair,
        `("sklearn.metrics:mean_absolute_error", "lower")`.
    loss : a function `(y_true, raw_score)` that gives the first and the second derivative of each
        row's loss by its raw score, in amounts, or where it is, as "module:function": what LightGBM
        and the nets minimise; linear models and CatBoost are left out.
    random_state : the seed, an integer of 0 or more, or None for a new one in every `fit`.
    """

    _kind: ClassVar[str] = "regressor"

    def __init__(  # noqa: PLR0913  # scikit-learn's parameters are the constructor's
        self,
        *,
        time_limit: float | str | None = None,
        work_limit: int | None = None,
        memory_limit: int | str | None = None,
        workers: Workers = "threads",
        interval: float = 0.9,
        sensitive: tuple[str, ...] = (),
        prefer: Prefer | float = "balanced",
        metric: AnyMetric = None,
        loss: Callable[..., Any] | str | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.time_limit = time_limit
        self.work_limit = work_limit
        self.memory_limit = memory_limit
        self.workers = workers
        self.interval = interval
        self.sensitive = sensitive
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
    ) -> TabularRegressor:
        """Learn from n rows.

        `groups` (n,) keeps rows of one group in one fold; `time` (n,) makes folds go forward.
        Raises DataError, which is a ValueError.
        """
        if not 0 < self.interval < 1:
            raise DataError(f"interval must be between 0 and 1, not {self.interval!r}.")
        import_libraries()
        began = monotonic()
        self._limits()
        self._preference()
        self._metric()
        table = self._table(X, fitting=True)
        target = np.asarray(self._target(y), dtype=np.float64)
        check_consistent_length(X, target, sample_weight, groups, time)
        objective = Amounts(
            interval=self.interval, sensitive=tuple(self.sensitive), own=self._own_loss()
        )
        beside = Beside.of(sample_weight, groups, time, began=began)
        self._train(table, target, objective, beside)
        return self

    def predict(self, X: Any) -> Floats:
        """(n,) the mean expected of each row."""
        return self._answers(X)[:, 0]

    def predict_interval(self, X: Any) -> Floats:
        """(n, 2) low and high ends."""
        return self._answers(X)[:, 1:]
