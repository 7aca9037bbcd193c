"""From probabilities to one class: a threshold, the least expected cost, or the most probable.

Pure numpy; serving and training decide by the same few lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinkeel.records import Record

Floats = NDArray[np.float64]


class Decision(Record, frozen=True):
    """How a class is chosen; with neither field, the most probable one."""

    threshold: float | None = None
    """For two classes: the second one from this probability on."""
    costs: tuple[tuple[float, ...], ...] | None = None
    """Else: what deciding for a class (column) costs where another is true (row)."""

    def choose(self, probabilities: Floats) -> NDArray[np.intp]:
        """(n,) the class decided for, from (n, classes) probabilities."""
        if self.threshold is not None:
            return (probabilities[:, 1] >= self.threshold).astype(np.intp)
        if self.costs is not None:
            return np.asarray(np.argmin(probabilities @ np.array(self.costs), axis=1))
        return np.asarray(np.argmax(probabilities, axis=1))


def by_costs(costs: Floats) -> Decision:
    """The decision of least expected cost for a (classes, classes) matrix, true class by row."""
    if len(costs) == 2:
        wrong_second, wrong_first = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
        if wrong_second > 0 and wrong_first > 0:  # as it is unless mistakes pay
            return Decision(threshold=float(wrong_second / (wrong_second + wrong_first)))
    return Decision(costs=tuple(tuple(map(float, row)) for row in costs))


def by_f1(probability: Floats, second: NDArray[np.bool_], weight: Floats) -> Decision:
    """The threshold with the best F1 on (n,) out-of-fold probabilities of the second class.

    It lies halfway between two probabilities that occur, so that no row of these sits on it
    (unless no number lies between them).
    """
    values, place = np.unique(probability, return_inverse=True)
    hits = np.bincount(place, weights=weight * second)[::-1].cumsum()[::-1]
    chosen = np.bincount(place, weights=weight)[::-1].cumsum()[::-1]
    f1 = 2 * hits / (chosen + float(weight @ second))
    best = int(np.argmax(f1))
    below = values[best - 1] if best else 0.0
    between = float((values[best] + below) / 2)
    return Decision(threshold=between if between > below else float(values[best]))
