"""Proof that what is served is what was learned: the compiled graph against the libraries.

Every row given and 1,000 generated ones (missing, unseen and extreme values) must get the same
answers within 1e-5 from both (and the same decision; amounts are measured in the target's scale),
or the build fails, naming the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.data.table import Table
from twinkeel.errors import BuildError
from twinkeel.learn.encode import Values
from twinkeel.learn.predictors.base import Predictor

Floats = NDArray[np.float64]

TOLERANCE = 1e-5
GENERATED = 1_000
_ODD_TEXTS = ("", "never seen before", "Ünïcode ✓", " ", "x" * 300)
_ODD_NUMBERS = (np.nan, 0.0, -0.0, 1e-40, 1e300, -1e300, 1e38, -1e9, 16777217.0)


def check(
    predictor: Predictor[Any],
    learned: Callable[[Values], Floats],
    rows: Table,
    seed: int,
) -> float:
    """The largest difference; raises BuildError naming the first row beyond.

    `learned` gives the (n, m) answers to contract-checked columns, as `Predictor.run`, by the
    libraries that trained the model.
    """
    given = predictor.contract.read(rows.columns, len(rows)).values
    made = generated(predictor.contract, given, len(rows), np.random.default_rng(seed))
    return max(
        _compare(predictor, learned, given, "held-out row"),
        _compare(predictor, learned, made, "generated row"),
    )


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
    what: str,
) -> float:
    n = len(next(iter(values.values())))
    if n == 0:
        return 0.0
    expected, served = learned(values), predictor.run(values, n)
    difference = predictor.differences(expected, served)
    difference[np.isnan(difference)] = np.inf
    differs = difference > TOLERANCE
    if differs.any():
        row = int(np.argmax(differs))
        raise BuildError(
            f"The compiled model does not answer as the trained one: {what} {row + 1} has "
            f"{predictor.gives} {np.round(served[row], 6).tolist()}, expected "
            f"{np.round(expected[row], 6).tolist()} within {TOLERANCE:g}; please report this with "
            f"the types of the columns {', '.join(values)}, and without what the row holds."
        )
    return float(difference.max())
