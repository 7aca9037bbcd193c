"""A metric that the user wrote, as `metric = "module:function"` names it.

Owns how it is called, what it must give, and how its interval is found: on resampled cases, like
every other score's. It is called as scikit-learn's metrics are, `function(y_true, y_score,
sample_weight=...)`; one that takes no `sample_weight` is given each row as often as it was drawn.
Where it has no value, as a ranking has none without two classes, it is undefined; refuses what
gives no number at all, and tells whatever it raises in one sentence.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel import plugins
from twinkeel.errors import ConfigError
from twinkeel.metrics.measure import Bind, Measure, Statistic
from twinkeel.records import Direction
from twinkeel.stats.bootstrap import Floats, Indices

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""What a gate can be written for."""


_NO_VALUE = (ValueError, ArithmeticError, AssertionError, IndexError)
"""What functions raise for rows or answers on which they have no value."""


class _NoNumber(Exception):
    """The function gave no number for these rows; the text says what it did."""


class _Undefined(_NoNumber):
    """It did so as functions do that have no value here."""


@dataclass(frozen=True)
class Metric:
    """A function of the truth, what was answered, and weights; and which way is better."""

    name: str
    """What its score is called."""
    where: str
    """What errors call it, as `[components.churn] metric 'money:profit'`."""
    function: Callable[..., Any]
    direction: Direction = "higher"
    weighs: bool = True
    """Whether it takes `sample_weight`."""

    @classmethod
    def of(cls, function: Any, *, name: str | None = None, direction: str = "higher") -> Metric:
        """The metric that a function is, by its own name or that of an import path.

        Raises ConfigError where it cannot be one.
        """
        path: str = name or str(getattr(function, "__name__", function))
        where = f"metric {path!r}"
        if direction not in ("higher", "lower"):
            raise ConfigError(f"{where}: 'higher' or 'lower' is better, not {direction!r}.")
        if hasattr(function, "_score_func"):
            raise ConfigError(
                f"{where} is a scorer of scikit-learn, which takes an estimator: give the function "
                "of y_true and y_score that it was made of."
            )
        short = path.rpartition(":")[2]
        if not callable(function):
            raise ConfigError(f"{where} is a {type(function).__name__}: expected a function.")
        if not _NAME.fullmatch(short):
            raise ConfigError(
                f"{where} has no name that a score can have: define it with def, under a name that "
                "begins with a letter."
            )
        better: Direction = "lower" if direction == "lower" else "higher"
        return cls(short, where, function, better, _takes_weights(function))

    def value(self, truth: NDArray[Any], score: Floats, weight: Floats) -> float:
        """What it is on n rows. Raises ConfigError where it gives no finite number.

        What it is given is told at `number`.
        """
        try:
            return self._counted(truth, score, weight)
        except _NoNumber as error:
            raise self._refused(error, len(truth)) from None

    def number(self, truth: NDArray[Any], score: Floats, weight: Floats) -> float:
        """What it is on n rows, NaN where it gives no finite number.

        `truth` is (n,) 1 for the positive one of two classes and 0 for the other, class numbers
        from 0, or amounts; `score` is (n,) probabilities of the positive class, (n, classes), or
        (n,) amounts. Raises ConfigError for weights that it does not take.
        """
        try:
            return self._counted(truth, score, weight)
        except _NoNumber:
            return np.nan

    def measure(
        self,
        truth: NDArray[Any],
        score: Floats,
        weight: Sequence[float] | None,
        among: NDArray[np.bool_] | None = None,
    ) -> Measure:
        """The same as a score of n cases, or of those `among` them, which may be undefined.

        Raises ConfigError where it gives for all of these what no metric gives.
        """
        own = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=np.float64)
        rows = np.arange(len(truth)) if among is None else np.flatnonzero(among)
        try:
            self._counted(truth[rows], score[rows], own[rows])
        except _Undefined:
            pass  # which the score says
        except _NoNumber as error:
            raise self._refused(error, len(rows)) from None
        unit = 1.0 if self.weighs else float(own.max(initial=0.0)) or 1.0
        return Measure(self.name, self.direction, self._on(truth, score, unit), among=among)

    def _on(self, truth: NDArray[Any], score: Floats, unit: float) -> Bind:
        """With weights of which `unit` is one row's."""

        def bind(cases: Indices) -> Statistic:
            own, answered = truth[cases], score[cases]
            return lambda weights: np.array(
                [self._or_none(own, answered, one / unit) for one in weights]
            )

        return bind

    def _or_none(self, truth: NDArray[Any], score: Floats, weight: Floats) -> float:
        try:
            return self._called(truth, score, weight)
        except _NoNumber:
            return np.nan

    def _counted(self, truth: NDArray[Any], score: Floats, weight: Floats) -> float:
        """Its number on rows with weights of their own; raises _NoNumber, and ConfigError for
        weights that it does not take."""
        if self.weighs:
            return self._called(truth, score, weight)
        if np.ptp(weight):
            raise ConfigError(
                f"{self.where} takes no sample_weight, and the rows have weights: add the argument."
            )
        return self._called(truth, score, np.ones(len(weight)))

    def _refused(self, error: _NoNumber, rows: int) -> ConfigError:
        return ConfigError(
            f"{self.where} {error} for {rows:,} rows; it must give one finite number for "
            "(y_true, y_score), as metrics of scikit-learn do."
        )

    def _called(self, truth: NDArray[Any], score: Floats, weight: Floats) -> float:
        """The function's number on the rows that count; raises _NoNumber."""
        there = np.flatnonzero(weight > 0)
        if self.weighs:
            extra = {"sample_weight": weight[there]}
        else:
            there, extra = np.repeat(there, np.rint(weight[there]).astype(np.intp)), {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a resample may well lack a class
                found = self.function(truth[there], score[there], **extra)
        except Exception as error:
            text = " ".join(str(error).split())
            sort = _Undefined if isinstance(error, _NO_VALUE) else _NoNumber
            raise sort(f"raised {type(error).__name__}: {text.rstrip('.')},") from error
        return _number(found)


def metric_at(path: str, direction: str, root: Path | None = None) -> Metric:
    """The metric that an import path names, from the project's folder `root` or installed.

    Raises ConfigError.
    """
    try:
        found = plugins.function(path, root)
    except ConfigError as error:
        raise ConfigError(f"metric {error}") from None
    return Metric.of(found, name=path, direction=direction)


def _number(found: Any) -> float:
    """What came as a number; raises _NoNumber, or _Undefined where it is not finite."""
    if np.ndim(found) != 0 or found is None:
        raise _NoNumber(f"gave {_what(found)}")
    try:
        number = float(found)
    except (TypeError, ValueError):
        raise _NoNumber(f"gave {_what(found)}") from None
    if not np.isfinite(number):
        raise _Undefined(f"gave {number}")
    return number


def _what(found: Any) -> str:
    if found is None:
        return "None"
    shape = np.shape(found)
    return f"an array of shape {shape}" if shape else f"a {type(found).__name__}"


def _takes_weights(function: Any) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
