"""What an answer may cost: how the user weighs accuracy against the time that a row takes.

Light: kinds and estimators read it. Owns the words and their prices; the choice is `frontier`'s.
"""

from __future__ import annotations

from typing import Literal

from twinkeel.errors import InputError
from twinkeel.records import Record

Prefer = Literal["accuracy", "balanced", "latency"]

PRICES: dict[Prefer, float] = {"accuracy": 2e-7, "balanced": 2e-6, "latency": 1e-4}
"""The share of the loss that one more tree must gain: a thousand trees 0.02%, 0.2% or 10%."""

MOST: dict[Prefer, int] = {"accuracy": 25_000, "balanced": 9_000, "latency": 9_000}
"""How many trees of 16 leaves an ensemble may be as slow as, unless nothing is quicker. On two
processors 9,000 leave room for 10,000 rows/s and for one row within 1 ms, 25,000 for one row within
3 ms."""

PER_TREE = 4e-5
"""Milliseconds that one tree of 16 leaves adds to one row: onnxruntime 1.31 on one thread took 30
to 50 ns; of many rows at once it took half of that for each."""


class Preference(Record, frozen=True):
    """Which point between accuracy and latency is served."""

    prefer: Prefer = "balanced"
    latency_limit: float | None = None
    """Milliseconds that one row may take, from raw columns, on the machine that learns: the most
    accurate point within them is served, whatever `prefer` says."""

    @property
    def price(self) -> float:
        """The share of the loss that one more tree must gain, for a search to go on; under a limit
        in milliseconds the most accurate is looked for first."""
        return PRICES[self.prefer if self.latency_limit is None else "accuracy"]

    def checked(self) -> Preference:
        """The same; raises InputError where a value is none that may be given."""
        if self.prefer not in PRICES:
            known = ", ".join(repr(name) for name in PRICES)
            raise InputError(f"prefer must be one of {known}, not {self.prefer!r}.")
        limit = self.latency_limit
        if limit is not None and not 0 < limit < float("inf"):
            raise InputError(
                f"latency_limit must be milliseconds for one row, more than 0, not {limit!r}."
            )
        return self


BALANCED = Preference()
"""What is served unless the user says otherwise."""


class Point(Record, frozen=True):
    """One ensemble that might have been served, as the card keeps it."""

    prefer: Prefer
    loss: float
    """Out of fold, uncalibrated, times that of the most accurate one."""
    trees: int
    milliseconds: float
    """What its trees and nets add to one row, judged by their size: a bundle is the same whenever
    it is built from the same, so nothing that was measured is in it."""
    served: bool
    whole: bool = False
    """Whether each member is one model of all rows, rather than one for each fold; its loss is
    then that of the folds' models."""
