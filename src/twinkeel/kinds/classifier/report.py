"""What a classifier's report adds: curves, importance, slices and the data it learned from."""

from __future__ import annotations

import numpy as np

from twinkeel.kinds.classifier import decisions
from twinkeel.kinds.classifier.evaluate import decision_rule, expected_index, probabilities
from twinkeel.kinds.tabular.report import frontier, importance, members, profile
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.metrics import curves
from twinkeel.records import Evidence
from twinkeel.report import charts
from twinkeel.report.sections import Section
from twinkeel.stats.bootstrap import Floats, Indices
from twinkeel.store.bundles import Bundle


def report(bundle: Bundle, evidence: Evidence) -> list[Section]:
    """The sections, in the order in which a person asks."""
    predictor, held = ClassPredictor.open(bundle), decisions.sets(evidence)
    return [
        _ranking(evidence),
        _calibration(evidence),
        importance(predictor.importance, moves="the log-odds", unit="log-odds"),
        decisions.decision(predictor, evidence),
        *([] if held is None else [held]),
        members(predictor.card),
        frontier(predictor.card),
        profile(bundle),
    ]


def _about(evidence: Evidence) -> list[int]:
    """The classes that curves are drawn for: the positive one of two, else all."""
    rule = decision_rule(evidence)
    return [rule.about] if rule.binary else list(range(len(rule.classes)))


def _ranking(evidence: Evidence) -> Section:
    classes, found, expected = _judged(evidence)
    weight = None if evidence.weight is None else np.asarray(evidence.weight)
    one = {classes[k]: (found[:, k], (expected == k).astype(np.intp)) for k in _about(evidence)}
    roc = {name: curves.roc(*pair, weight=weight) for name, pair in one.items()}
    precision = {name: curves.precision_recall(*pair, weight=weight) for name, pair in one.items()}
    return Section(
        title="Ranking",
        text="How well the cases of a class are put before the others, at every threshold.",
        charts=(charts.roc(roc), charts.precision_recall(precision)),
    )


def _calibration(evidence: Evidence) -> Section:
    classes, found, expected = _judged(evidence)
    weight = None if evidence.weight is None else np.asarray(evidence.weight)
    drawn = tuple(
        charts.calibration(
            curves.calibration(found[:, k], (expected == k).astype(np.float64), weight=weight),
            of=classes[k],
        )
        for k in _about(evidence)
    )
    return Section(
        title="Calibration",
        text="Of the cases that were given a probability, how many came true.",
        charts=drawn,
    )


def _judged(evidence: Evidence) -> tuple[list[str], Floats, Indices]:
    return list(evidence.context["classes"]), probabilities(evidence), expected_index(evidence)
