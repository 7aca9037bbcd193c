"""The traffic of a release, as one look judges it: counts of bins by cells of time, and scores.

Owns the records that reading fills and that every signal is found from. A call is kept as the bins
of its columns, the cell of time that it fell into, and what its label says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinkeel.kinds.signals import Calls, Form, Series
from twinkeel.lifecycle.moments import shifted
from twinkeel.records import Part
from twinkeel.stats.bins import Bins, Codes, as_numbers
from twinkeel.stats.tails import Floats

CELLS = 24
"""Cells of one cycle."""
LOSS = "loss"
NONE = -1
"""The code of a call that a column has nothing to say of."""


@dataclass(frozen=True, eq=False)
class Column:
    """One watched column."""

    part: Part
    name: str
    bins: Bins
    then: Codes
    """The bin of every case of the reference."""
    now: Codes
    """The bin of every call, `NONE` where it does not count."""
    cycles: int
    """Whole cycles that can be judged."""
    anchor: int | None = None
    """Where the reference is calls and no cases: the cycle that they came in."""

    def counts(self, cells: NDArray[np.int64], n_cells: int) -> Floats:
        """Calls by cell and bin."""
        there = (self.now != NONE) & (cells < n_cells)
        place = cells[there] * self.bins.size + self.now[there].astype(np.int64)
        found = np.bincount(place, minlength=n_cells * self.bins.size)
        return found.reshape(n_cells, self.bins.size).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Scored:
    """One of the kind's scores, call by call: shape (n,), or (n, classes) of a ranking of these."""

    name: str
    form: Form
    expected: Floats
    """What the answer itself says of it; NaN where it says nothing."""
    found: Floats
    """What the label says; NaN where no matured label is known."""

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Shape (n,): where the label says something."""
        return _finite(self.found)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Shape (n,): where the answer says something."""
        return _finite(self.expected)


@dataclass(frozen=True, eq=False)
class Reference:
    """The cases that judged a version, with its answers."""

    calls: Calls
    series: tuple[Series, ...]
    losses: Floats | None
    """How wrong each was, where the kind can say so."""
    scores: tuple[Scored, ...] = ()
    """What the kind makes of each without its label, and with it."""
    unit: NDArray[np.intp] | None = None
    """The number of each case's unit, from 0: cases of one customer are not independent."""

    @property
    def answers(self) -> Floats | None:
        """The main output as numbers."""
        for one in self.series:
            if one.part == "output" and one.form == "number":
                return as_numbers(one.values)
        return None


@dataclass(frozen=True, eq=False)
class Traffic:
    """All that one look judges."""

    reference: Reference
    columns: tuple[Column, ...]
    cells: NDArray[np.int64]
    """The cell of time of every call, since the release."""
    losses: Floats
    """Of every call: NaN where no matured label is known."""
    scores: tuple[Scored, ...]
    """Of the calls, in the order of the reference's."""
    cycle: float
    start: str
    """The moment of the release."""
    cycles: int
    answered: Floats
    """Calls by cell."""
    unanswered: Mapping[str, Floats]
    """How many were refused, and how many failed, by cell."""
    service: Mapping[str, Floats] = field(default_factory=dict)
    """Latency, cost and feedback of every call, NaN where nothing is known."""
    sensitive: tuple[str, ...] = ()
    """Inputs whose groups are watched each by itself."""
    outside: int = 0
    """Calls whose times cannot be."""
    early: int = 0
    """Those of them that are stamped before the release."""
    matured: int = 0
    """Calls whose labels have had their time."""
    notes: tuple[str, ...] = ()

    def moment(self, cells: float) -> str:
        """The moment at which so many cells have passed."""
        return shifted(self.start, cells * self.cycle / CELLS)


def _finite(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
