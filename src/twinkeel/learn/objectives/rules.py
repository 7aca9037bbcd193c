"""What the user wants of a decision, and the decision that gives it on out-of-fold rows.

Owns which wishes go together: exactly one rule decides. Refuses the others before any training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from twinkeel.errors import ConfigError
from twinkeel.learn.decide import (
    CONFIDENCE,
    NEVER,
    Decision,
    by_capacity,
    by_costs,
    by_error,
    by_f1,
)
from twinkeel.learn.objectives.labels import Costs, cost_matrix
from twinkeel.learn.targets import Floats, Targets

_TOGETHER = (
    {"costs"},
    {"costs", "review"},
    {"costs", "capacity"},
    {"capacity"},
    {"precision"},
    {"abstain"},
)
_OF_TWO = ("capacity", "precision")
_SHARES = ("capacity", "precision", "abstain")
_ANSWERED = (0.25, 0.5, 0.75)
"""Shares of the rows at which the search for what to answer begins ..."""
_ACTED = (0.125, 0.25, 0.5, 1.0)
"""... and for whom to act upon, in multiples of the rows that are positive."""


@dataclass(frozen=True)
class Rule:
    """How decisions are to be made; without any wish `otherwise` decides."""

    costs: Costs | None = None
    """What a decision costs: true class to decided class to money, less than 0 for a gain."""
    capacity: float | None = None
    """Of two classes: the largest share of rows for which the positive one is decided."""
    precision: float | None = None
    """Of two classes: the least share of those decided positive that are to be so."""
    abstain: float | None = None
    """The largest share of wrong decisions; rows that would make it larger go to a person."""
    review: float | None = None
    """With costs: what it costs to hand a row to a person."""
    otherwise: Literal["f1", "likeliest"] = "f1"
    """The best F1 of two classes, or the more probable class."""

    @property
    def wishes(self) -> list[str]:
        """The keys that were given."""
        keys = ("costs", "capacity", "precision", "abstain", "review")
        return [key for key in keys if getattr(self, key) is not None]

    def check(self, classes: int | None = None) -> None:
        """Raises ConfigError for wishes that do not go together or fit so many classes."""
        given = self.wishes
        for key in _SHARES:
            share = getattr(self, key)
            if share is not None and not 0 < share < 1:
                raise ConfigError(f"{key} must be between 0 and 1, not {share!r}.")
        if self.review is not None and not math.isfinite(self.review):
            raise ConfigError(f"review must be an amount of money, not {self.review!r}.")
        if given == ["review"]:
            raise ConfigError("review is a cost beside others: give costs as well.")
        if given and set(given) not in _TOGETHER:
            raise ConfigError(
                f"{' and '.join(given)} cannot decide together: give one of costs, capacity, "
                "precision and abstain, or costs with either capacity or review."
            )
        for key in _OF_TWO:
            if key in given and classes not in (None, 2):
                raise ConfigError(f"{key} needs a target of two classes; this one has {classes}.")

    def chooses(self, classes: int) -> bool:
        """Whether the decision is chosen on rows, rather than given by costs or likelihood."""
        wishes = self.wishes
        if not wishes:
            return self.otherwise == "f1" and classes == 2
        return "costs" not in wishes or "capacity" in wishes

    def matrix(self, names: Sequence[str]) -> Floats | None:
        """(classes, classes) money, true class by row; None without costs. Raises ConfigError."""
        return None if self.costs is None else cost_matrix(self.costs, names)

    def decision(
        self, outputs: Floats, targets: Targets, names: Sequence[str]
    ) -> tuple[Decision, tuple[str, ...]]:
        """The decision for (n, classes) out-of-fold probabilities, and sentences on it."""
        costs = self.matrix(names)
        if self.capacity is not None:
            within = by_capacity(outputs[:, 1], targets.weight, self.capacity)
            return _at_least(within, costs), ()
        if costs is not None:
            return by_costs(costs, self.review), ()
        if self.precision is not None:
            return _precise(outputs[:, 1], targets, names[1], self.precision)
        likeliest = Decision(threshold=0.5 if len(names) == 2 else None)
        if self.abstain is not None:
            return _careful(outputs, targets, likeliest, self.abstain)
        if self.otherwise == "likeliest" or len(names) > 2:
            return likeliest, ()
        return by_f1(outputs[:, 1], targets.y == 1, targets.weight), ()


def _at_least(within: Decision, costs: Floats | None) -> Decision:
    """The capacity's threshold, or a higher one below which acting does not pay."""
    if costs is None:
        return within
    wrong_second, wrong_first = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
    if wrong_second + wrong_first <= 0:
        raise ConfigError(
            "With a capacity, costs must make acting pay more the likelier the positive class is."
        )
    pays = float(wrong_second / (wrong_second + wrong_first))
    return Decision(threshold=min(max(within.threshold or 0.0, pays), NEVER))


def _precise(
    probability: Floats, targets: Targets, positive: str, precision: float
) -> tuple[Decision, tuple[str, ...]]:
    """The threshold of most recall that is shown to have the precision."""
    wrong = targets.y != 1
    starts = _counts(_ACTED, int((~wrong).sum()))
    found = by_error(probability, wrong, targets.weight, most=1 - precision, starts=starts)
    if found is not None:
        return Decision(threshold=found), ()
    note = (
        f"{positive} is never decided: no threshold has a precision of {precision:g} with "
        f"{CONFIDENCE:.0%} confidence; ask for less or give more rows."
    )
    return Decision(threshold=NEVER), (note,)


def _careful(
    outputs: Floats, targets: Targets, likeliest: Decision, risk: float
) -> tuple[Decision, tuple[str, ...]]:
    """The likeliest class where that is shown to be wrong rarely enough."""
    chosen = likeliest.choose(outputs)
    support = outputs[np.arange(len(chosen)), chosen]
    starts = _counts(_ANSWERED, len(chosen))
    found = by_error(support, chosen != targets.y, targets.weight, most=risk, starts=starts)
    decision = Decision(threshold=likeliest.threshold, support=NEVER if found is None else found)
    if found is not None:
        return decision, ()
    note = (
        f"Every row is left to a person: no decisions are wrong in at most {risk:g} with "
        f"{CONFIDENCE:.0%} confidence; allow more or give more rows."
    )
    return decision, (note,)


def _counts(shares: Sequence[float], of: int) -> list[int]:
    return [max(1, math.ceil(share * of)) for share in shares]
