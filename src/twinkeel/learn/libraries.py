"""The libraries that learning takes: imported at one time, since that takes seconds."""

from __future__ import annotations

import importlib

from twinkeel.errors import MissingExtra

_FITTING = ("catboost", "lightgbm", "sklearn.linear_model", "scipy.optimize")


def import_for_fitting() -> None:
    """Import what fitting a fold needs. Raises MissingExtra."""
    _imported(_FITTING)


def import_libraries() -> None:
    """Import what learning needs, compiling included. Raises MissingExtra."""
    _imported((*_FITTING, "onnx"))


def _imported(libraries: tuple[str, ...]) -> None:
    for library in libraries:
        try:
            importlib.import_module(library)
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or library, "predictors", "Learning") from None
