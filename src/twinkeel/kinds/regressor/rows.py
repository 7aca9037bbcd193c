"""The regressor's target: numbers, as the contract reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.data.inference import infer_column
from twinkeel.errors import ConfigError, InputError
from twinkeel.kinds.base import Task
from twinkeel.kinds.regressor.kind import RegressorOptions
from twinkeel.kinds.tabular.rows import Target

_AMOUNTS = ("number", "integer", "boolean")
_FEWEST = 20
"""With fewer rows there is nothing to learn and nothing to judge."""


def amounts(task: Task[RegressorOptions], column: NDArray[Any]) -> Target:
    """The amount of each row, and which rows have one.

    Raises ConfigError for an interval that is no share, InputError for a target that is not a
    number or does not vary.
    """
    options, name = task.options, task.component
    if not 0 < options.interval < 1:
        raise ConfigError(
            f"[components.{name}] interval must be between 0 and 1, not {options.interval:g}."
        )
    values = _read(task, column)
    keep = np.isfinite(values)
    found = values[keep]
    if len(found) < _FEWEST:
        raise InputError(
            f"{name}: {len(found)} rows have the target {options.target!r}; a regressor needs "
            f"{_FEWEST} or more."
        )
    if np.ptp(found) == 0:
        raise InputError(
            f"{name}: the target {options.target!r} is {found[0]:g} in all rows; a regressor "
            "needs one that varies."
        )
    left_out = int((~keep).sum())
    notes = (f"{left_out:,} rows without {options.target} were left out.",) if left_out else ()
    return Target(found, keep, notes)


def _read(task: Task[RegressorOptions], column: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) amounts as the contract reads numbers, NaN where there is none."""
    if column.dtype.kind in "iuf":
        return column.astype(np.float64)
    name = task.options.target
    found = infer_column(name, column).column
    if found is None or found.type not in _AMOUNTS:
        what = "is left out as an identifier or never varies" if found is None else "does not"
        raise InputError(
            f"{task.component}: the target {name!r} must hold numbers, and it {what}; choose "
            "another target, or the kind classifier."
        )
    return Contract(columns=(found,)).read({name: column}, len(column)).values[name]
