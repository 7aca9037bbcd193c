"""Differences between groups of people: in what is decided, and in how often it is wrong.

Definitions as in Hardt, Price and Srebro 2016 and in Fairlearn: the largest difference of a
rate between any two groups. With more than two classes each is taken against the rest and the
largest difference over the classes counts. Improving one of these measures often worsens the
other, so both are always given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.metrics.functionals import ratio
from twinkeel.metrics.measure import Bind, Measure, Statistic, Strata
from twinkeel.stats.bootstrap import Floats, Indices

FEWEST_IN_GROUP = 20


@dataclass(frozen=True)
class Groups:
    """The groups that one slice divides the cases into."""

    slice: str
    names: tuple[str, ...]
    of: Indices
    """Shape (n,): the group of each case."""

    @classmethod
    def divide(cls, slice_name: str, values: Sequence[str]) -> Groups:
        """One group for each distinct value, one value for each case."""
        names, of = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
        return cls(slice_name, tuple(map(str, names)), of.reshape(-1))


@dataclass(frozen=True)
class Decisions:
    """What was decided beside what was true, as indices of classes; -1 is an unknown class."""

    expected: Indices
    decided: Indices
    classes: tuple[str, ...]
    about: tuple[int, ...]
    """The classes whose rates are compared: the positive one of two, else all."""


def demographic_parity(decisions: Decisions, groups: Groups) -> Measure:
    """The largest difference between groups in how often a class is decided."""
    everyone = np.ones(len(decisions.decided), dtype=bool)
    rates = [(everyone, decisions.decided == k) for k in decisions.about]
    names = tuple(f"{groups.slice}={name}" for name in groups.names)
    return Measure(
        "demographic_parity_difference",
        "lower",
        _rates(rates, groups),
        form="groups",
        bounds=(0, 1),
        over=groups.slice,
        strata=Strata(groups.of, names, least=FEWEST_IN_GROUP),
    )


def equalized_odds(decisions: Decisions, groups: Groups) -> Measure:
    """The larger of the largest differences in true-positive and in false-positive rates."""
    rates = []
    for k in decisions.about:
        true, chosen = decisions.expected == k, decisions.decided == k
        rates += [(true, chosen), (~true, chosen)]
    size = len(decisions.classes)
    known = decisions.expected >= 0
    return Measure(
        "equalized_odds_difference",
        "lower",
        _rates(rates, groups),
        form="groups",
        bounds=(0, 1),
        over=groups.slice,
        strata=Strata(
            np.where(known, groups.of * size + decisions.expected, -1),
            tuple(
                f"class {name!r} in {groups.slice}={group}"
                for group in groups.names
                for name in decisions.classes
            ),
        ),
    )


def _rates(rates: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]], groups: Groups) -> Bind:
    """The rate of each second among each first, by group: (B, m) weights to (B, rates, groups)."""
    among = np.column_stack([first for first, _ in rates]).astype(np.float64)
    hits = np.column_stack([first & second for first, second in rates]).astype(np.float64)

    def bind(cases: Indices) -> Statistic:
        members = [np.flatnonzero(groups.of[cases] == g) for g in range(len(groups.names))]
        columns = [(hits[cases[who]], among[cases[who]]) for who in members]

        def statistic(weights: Floats) -> Floats:
            by_group = []
            for who, (top, bottom) in zip(members, columns, strict=True):
                own = np.take(weights, who, axis=1)
                by_group.append(ratio(own @ top, own @ bottom))
            return np.stack(by_group, axis=-1)

        return statistic

    return bind
