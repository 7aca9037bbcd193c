"""Judging a classifier: its probabilities for every case, and what is measured on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import BundleError
from twinkeel.kinds.base import Servable
from twinkeel.kinds.tabular.timing import timings
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.metrics.classification import DecisionRule
from twinkeel.metrics.classification import measures as classification_measures
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence


def evaluate(servable: Servable, cases: Cases) -> Evidence:
    """Probabilities for every case, and timings of one row and of many."""
    if not isinstance(servable, ClassPredictor):
        raise BundleError("The bundle does not hold a classifier.")
    probabilities, _ = servable.probabilities(cases.inputs, len(cases))
    return Evidence.of(
        cases,
        {
            name: probabilities[:, k].astype(float).tolist()
            for k, name in enumerate(servable.classes)
        },
        timings=timings(
            servable,
            cases,
            all_cases=lambda: servable.probabilities(cases.inputs, len(cases)),
            size=servable.bundle_bytes,
        ),
        context={
            "classes": list(servable.classes),
            "positive": servable.positive,
            "threshold": servable.threshold,
            "costs": servable.costs,
        },
    )


def measures(evidence: Evidence) -> list[Measure]:
    """What can be measured on a classifier's evidence."""
    return classification_measures(
        expected_index(evidence),
        probabilities(evidence),
        rule=decision_rule(evidence),
        slices=evidence.slices,
    )


def decision_rule(evidence: Evidence) -> DecisionRule:
    """How the judged version turns probabilities into decisions."""
    context = evidence.context
    classes, positive, costs = tuple(context["classes"]), context["positive"], context["costs"]
    return DecisionRule(
        classes=classes,
        positive=None if positive is None else classes.index(positive),
        threshold=context["threshold"],
        costs=None if costs is None else np.asarray(costs, dtype=np.float64),
    )


def expected_index(evidence: Evidence) -> NDArray[np.intp]:
    """Index of each case's class among the version's classes, -1 if unknown to it: shape (n,)."""
    place = {name: k for k, name in enumerate(evidence.context["classes"])}
    return np.asarray([place.get(name, -1) for name in evidence.expected], dtype=np.intp)


def probabilities(evidence: Evidence) -> NDArray[np.float64]:
    """Probability of each class for each case, shape (n, classes)."""
    columns = [evidence.outputs[name] for name in evidence.context["classes"]]
    return np.asarray(columns, dtype=np.float64).T
