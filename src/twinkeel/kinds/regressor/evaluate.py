"""Judging a regressor: its prediction and interval for every case, and what is measured on them."""

from __future__ import annotations

import numpy as np

from twinkeel.errors import BundleError
from twinkeel.kinds.base import Servable
from twinkeel.kinds.tabular.timing import timings
from twinkeel.learn.predictors.amounts import NAMES, AmountPredictor
from twinkeel.metrics import regression
from twinkeel.metrics.measure import Measure
from twinkeel.metrics.regression import Forecasts
from twinkeel.records import Cases, Evidence


def evaluate(servable: Servable, cases: Cases) -> Evidence:
    """Predictions and intervals for every case, and timings of one row and of many."""
    if not isinstance(servable, AmountPredictor):
        raise BundleError("The bundle does not hold a regressor.")
    found = servable.answers(cases.inputs, len(cases))
    return Evidence.of(
        cases,
        {name: found[:, k].tolist() for k, name in enumerate(NAMES)},
        timings=timings(
            servable,
            cases,
            all_cases=lambda: servable.answers(cases.inputs, len(cases)),
            size=servable.bundle_bytes,
        ),
        context={"interval": servable.level},
    )


def measures(evidence: Evidence) -> list[Measure]:
    """What can be measured on a regressor's evidence."""
    return regression.measures(forecasts(evidence), slices=evidence.slices)


def forecasts(evidence: Evidence) -> Forecasts:
    """The evidence as numbers."""
    prediction, low, high = (np.asarray(evidence.outputs[name], dtype=np.float64) for name in NAMES)
    expected = np.asarray(evidence.expected, dtype=np.float64)
    return Forecasts(expected, prediction, low, high, evidence.context["interval"])
