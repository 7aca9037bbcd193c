"""What is measured of prediction sets: whether they hold the truth, for whom, and their size.

A true class that the version does not know is in no set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.metrics import functionals as f
from twinkeel.metrics.fairness import FEWEST_IN_GROUP, Groups
from twinkeel.metrics.measure import Bind, Measure, Statistic
from twinkeel.stats.bootstrap import Floats, Indices

MOST_CLASSES = 20
"""With more classes, none has a score of its own; the worst of them still has."""


def measures(
    expected: Indices,
    members: NDArray[np.bool_],
    *,
    classes: Sequence[str],
    slices: Mapping[str, Sequence[str]],
) -> list[Measure]:
    """Coverage overall, of each class and of the worst class in a group, and the sets' size.

    `expected` has shape (n,), the index of each case's true class or -1; `members` (n, k), whether
    a class is in the set of a case.
    """
    known = expected >= 0
    covered = members[np.arange(len(expected)), expected] & known
    size = members.sum(axis=1).astype(np.float64)
    share = (0.0, 1.0)
    cells = _cells(expected, len(classes), slices)
    return [
        Measure(
            "coverage", "higher", f.mean(covered.astype(np.float64)), form="share", bounds=share
        ),
        *_by_class(covered, expected, classes),
        Measure(
            "worst_coverage",
            "higher",
            _least(covered, cells),
            bounds=share,
            sliced=False,
        ),
        Measure("set_size", "lower", f.mean(size), bounds=(0.0, float(len(classes)))),
        Measure(
            "singleton_share",
            "higher",
            f.mean((size == 1).astype(np.float64)),
            form="share",
            bounds=share,
        ),
    ]


def _by_class(
    covered: NDArray[np.bool_], expected: Indices, classes: Sequence[str]
) -> list[Measure]:
    if len(classes) > MOST_CLASSES:
        return []
    return [
        Measure(
            "coverage",
            "higher",
            f.share(covered, expected == k),
            form="share",
            bounds=(0.0, 1.0),
            over=f"class={name}",
            among=expected == k,
        )
        for k, name in enumerate(classes)
    ]


def _cells(expected: Indices, classes: int, slices: Mapping[str, Sequence[str]]) -> list[Indices]:
    """The cases of each class, and of each class in each group, where there are enough."""
    divided = [Groups.divide(name, values).of for name, values in slices.items()]
    found = [np.flatnonzero(expected == k) for k in range(classes)]
    found += [
        np.flatnonzero((expected == k) & (of == group))
        for of in divided
        for group in np.unique(of)
        for k in range(classes)
    ]
    return [cases for cases in found if len(cases) >= FEWEST_IN_GROUP]


def _least(covered: NDArray[np.bool_], cells: Sequence[Indices]) -> Bind:
    """The least coverage of several groups of cases."""
    inside = np.zeros((len(covered), len(cells)))
    for k, cases in enumerate(cells):
        inside[cases, k] = 1.0

    def bind(cases: Indices) -> Statistic:
        among = inside[cases]
        hits = among * covered[cases, None]

        def statistic(weights: Floats) -> Floats:
            shares = f.ratio(weights @ hits, weights @ among)
            if shares.shape[1] == 0 or np.isnan(shares).all():
                return np.full(len(weights), np.nan)
            least: Floats = np.nanmin(shares, axis=1)
            return least

        return statistic

    return bind
