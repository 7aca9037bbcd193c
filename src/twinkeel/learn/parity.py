"""Proof that what is served is what was learned: the compiled graph against the libraries.

1,000 generated rows (missing, unseen and extreme values) and 1,000 of the given ones, drawn at
random, or all where there are fewer, must get the same answers within 1e-5 from both (and the same
decision; amounts are measured in the target's scale), or the build fails, naming the row. So must
the others, as many as there is time for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.data.table import Table
from twinkeel.errors import BuildError
from twinkeel.learn.encode import Values
from twinkeel.learn.predictors.base import TOLERANCE, Predictor

Floats = NDArray[np.float64]

GENERATED = 1_000
ALWAYS = 1_000
"""Given rows that are compared however short the time is; more are, so many at once, while some
of it is left."""
_ODD_TEXTS = ("", "never seen before", "Ünïcode ✓", " ", "x" * 300)
_ODD_NUMBERS = (np.nan, 0.0, -0.0, 1e-40, 1e300, -1e300, 1e38, -1e9, 16777217.0)


class Proof(NamedTuple):
    """What was compared."""

    rows: int
    """Given ones."""
    largest_difference: float


UNPROVEN = Proof(0, 0.0)
"""Before anything was compared."""


class _Named(NamedTuple):
    """What rows are called in an error."""

    what: str
    numbers: NDArray[np.intp]


def check(
    predictor: Predictor[Any],
    learned: Callable[[Values], Floats],
    rows: Table,
    seed: int,
    late: Callable[[], bool],
) -> Proof:
    """What was compared; raises BuildError naming a row beyond.

    `learned` gives the (n, m) answers to contract-checked columns, as `Predictor.run`, by the
    libraries that trained the model.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    order[:ALWAYS].sort()
    first = rows.take(order[:ALWAYS])
    given = predictor.contract.read(first.columns, len(first)).values
    worst = 0.0
    if len(first):
        worst = _compare(predictor, learned, given, _Named("row", order[:ALWAYS]))
        made = _Named("generated row", np.arange(GENERATED))
        values = generated(predictor.contract, given, len(first), rng)
        worst = max(worst, _compare(predictor, learned, values, made))
    done = len(first)
    while done < len(rows) and not late():
        some = order[done : done + ALWAYS]
        part = rows.take(some)
        values = predictor.contract.read(part.columns, len(part)).values
        worst = max(worst, _compare(predictor, learned, values, _Named("row", some)))
        done += len(some)
    return Proof(done, worst)


def generated(contract: Contract, values: Values, n: int, rng: np.random.Generator) -> Values:
    """1,000 rows drawn from `values`, with a third of the cells replaced by odd ones."""
    drawn = rng.integers(n, size=GENERATED)
    found = {}
    for column in contract.columns:
        cells = values[column.name][drawn].copy()
        odd = rng.random(GENERATED) < rng.choice([0.05, 0.3, 0.9], size=GENERATED)
        cells[odd] = _odd(cells, column.low, column.high, rng)[odd]
        found[column.name] = cells
    return found


def _odd(
    cells: NDArray[Any], low: float | None, high: float | None, rng: np.random.Generator
) -> NDArray[Any]:
    """Odd values of a column's type, edges of the range that was learned from among them."""
    if cells.dtype == object:
        return rng.choice(np.array(_ODD_TEXTS, dtype=object), size=GENERATED)
    edges = [edge for edge in (low, high) if edge is not None]
    beyond = [np.nextafter(edge, side) for edge in edges for side in (-np.inf, np.inf)]
    return rng.choice(np.array([*_ODD_NUMBERS, *edges, *beyond]), size=GENERATED)


def _compare(
    predictor: Predictor[Any],
    learned: Callable[[Values], Floats],
    values: Values,
    named: _Named,
) -> float:
    n = len(named.numbers)
    expected, served = learned(values), predictor.run(values, n)
    difference = predictor.differences(expected, served)
    difference[np.isnan(difference)] = np.inf
    differs = difference > TOLERANCE
    if differs.any():
        row = int(np.argmax(differs))
        raise BuildError(
            f"The compiled model does not answer as the trained one: {named.what} "
            f"{named.numbers[row] + 1} has "
            f"{predictor.gives} {np.round(served[row], 6).tolist()}, expected "
            f"{np.round(expected[row], 6).tolist()} within {TOLERANCE:g}; please report this with "
            f"the types of the columns {', '.join(values)}, and without what the row holds."
        )
    return float(difference.max())
