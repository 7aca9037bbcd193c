"""Judging a regressor: its prediction and interval for every case, and what is measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from twinkeel.errors import BundleError
from twinkeel.kinds.base import Decided, Servable
from twinkeel.kinds.regressor.kind import RegressorOptions
from twinkeel.kinds.tabular.timing import TIMINGS, timings
from twinkeel.learn.predictors.amounts import NAMES, AmountPredictor
from twinkeel.learn.predictors.base import TOLERANCE
from twinkeel.metrics import regression
from twinkeel.metrics.custom import Metric
from twinkeel.metrics.measure import Measure
from twinkeel.metrics.regression import Forecasts
from twinkeel.records import Cases, Evidence

_ERROR = 0.5
"""The error of an imagined regressor, in standard deviations of the target."""


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
            many=servable.answers,
            size=servable.bundle_bytes,
        ),
        context={"interval": servable.level},
    )


def measures(evidence: Evidence) -> list[Measure]:
    """What can be measured on a regressor's evidence."""
    return regression.measures(forecasts(evidence), slices=evidence.slices)


def own_measures(metric: Metric | None, evidence: Evidence) -> list[Measure]:
    """The user's own metric of the predictions."""
    if metric is None:
        return []
    found = forecasts(evidence)
    return [metric.measure(found.expected, found.prediction, evidence.weight)]


def differs(servable: Servable, stored: Evidence, again: Evidence) -> Sequence[bool]:
    """Whether answers are further apart than a compiled model's may be from the trained one's."""
    assert isinstance(servable, AmountPredictor)  # `evaluate` saw to it
    was, came = (
        np.array([one.outputs[name] for name in NAMES], dtype=np.float64).T
        for one in (stored, again)
    )
    found: list[bool] = (~(servable.differences(was, came) <= TOLERANCE)).tolist()
    return found


def decided(evidence: Evidence) -> Decided:
    """How far each prediction is from what came."""
    found = forecasts(evidence)
    return Decided(losses=np.abs(found.prediction - found.expected).tolist())


def forecasts(evidence: Evidence) -> Forecasts:
    """The evidence as numbers."""
    prediction, low, high = (np.asarray(evidence.outputs[name], dtype=np.float64) for name in NAMES)
    expected = np.asarray(evidence.expected, dtype=np.float64)
    return Forecasts(expected, prediction, low, high, evidence.context["interval"])


def rehearsal(options: RegressorOptions, cases: Cases, *, seed: int = 0) -> Evidence:
    """Evidence of an imagined regressor of middling quality: normal errors, R2 of about 0.75."""
    expected = np.asarray(cases.expected, dtype=np.float64)
    scale = _ERROR * float(expected.std())
    prediction = expected + scale * np.random.default_rng(seed).normal(size=len(expected))
    half = scale * NormalDist().inv_cdf((1 + options.interval) / 2)
    found = zip(NAMES, (prediction, prediction - half, prediction + half), strict=True)
    return Evidence.of(
        cases,
        {name: values.tolist() for name, values in found},
        timings={name: [0.0] for name in TIMINGS},
        context={"interval": options.interval},
    )
