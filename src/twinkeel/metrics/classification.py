"""What is measured of a classifier: ranking, probabilities, decisions and what they cost.

Owns the choice of measures and their definitions in terms of `functionals`. Two classes are
judged on the probability of the positive one; more are judged class against the rest, every
class counting the same (macro). A case that was left to a person has no decision: it is not right,
and nothing is decided of it. An expected class of -1 stands for a label that the version
does not know: it is never right and counts as a negative of every class.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinkeel.metrics import fairness
from twinkeel.metrics import functionals as f
from twinkeel.metrics.measure import Bind, Measure, Strata
from twinkeel.records import Direction
from twinkeel.stats.bootstrap import Floats, Indices

SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are cut to at least this before their logarithm is taken."""


@dataclass(frozen=True)
class DecisionRule:
    """How probabilities become a decision, and what decisions cost."""

    classes: tuple[str, ...]
    """The names of the columns of the probabilities."""
    positive: int | None = None
    """With two classes, the one that scores are about: the second unless said otherwise."""
    threshold: float | None = None
    """With two classes, the probability from which the positive one is decided."""
    costs: Floats | None = None
    """Shape (k, k): the cost of deciding the column's class where the row's is true."""
    support: float | None = None
    """A case whose class is less probable than this is left to a person."""
    review: float | None = None
    """With costs: a case whose decision is expected to cost more is left to a person."""

    @property
    def binary(self) -> bool:
        """Whether there are exactly two classes."""
        return len(self.classes) == 2

    @property
    def about(self) -> int:
        """The positive class of two."""
        return 1 if self.positive is None else self.positive

    @property
    def abstains(self) -> bool:
        """Whether cases can be left to a person."""
        return self.support is not None or self.review is not None

    def decide(self, probabilities: Floats) -> Indices:
        """The class decided for each row of (n, k) probabilities, -1 if left to a person: (n,)."""
        chosen = self.choose(probabilities)
        return np.where(self._left(probabilities, chosen), -1, chosen).astype(np.intp)

    def _left(self, probabilities: Floats, chosen: Indices) -> NDArray[np.bool_]:
        if self.review is not None and self.costs is not None:
            expected = (probabilities @ self.costs).min(axis=1)
            return np.asarray(expected > self.review)
        least = -np.inf if self.support is None else self.support
        return np.asarray(probabilities[np.arange(len(chosen)), chosen] < least)

    def choose(self, probabilities: Floats) -> Indices:
        """The class that would be decided for each row if none were left to a person: (n,).

        Two classes with a threshold: the positive one from the threshold on. Otherwise the
        least expected cost where there are costs, else the most probable class.
        """
        if self.binary and (self.threshold is not None or self.costs is None):
            from_here = 0.5 if self.threshold is None else self.threshold
            above = probabilities[:, self.about] >= from_here
            return np.where(above, self.about, 1 - self.about).astype(np.intp)
        if self.costs is not None:
            return _best(-(probabilities @ self.costs))
        return _best(probabilities)


def _best(merit: Floats) -> Indices:
    """The column of each row's largest value, the first of equal ones."""
    best: Indices = merit.argmax(axis=1)
    return best


@dataclass(frozen=True)
class _Judged:
    """Probabilities and decisions beside the truth."""

    rule: DecisionRule
    expected: Indices
    probabilities: Floats
    decided: Indices

    @property
    def judged_classes(self) -> tuple[int, ...]:
        """The classes that stand alone in one-against-the-rest measures."""
        return (self.rule.about,) if self.rule.binary else tuple(range(len(self.rule.classes)))

    def strata(self, classes: Sequence[int]) -> Strata:
        """Several cases of each of these classes are needed."""
        return Strata(
            of=np.where(np.isin(self.expected, classes), self.expected, -1),
            names=tuple(
                f"class {name!r}" if index in classes else ""
                for index, name in enumerate(self.rule.classes)
            ),
        )


def measures(
    expected: Indices,
    probabilities: Floats,
    *,
    rule: DecisionRule,
    slices: Mapping[str, Sequence[str]],
) -> list[Measure]:
    """All that is measured of a classifier.

    `expected` has shape (n,), the index of each case's true class or -1; `probabilities` has
    shape (n, k). Each of the `slices` (name to one value per case) adds the differences between
    its groups. Case weights are not needed here: scorecards apply those of the evidence.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    expected = np.asarray(expected, dtype=np.intp)
    judged = _Judged(rule, expected, probabilities, rule.decide(probabilities))
    return [
        *_ranking(judged),
        *_probability(judged),
        *_decision(judged),
        *_acting(judged),
        *_abstaining(judged),
        *_money(judged),
        *_groups(judged, slices),
    ]


def _ranking(judged: _Judged) -> list[Measure]:
    every = judged.strata(range(len(judged.rule.classes)))
    found: list[Measure] = []
    told = _digest(*(_ranks(judged.probabilities[:, k]) for k in judged.judged_classes))
    for name, functional in (
        ("roc_auc", f.roc_auc),
        ("average_precision", f.average_precision),
    ):
        parts = [
            functional(judged.probabilities[:, k], (judged.expected == k).astype(np.intp))
            for k in judged.judged_classes
        ]
        found.append(Measure(name, "higher", _one(parts), bounds=(0, 1), strata=every, told=told))
    return found


def _ranks(values: Floats) -> Indices:
    """The order of values: equal for all that a monotone map makes of them."""
    return np.unique(values, return_inverse=True)[1].astype(np.intp)


def _digest(*read: Floats | Indices) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in read)).hexdigest()


def _probability(judged: _Judged) -> list[Measure]:
    n = len(judged.expected)
    truth = np.zeros_like(judged.probabilities)
    known = judged.expected >= 0
    truth[np.flatnonzero(known), judged.expected[known]] = 1.0
    of_true = judged.probabilities[np.arange(n), judged.expected]
    loss = -np.log(np.clip(np.where(known, of_true, 0.0), SMALLEST, 1.0))
    if judged.rule.binary:
        forecast, outcome = judged.probabilities[:, judged.rule.about], truth[:, judged.rule.about]
        brier = np.square(forecast - outcome)
        worst = 1.0
    else:
        top = np.argmax(judged.probabilities, axis=1)
        forecast, outcome = judged.probabilities[np.arange(n), top], truth[np.arange(n), top]
        brier = np.square(judged.probabilities - truth).sum(axis=1) + ~known
        worst = 2.0
    told = _digest(judged.probabilities)
    return [
        Measure("log_loss", "lower", f.mean(loss), bounds=(0, -np.log(SMALLEST)), told=told),
        Measure("brier", "lower", f.mean(brier), bounds=(0, worst), told=told),
        Measure(
            "calibration_error",
            "lower",
            f.calibration_error(forecast, outcome),
            form="gaps",
            bounds=(0, 1),
            told=told,
        ),
    ]


def _decision(judged: _Judged) -> list[Measure]:
    right = (judged.decided == judged.expected).astype(np.float64)
    every = tuple(range(len(judged.rule.classes)))
    recalls = [_recall(judged, k) for k in every]
    f1 = [_f1(judged, k) for k in judged.judged_classes]
    strata = judged.strata(every)
    return [
        Measure("accuracy", "higher", f.mean(right), form="share", bounds=(0, 1)),
        Measure("balanced_accuracy", "higher", f.average(recalls), bounds=(0, 1), strata=strata),
        Measure(
            "f1",
            "higher",
            _one(f1),
            bounds=(0, 1),
            strata=judged.strata(judged.judged_classes),
        ),
    ]


def _acting(judged: _Judged) -> list[Measure]:
    """Of two classes, the positive one: how often it is decided, how rightly, for how many."""
    if not judged.rule.binary:
        return []
    about = judged.rule.about
    acted, positive = judged.decided == about, judged.expected == about
    every = np.ones(len(acted), dtype=bool)
    return [
        _share("precision", "higher", hits=positive, among=acted),
        _share("recall", "higher", hits=acted, among=positive),
        _share("acted_share", "lower", hits=acted, among=every),
    ]


def _abstaining(judged: _Judged) -> list[Measure]:
    """Where cases can be left to a person: how many are, and how often the others are wrong."""
    if not judged.rule.abstains:
        return []
    left, wrong = judged.decided < 0, judged.decided != judged.expected
    return [
        _share("abstained_share", "lower", hits=left, among=np.ones(len(left), dtype=bool)),
        _share("risk", "lower", hits=wrong, among=~left),
    ]


def _share(
    name: str, direction: Direction, *, hits: NDArray[np.bool_], among: NDArray[np.bool_]
) -> Measure:
    """The share of hits among some cases, as many as it rests on."""
    on = f.share(hits, among)
    return Measure(name, direction, on, form="share", bounds=(0, 1), among=among)


def _money(judged: _Judged) -> list[Measure]:
    costs, review = judged.rule.costs, judged.rule.review
    if costs is None:
        return []
    spent = money(judged.expected, judged.decided, np.asarray(costs, dtype=np.float64), review)
    ends = [float(np.min(costs)), float(np.max(costs)), *([] if review is None else [review])]
    return [Measure("cost", "lower", f.mean(spent), bounds=(min(ends), max(ends)))]


def money(expected: Indices, decided: Indices, costs: Floats, review: float | None) -> Floats:
    """(n,) what each decision cost: of an unknown class the most it can, -1 a person's review."""
    dearest = costs.max(axis=0)[decided]
    spent = np.where(expected >= 0, costs[expected, decided], dearest)
    return np.where(decided >= 0, spent, 0.0 if review is None else review)


def _groups(judged: _Judged, slices: Mapping[str, Sequence[str]]) -> list[Measure]:
    decisions = fairness.Decisions(
        judged.expected, judged.decided, judged.rule.classes, judged.judged_classes
    )
    divided = [fairness.Groups.divide(name, values) for name, values in slices.items()]
    return [
        difference(decisions, groups)
        for groups in divided
        for difference in (fairness.demographic_parity, fairness.equalized_odds)
    ]


def _one(parts: Sequence[Bind]) -> Bind:
    return parts[0] if len(parts) == 1 else f.average(parts)


def _recall(judged: _Judged, k: int) -> Bind:
    return f.share(judged.decided == k, judged.expected == k)


def _f1(judged: _Judged, k: int) -> Bind:
    actual, chosen = judged.expected == k, judged.decided == k
    columns = np.column_stack([2.0 * (actual & chosen), 1.0 * actual + chosen])
    return f.sums(columns, lambda total: f.ratio(total[:, 0], total[:, 1]))
