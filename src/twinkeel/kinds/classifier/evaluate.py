"""Judging a classifier: its probabilities for every case, and what is measured on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import BundleError
from twinkeel.kinds.base import Decided, Servable
from twinkeel.kinds.classifier.kind import ClassifierOptions
from twinkeel.kinds.tabular.timing import TIMINGS, timings
from twinkeel.learn.objectives.labels import classes_of
from twinkeel.learn.predictors.base import TOLERANCE
from twinkeel.learn.predictors.classes import ROUNDING, ClassPredictor
from twinkeel.metrics import sets
from twinkeel.metrics.classification import DecisionRule
from twinkeel.metrics.classification import measures as classification_measures
from twinkeel.metrics.custom import Metric
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Json

_SIGNAL = 0.85
"""How far an imagined classifier tells a class, in standard deviations of its noise."""
_LEFT = "left to a person"


def evaluate(servable: Servable, cases: Cases) -> Evidence:
    """Probabilities for every case, and timings of one row and of many."""
    if not isinstance(servable, ClassPredictor):
        raise BundleError("The bundle does not hold a classifier.")
    probabilities, _ = servable.probabilities(cases.inputs, len(cases))
    members, decision = servable.sets(cases.inputs, len(cases)), servable.card.decision
    return Evidence.of(
        cases,
        _columns(probabilities, servable.classes)
        | ({} if members is None else {_set(servable.classes): _sets(members)}),
        timings=timings(
            servable,
            cases,
            many=servable.probabilities,
            size=servable.bundle_bytes,
        ),
        context={
            "classes": list(servable.classes),
            "positive": servable.positive,
            "threshold": servable.threshold,
            "costs": servable.costs,
            "support": decision.support,
            "review": decision.review,
            "coverage": servable.level,
        },
    )


def measures(evidence: Evidence) -> list[Measure]:
    """What can be measured on a classifier's evidence."""
    expected, rule, inside = expected_index(evidence), decision_rule(evidence), members(evidence)
    found = classification_measures(
        expected, probabilities(evidence), rule=rule, slices=evidence.slices
    )
    if inside is None:
        return found
    return [*found, *sets.measures(expected, inside, classes=rule.classes, slices=evidence.slices)]


def own_measures(metric: Metric | None, evidence: Evidence) -> list[Measure]:
    """The user's own metric of the probabilities.

    Of more than two classes, a case whose class the version does not know is not measured.
    """
    if metric is None:
        return []
    rule, found, truth = decision_rule(evidence), probabilities(evidence), expected_index(evidence)
    if rule.binary:
        positive = np.asarray(truth == rule.about, dtype=np.intp)
        return [metric.measure(positive, found[:, rule.about], evidence.weight)]
    known = truth >= 0
    among = None if known.all() else known
    return [metric.measure(truth, found, evidence.weight, among)]


def differs(servable: Servable, stored: Evidence, again: Evidence) -> Sequence[bool]:
    """Whether answers are further apart than a compiled model's may be from the trained one's."""
    assert isinstance(servable, ClassPredictor)  # `evaluate` saw to it
    apart = servable.differences(probabilities(stored), probabilities(again))
    name = _set(servable.classes)
    sets = [
        np.array(one.outputs.get(name, [""] * len(one)), dtype=object) for one in (stored, again)
    ]
    found = ~(apart <= TOLERANCE) | ((sets[0] != sets[1]) & ~(apart < ROUNDING))
    return [bool(one) for one in found]


def decided(evidence: Evidence) -> Decided:
    """The class decided for each row, and whether it is the right one."""
    rule = decision_rule(evidence)
    chosen = rule.decide(probabilities(evidence))
    words = [rule.classes[k] if k >= 0 else _LEFT for k in chosen]
    losses = np.where(chosen < 0, 0.5, chosen != expected_index(evidence))
    return Decided(losses=losses.tolist(), words=words)


def decision_rule(evidence: Evidence) -> DecisionRule:
    """How the judged version turns probabilities into decisions."""
    context = evidence.context
    classes, positive, costs = tuple(context["classes"]), context["positive"], context["costs"]
    return DecisionRule(
        classes=classes,
        positive=None if positive is None else classes.index(positive),
        threshold=context["threshold"],
        costs=None if costs is None else np.asarray(costs, dtype=np.float64),
        support=context.get("support"),
        review=context.get("review"),
    )


def members(evidence: Evidence) -> NDArray[np.bool_] | None:
    """Which classes are in each case's set, shape (n, classes); None of versions without sets."""
    classes = evidence.context["classes"]
    if evidence.context.get("coverage") is None:
        return None
    found = np.asarray(evidence.outputs[_set(classes)], dtype=object)
    return np.array([[mark == "1" for mark in marks] for marks in found], dtype=bool)


def expected_index(evidence: Evidence) -> NDArray[np.intp]:
    """Index of each case's class among the version's classes, -1 if unknown to it: shape (n,)."""
    place = {name: k for k, name in enumerate(evidence.context["classes"])}
    return np.asarray([place.get(name, -1) for name in evidence.expected], dtype=np.intp)


def probabilities(evidence: Evidence) -> NDArray[np.float64]:
    """Probability of each class for each case, shape (n, classes)."""
    columns = [evidence.outputs[name] for name in evidence.context["classes"]]
    return np.asarray(columns, dtype=np.float64).T


def _columns(probabilities: NDArray[np.float64], classes: Sequence[str]) -> dict[str, list[Json]]:
    return {name: probabilities[:, k].tolist() for k, name in enumerate(classes)}


def _set(classes: Sequence[str]) -> str:
    """The name of the sets among the outputs, which no class has."""
    name = "set"
    while name in classes:
        name += "'"
    return name


def _sets(members: NDArray[np.bool_]) -> list[Json]:
    """Each set as one mark for each class: 1 if it is in it, else 0."""
    return ["".join("01"[inside] for inside in row) for row in members.astype(int).tolist()]


def rehearsal(options: ClassifierOptions, cases: Cases, *, seed: int = 0) -> Evidence:
    """Evidence of an imagined classifier of middling quality, with calibrated probabilities.

    Each case has a signal for its own class under normal noise; of two classes, the area under
    the ROC curve is then about 0.8.
    """
    expected = np.asarray(cases.expected, dtype=object)
    classes = classes_of(expected, options.positive)
    true = expected[:, None] == np.asarray(classes, dtype=object)
    noise = np.random.default_rng(seed).normal(size=true.shape)
    logits = _SIGNAL * (noise + _SIGNAL * true) + np.log(true.mean(axis=0))
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    least = [np.quantile(found[true[:, k], k], 1 - options.coverage) for k in range(len(classes))]
    return Evidence.of(
        cases,
        _columns(found, classes) | {_set(classes): _sets(found >= np.array(least))},
        timings={name: [0.0] for name in TIMINGS},
        context={
            "classes": list(classes),
            "positive": classes[1] if len(classes) == 2 else None,
            "threshold": 0.5 if len(classes) == 2 else None,
            "costs": None if options.costs is None else [[0.0] * len(classes)] * len(classes),
            "support": None if options.abstain is None else 0.0,
            "review": options.review,
            "coverage": options.coverage,
        },
    )
