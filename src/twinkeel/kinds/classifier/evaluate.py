"""Judging a classifier: its probabilities for every case, and what is measured on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import BundleError
from twinkeel.kinds.base import Servable
from twinkeel.kinds.classifier.kind import ClassifierOptions
from twinkeel.kinds.tabular.timing import TIMINGS, timings
from twinkeel.learn.objectives.labels import classes_of
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.metrics.classification import DecisionRule
from twinkeel.metrics.classification import measures as classification_measures
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence

_SIGNAL = 0.85
"""How far an imagined classifier tells a class, in standard deviations of its noise."""


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
    return Evidence.of(
        cases,
        {name: found[:, k].tolist() for k, name in enumerate(classes)},
        timings={name: [0.0] for name in TIMINGS},
        context={
            "classes": list(classes),
            "positive": classes[1] if len(classes) == 2 else None,
            "threshold": 0.5 if len(classes) == 2 else None,
            "costs": None if options.costs is None else [[0.0] * len(classes)] * len(classes),
        },
    )
