"""What a regressor's report adds: predictions, residuals, intervals, importance and the data."""

from __future__ import annotations

import numpy as np

from twinkeel.kinds.regressor.evaluate import forecasts
from twinkeel.kinds.tabular.report import frontier, importance, members, profile
from twinkeel.learn.predictors.amounts import AmountPredictor
from twinkeel.metrics.regression import Forecasts
from twinkeel.records import Evidence
from twinkeel.report import charts
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Section, Table
from twinkeel.store.bundles import Bundle


def report(bundle: Bundle, evidence: Evidence) -> list[Section]:
    """The sections, in the order in which a person asks."""
    predictor = AmountPredictor.open(bundle)
    judged = forecasts(evidence)
    return [
        _predictions(judged),
        _intervals(judged, evidence),
        importance(predictor.importance, moves="the prediction", unit="in the units of the target"),
        members(predictor.card),
        frontier(predictor.card),
        profile(bundle),
    ]


def _predictions(judged: Forecasts) -> Section:
    residuals = charts.histogram({"": judged.error}, axis="predicted less actual")
    return Section(
        title="Predictions",
        text="What was predicted beside what came, and how far they are apart.",
        charts=(charts.predicted(judged.prediction, judged.expected), residuals),
    )


def _intervals(judged: Forecasts, evidence: Evidence) -> Section:
    rows = [_row("all cases", judged, np.ones(len(judged.expected), dtype=bool))]
    for name, values in evidence.slices.items():
        column = np.asarray(values, dtype=object)
        rows += [_row(f"{name}={one}", judged, column == one) for one in sorted(set(values))]
    return Section(
        title="Intervals",
        text=f"They are to hold {judged.level:.0%} of the true values. Without case weights.",
        table=Table(columns=("cases", "n", "coverage", "mean width"), rows=tuple(rows)),
    )


def _row(name: str, judged: Forecasts, among: np.ndarray) -> tuple[object, ...]:
    width = (judged.high - judged.low)[among]
    return (name, int(among.sum()), shown(judged.inside[among].mean()), shown(width.mean()))
