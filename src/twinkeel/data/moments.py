"""When each row is: a date, a year, or a plain number such as a day count, in its own order.

Owns how a column orders rows in time and how its moments are told. A column of anything else, or of
dates that could be read in two ways, orders nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.columns import Array
from twinkeel.data.distinct import distinct
from twinkeel.data.inference import moments_of
from twinkeel.data.types import Unreadable, day_text, number, plain

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """The moments of a column's rows."""

    values: Floats
    """(n,): days since 1970-01-01, or the numbers as they are; NaN where missing or infinite."""
    dated: bool
    """Whether they are dates or years; else they are numbers."""

    def text(self, value: float) -> str:
        """One of them in words: ISO 8601, or the number."""
        return day_text(value) if self.dated else plain(value)

    def told(self, value: float) -> str | float:
        """One of them as it is kept and compared: dates as ISO 8601 texts, numbers as numbers."""
        return day_text(value) if self.dated else value


def moments(cells: Array) -> Moments | None:
    """What orders rows in time in a column; None if it holds neither dates nor numbers."""
    days = moments_of(cells)
    if days is not None:
        return Moments(days, dated=True)
    values = _numbers(cells)
    return None if values is None else Moments(values, dated=False)


def _numbers(cells: Array) -> Floats | None:
    """Shape (n,); None if a cell is no number."""
    if cells.dtype.kind in "iuf":
        values = cells.astype(np.float64)
    elif cells.dtype.kind == "b":
        return None
    else:
        found = distinct(cells)
        try:
            known = [number(cell) for cell in found.cells]
        except Unreadable:
            return None
        values = np.array(known, dtype=np.float64)[found.codes]
    return np.where(np.isfinite(values), values, np.nan)
