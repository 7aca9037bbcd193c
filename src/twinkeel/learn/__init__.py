"""The tabular engine: from a table to a compiled, checked, explained predictor.

Light: what learns is imported when an estimator is asked for, what serves by `load`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkeel.learn.estimators.classifier import TabularClassifier
    from twinkeel.learn.estimators.regressor import TabularRegressor
    from twinkeel.learn.predictors.base import Predictor

__all__ = ["TabularClassifier", "TabularRegressor", "load"]


def load(folder: Path | str) -> Predictor[Any]:
    """The model saved in `folder`, verified and ready for calls. Raises BundleError."""
    from twinkeel.learn.predictors.opening import opened

    return opened(Path(folder))


def __getattr__(name: str) -> Any:
    if name == "TabularClassifier":
        from twinkeel.learn.estimators.classifier import TabularClassifier

        return TabularClassifier
    if name == "TabularRegressor":
        from twinkeel.learn.estimators.regressor import TabularRegressor

        return TabularRegressor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
