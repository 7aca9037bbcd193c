"""The tabular engine: from a table to a compiled, calibrated, explained predictor.

Light: what learns is imported when `TabularClassifier` is asked for, what serves by `load`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkeel.learn.estimator import TabularClassifier
    from twinkeel.learn.predictor import Predictor

__all__ = ["TabularClassifier", "load"]


def load(folder: Path | str) -> Predictor:
    """The classifier saved in `folder`, verified and ready for calls. Raises BundleError."""
    from twinkeel.learn.predictor import Predictor

    return Predictor.open(Path(folder))


def __getattr__(name: str) -> Any:
    if name == "TabularClassifier":
        from twinkeel.learn.estimator import TabularClassifier

        return TabularClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
