"""What every estimator shares: limits, seed, tables of any sort, explaining, saving, pickling."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    assert_all_finite,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from twinkeel.config import seconds, size, unit
from twinkeel.data.contract import Contract
from twinkeel.data.inference import infer_column, is_named_identifier
from twinkeel.data.table import Table, from_frame
from twinkeel.errors import ConfigError, InputError, TwinkeelError
from twinkeel.learn.engine import Problem, Trained, train
from twinkeel.learn.leaderboard import leaderboard
from twinkeel.learn.objectives.base import Objective
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.preference import Prefer, Preference
from twinkeel.learn.stages import Stages
from twinkeel.metrics.custom import Metric, metric_at
from twinkeel.records import Explanation, Limits, Record, Tick, Workers
from twinkeel.store.bundles import BundleInfo, seal

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # no stubs

Floats = NDArray[np.float64]

AnyMetric = Callable[..., Any] | str | tuple[Callable[..., Any] | str, str] | None
"""A function, or where it is; with "lower" where that is better."""
_LOG = logging.getLogger("twinkeel.learn")
"""Tells what a fit is doing, at level INFO."""
_LEAST_SHARE = 0.2
"""Of the time limit, which is left for learning however long the table takes to read."""


class DataError(InputError, ValueError):
    """Data or parameters that cannot be used: a ValueError too, as scikit-learn has it."""


@dataclass(frozen=True)
class Beside:
    """What comes with the rows of a fit, each (n,) or None, and when it began."""

    weight: Floats | None
    groups: NDArray[Any] | None
    time: NDArray[Any] | None
    began: float
    """`time.monotonic()`."""

    @classmethod
    def of(cls, sample_weight: Any, groups: Any, time: Any, *, began: float) -> Beside:
        """As arrays. Raises DataError."""
        return cls(
            weight=weights(sample_weight),
            groups=None if groups is None else np.asarray(groups),
            time=None if time is None else np.asarray(time),
            began=began,
        )


class TabularEstimator(BaseEstimator):  # type: ignore[misc]  # untyped base
    """An estimator of the engine; its parameters are its constructor's."""

    _kind: ClassVar[str]
    """The kind that its bundles are sealed as."""
    time_limit: float | str | None
    work_limit: int | None
    memory_limit: int | str | None
    workers: Workers
    random_state: int | None
    prefer: Prefer | float
    metric: AnyMetric
    loss: Callable[..., Any] | str | None
    trained_: Trained

    def explain(self, X: Any) -> list[Explanation]:
        """Why each row gets its answer, by column."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        with as_value_error():
            return self._predictor.explain(table.rows(0, len(table)))

    def leaderboard(self) -> pd.DataFrame:
        """What was tried, least loss first: the loss out of fold with its 95% interval, its share
        of the ensemble, its trees, the milliseconds that it adds to one row, judged by its
        size, and the seconds that fitting its folds took."""
        check_is_fitted(self)
        return _frame(leaderboard(self.trained_.card, self.trained_.seconds))

    def frontier(self) -> pd.DataFrame:
        """The ensembles between most accurate and quickest, and which of them answers."""
        check_is_fitted(self)
        return _frame(self.trained_.card.frontier)

    def save(self, folder: Path | str) -> BundleInfo:
        """Write and seal a bundle that `twinkeel.learn.load` serves."""
        check_is_fitted(self)
        self.trained_.write(Path(folder))
        return seal(Path(folder), kind=self._kind, runtime="onnx")

    def _train(
        self, table: Table, target: NDArray[Any], objective: Objective, beside: Beside
    ) -> None:
        """Learn, with what is left of the limit since the fit began; raises DataError."""
        limits, seed, began = self._limits(), self._seed(), beside.began
        problem = Problem(
            table=table,
            target=target,
            objective=objective,
            weight=beside.weight,
            groups=beside.groups,
            time=beside.time,
            preference=self._preference(),
            metric=self._metric(),
            keep=_features(table),
        )
        if limits.time is not None:
            left = max(limits.time - (monotonic() - began), _LEAST_SHARE * limits.time)
            limits = msgspec.structs.replace(limits, time=left)
        stages = Stages(_logged, began=began)
        with as_value_error():
            self.trained_ = train(problem, limits=limits, seed=seed, progress=stages)
        self._predictor = self.trained_.predictor()
        if (late := stages.overrun(self._limits().time)) is not None:
            warnings.warn(late, stacklevel=3)
        _warn_of_identifiers(table, self.trained_.contract)

    def _answers(self, X: Any) -> Floats:
        """(n, m) what the model answers to these rows."""
        check_is_fitted(self)
        table = self._table(X, fitting=False)
        with as_value_error():
            return self._predictor.answers(table.columns, len(table))

    def _target(self, y: Any) -> NDArray[Any]:
        """(n,) the target, every value known. Raises DataError."""
        if y is None:
            name = type(self).__name__
            raise DataError(f"{name} requires y to be passed, but the target y is None.")
        target: NDArray[Any] = column_or_1d(y, warn=True)
        assert_all_finite(target, input_name="y")
        return target

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
            with as_value_error():
                return from_frame(X)
        array = validate_data(
            self,
            X,
            reset=fitting,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2 if fitting else 1,
        )
        with as_value_error():
            return from_frame(array)

    def _limits(self) -> Limits:
        """The limits, checked. Raises DataError."""
        work = self.work_limit
        if work is not None and not (is_number(work, Integral) and work >= 1):
            raise DataError(f"work_limit must be an integer of 1 or more, not {work!r}.")
        if self.workers not in get_args(Workers):
            known = ", ".join(map(repr, get_args(Workers)))
            raise DataError(f"workers must be one of {known}, not {self.workers!r}.")
        memory = self.memory_limit
        return Limits(
            time=_seconds(self.time_limit),
            work=work,
            memory=_bytes(memory),
            memory_unit=unit(memory) if isinstance(memory, str) else "B",
            workers=self.workers,
        )

    def _preference(self) -> Preference:
        """The preference, checked. Raises DataError."""
        prefer = self.prefer
        with as_value_error():
            if isinstance(prefer, str):
                return Preference(prefer).checked()
            if is_number(prefer, Real):
                return Preference(latency_limit=float(prefer)).checked()
        raise DataError(f"prefer must be a word or milliseconds, not {prefer!r}.")

    def _metric(self) -> Metric | None:
        """The user's metric, found and checked. Raises DataError."""
        if self.metric is None:
            return None
        named = self.metric if isinstance(self.metric, tuple) else (self.metric, "higher")
        if len(named) != 2:
            raise DataError(f"metric must be a function and a direction, not {self.metric!r}.")
        function, direction = named
        with as_value_error():
            if isinstance(function, str):
                return metric_at(function, direction)
            return Metric.of(function, direction=direction)

    def _own_loss(self) -> OwnLoss | None:
        """The user's loss, found and tried. Raises DataError."""
        if self.loss is None:
            return None
        with as_value_error():
            return OwnLoss(self.loss).checked()

    def _seed(self) -> int:
        state = self.random_state
        if state is None:
            return int(np.random.default_rng().integers(2**31))
        if not (is_number(state, Integral) and state >= 0):
            raise DataError(f"random_state must be an integer of 0 or more or None, not {state!r}.")
        return int(state)


def _features(table: Table) -> tuple[str, ...]:
    """Numbers that may be a sequence, as of time: who passes them as features means them so, unless
    their name says that they name rows."""
    return tuple(
        name
        for name, column in table.columns.items()
        if column.dtype.kind in "iuf" and not is_named_identifier(name)
    )


def _warn_of_identifiers(table: Table, contract: Contract) -> None:
    """Warn of each column that was left out as an identifier: no answer depends on it."""
    read = {column.name for column in contract.columns}
    for name in table.names:
        if name in read or infer_column(name, table.columns[name]).left_out != "identifier":
            continue
        warnings.warn(
            f"{name} looks like an identifier and was left out: no answer depends on it. To learn "
            "from it, give it another name as numbers, or as values that repeat.",
            stacklevel=4,
        )


def _seconds(limit: float | str | None) -> float | None:
    """A time limit in seconds. Raises DataError."""
    if limit is None:
        return None
    try:
        if isinstance(limit, str):
            return seconds(limit, "time_limit")
        if is_number(limit, Real) and 0 < limit < np.inf:
            return float(limit)
    except ConfigError:
        pass  # told like everything else that is no time
    raise DataError(
        f"time_limit must be seconds, more than 0, or a text such as '2m', not {limit!r}."
    )


def _bytes(limit: int | str | None) -> int | None:
    """A memory limit in bytes. Raises DataError."""
    if limit is None:
        return None
    try:
        if isinstance(limit, str):
            return size(limit, "memory_limit")
        if is_number(limit, Integral) and limit >= 1:
            return int(limit)
    except ConfigError:
        pass  # told like everything else that is no size
    raise DataError(
        "memory_limit must be a whole number of bytes, 1 or more, or a text such as '4 GB', "
        f"not {limit!r}."
    )


def _frame(records: Sequence[Record]) -> pd.DataFrame:
    """One row per record."""
    import pandas as pd

    return pd.DataFrame([msgspec.structs.asdict(one) for one in records])


def _logged(tick: Tick) -> None:
    _LOG.info("%s: %s", tick.stage, tick.detail or "...")


def is_number(value: Any, kind: type) -> bool:
    """Whether this is a number of a kind; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def weights(weight: Any) -> Floats | None:
    """(n,) weights as numbers; raises DataError unless they are one-dimensional."""
    if weight is None:
        return None
    found = np.asarray(weight, dtype=np.float64)
    if found.ndim != 1:
        raise DataError(f"Sample weights must be 1D, not of shape {found.shape}.")
    return found


@contextmanager
def as_value_error() -> Iterator[None]:
    """Turns what is wrong with data or parameters into DataError."""
    try:
        yield
    except TwinkeelError as error:
        if isinstance(error, ValueError) or not 400 <= error.status < 500:
            raise
        raise DataError(str(error)) from None
