"""From probabilities to one class: a threshold, the least expected cost, or the most probable.

A row can also be left to a person: where its class is not probable enough, or where a person's
review costs less than the cheapest decision is expected to cost (Chow, 1970). Pure numpy; serving
and training decide by the same few lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.records import Record

Floats = NDArray[np.float64]

CONFIDENCE = 0.9
"""How sure a threshold is to keep what is asked of it, such as a precision."""
NEVER = 2.0
"""A threshold that no probability reaches."""


class Decision(Record, frozen=True):
    """How a class is chosen; with neither field, the most probable one."""

    threshold: float | None = None
    """For two classes: the second one from this probability on."""
    costs: tuple[tuple[float, ...], ...] | None = None
    """Else: what deciding for a class (column) costs where another is true (row)."""
    support: float | None = None
    """Where its class is less probable than this, a row is left to a person."""
    review: float | None = None
    """With costs: a row whose cheapest decision is expected to cost more is left to a person."""

    @property
    def abstains(self) -> bool:
        """Whether rows can be left to a person."""
        return self.support is not None or self.review is not None

    def choose(self, probabilities: Floats) -> NDArray[np.intp]:
        """(n,) the class decided for, from (n, classes) probabilities."""
        if self.threshold is not None:
            return (probabilities[:, 1] >= self.threshold).astype(np.intp)
        if self.costs is not None:
            return np.asarray(np.argmin(probabilities @ np.array(self.costs), axis=1))
        return np.asarray(np.argmax(probabilities, axis=1))

    def answers(self, probabilities: Floats) -> NDArray[np.bool_]:
        """(n,) whether a row is decided, rather than left to a person."""
        if self.review is not None and self.costs is not None:
            expected = probabilities @ np.array(self.costs)
            return np.asarray(expected.min(axis=1) <= self.review)
        if self.support is not None:
            chosen = self.choose(probabilities)
            return np.asarray(probabilities[np.arange(len(chosen)), chosen] >= self.support)
        return np.ones(len(probabilities), dtype=bool)


def by_costs(costs: Floats, review: float | None = None) -> Decision:
    """The decision of least expected cost for a (classes, classes) matrix, true class by row."""
    if review is not None:
        return Decision(costs=tuple(tuple(map(float, row)) for row in costs), review=review)
    if len(costs) == 2:
        wrong_second, wrong_first = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
        if wrong_second > 0 and wrong_first > 0:  # as it is unless mistakes pay
            return Decision(threshold=float(wrong_second / (wrong_second + wrong_first)))
    return Decision(costs=tuple(tuple(map(float, row)) for row in costs))


def by_f1(probability: Floats, second: NDArray[np.bool_], weight: Floats) -> Decision:
    """The threshold with the best F1 on (n,) out-of-fold probabilities of the second class.

    It lies halfway between two probabilities that occur, so that no row of these sits on it.
    """
    values, place = np.unique(-probability, return_inverse=True)
    hits = np.bincount(place, weights=weight * second).cumsum()
    f1 = 2 * hits / (np.bincount(place, weights=weight).cumsum() + float(weight @ second))
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))  # of equal ones the lowest threshold
    return Decision(threshold=below(-values, best))


def by_capacity(probability: Floats, weight: Floats, capacity: float) -> Decision:
    """The lowest threshold that at most a share `capacity` of (n,) out-of-fold rows reaches."""
    values, place = np.unique(-probability, return_inverse=True)
    acted = np.bincount(place, weights=weight).cumsum() / weight.sum()
    last = int(np.searchsorted(acted, capacity + 1e-12, side="right")) - 1
    return Decision(threshold=NEVER if last < 0 else below(-values, last))


def by_error(
    support: Floats,
    wrong: NDArray[np.bool_],
    weight: Floats,
    *,
    most: float,
    starts: Sequence[int],
) -> float | None:
    """The lowest support from which on a weighted share of at most `most` is wrong, or None.

    That holds for new rows as well with the probability `CONFIDENCE`: from each of the `starts`,
    counts of the best supported rows, supports are tried from strict to lenient until one fails
    the exact binomial test, and each start has an equal part of the permitted error (fixed-sequence
    testing in "Learn then Test", Angelopoulos et al., 2021). Rows of unequal weight tell less than
    as many of equal weight: the test counts as many as they are worth (Kish's effective size, in
    the exact test as in Korn and Graubard, 1998), so that the probability is then approximate.
    """
    from scipy.special import betaincinv  # type: ignore[import-untyped]  # no stubs

    order = np.argsort(-support, kind="stable")
    ordered = support[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    count, (worth, errors) = ends + 1, _effective(weight[order], wrong[order], ends)
    tail = (1 - CONFIDENCE) / len(starts)
    bound = betaincinv(errors + 1.0, np.maximum(worth - errors, 1e-9), 1 - tail)
    failing = np.append((bound > most) | (errors >= worth), True)
    last = -1
    for start in starts:
        first = int(np.searchsorted(count, start))
        reach = first + int(np.argmax(failing[first:])) - 1
        last = max(last, reach if reach >= first else -1)
    return None if last < 0 else below(ordered[ends], last)


def _effective(
    weight: Floats, wrong: NDArray[np.bool_], ends: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Up to each of the `ends`, how many rows of equal weight these are worth, and how many of
    them are wrong."""
    total, squares, errors = (
        np.cumsum(one)[ends] for one in (weight, weight**2, np.where(wrong, weight, 0.0))
    )
    scale = total / np.maximum(squares, np.finfo(np.float64).tiny)
    return total * scale, errors * scale


def below(values: Floats, last: int) -> float:
    """What values in falling order reach up to the one at `last`, and no later one.

    Halfway to the next one, so that no row sits on it (unless no number lies between them); under
    the lowest of them halfway to 0.
    """
    following = values[last + 1] if last + 1 < len(values) else 0.0
    between = float((values[last] + following) / 2)
    return between if between > following else float(values[last])
