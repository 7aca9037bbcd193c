"""The regressor, as the lifecycle sees it. Light: what learns and what judges is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from twinkeel.data.table import Table
from twinkeel.kinds.base import Built, Decided, Kind, Lesson, Remedy, Servable, Task, Traits
from twinkeel.kinds.signals import Calls, Score
from twinkeel.kinds.tabular.options import TabularOptions
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Json
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle


class RegressorOptions(TabularOptions, frozen=True, kw_only=True):
    """The keys of a component whose kind is `regressor`."""

    interval: float = 0.9
    """The share of rows whose true value `low` to `high` is to hold, between 0 and 1; overall and
    in each group of the sensitive columns that has rows enough."""


class Regressor(Kind[RegressorOptions]):
    """Predicts an amount, with an interval around it."""

    name: ClassVar[str] = "regressor"
    traits: ClassVar[Traits] = Traits(needs_labels=True)
    runtime: ClassVar[str] = "onnx"
    options = RegressorOptions

    def cases(self, task: Task[RegressorOptions]) -> Cases:
        """The held-out rows, a fifth of them, with their amount."""
        from twinkeel.kinds.regressor.build import cases

        return cases(task)

    def build(self, task: Task[RegressorOptions]) -> Built:
        """Learn from the rows that are not held out."""
        from twinkeel.kinds.regressor.build import build

        return build(task)

    def remedies(self) -> Sequence[Remedy[RegressorOptions]]:
        """Answers put right on average, the same members again, or a new search."""
        from twinkeel.kinds.regressor.build import remedies

        return remedies()

    def lessons(self, task: Task[RegressorOptions], lessons: Sequence[Lesson]) -> Table:
        """Labelled calls as rows of the table, but for those that it has."""
        from twinkeel.kinds.tabular.lessons import lesson_rows

        return lesson_rows(task, lessons)

    def repeats(self, task: Task[RegressorOptions]) -> frozenset[str]:
        """Cases that equal a row which is learned from in all but their id."""
        from twinkeel.kinds.regressor.build import repeats

        return repeats(task)

    def load(self, bundle: Bundle) -> Servable:
        """The compiled predictor: numpy and onnxruntime alone."""
        from twinkeel.learn.predictors.amounts import AmountPredictor

        return AmountPredictor.open(bundle)

    def evaluate(self, servable: Servable, cases: Cases) -> Evidence:
        """A prediction and an interval for every case, and how long one row takes."""
        from twinkeel.kinds.regressor.evaluate import evaluate

        return evaluate(servable, cases)

    def measures(self, evidence: Evidence) -> list[Measure]:
        """Errors, coverage and width of intervals, and differences between groups."""
        from twinkeel.kinds.regressor.evaluate import measures

        return measures(evidence)

    def own_measures(
        self, options: RegressorOptions, root: Path, evidence: Evidence
    ) -> list[Measure]:
        """The function that `metric` names, of the predictions."""
        from twinkeel.kinds.regressor.evaluate import own_measures

        return own_measures(options.own_metric(root), evidence)

    def differs(self, servable: Servable, stored: Evidence, again: Evidence) -> Sequence[bool]:
        """Predictions and intervals, as the proof of a compiled model compares them."""
        from twinkeel.kinds.regressor.evaluate import differs

        return differs(servable, stored, again)

    def decided(self, evidence: Evidence) -> Decided:
        """The absolute error of each row, in units of the target."""
        from twinkeel.kinds.regressor.evaluate import decided

        return decided(evidence)

    def losses(self, calls: Calls, labels: Sequence[Json]) -> Sequence[float]:
        """The absolute error, in units of the target."""
        from twinkeel.kinds.regressor.watch import losses

        return losses(calls, labels)

    def scores(self, calls: Calls, labels: Sequence[Json] | None) -> Sequence[Score]:
        """RMSE and MAE, expected from the interval's width; bias and coverage."""
        from twinkeel.kinds.regressor.watch import scores

        return scores(calls, labels)

    def rehearse(self, task: Task[RegressorOptions], cases: Cases) -> Evidence | None:
        """What an imagined regressor might answer."""
        from twinkeel.kinds.regressor.evaluate import rehearsal

        return rehearsal(task.options, cases)

    def propose(self, table: Table, target: str) -> dict[str, Json] | None:
        """Suited when the target is a number with many values."""
        from twinkeel.kinds.regressor.propose import propose

        return propose(table, target)

    def report(self, bundle: Bundle, evidence: Evidence) -> list[Section]:
        """Predictions and residuals, intervals by group, importance and the data's profile."""
        from twinkeel.kinds.regressor.report import report

        return report(bundle, evidence)
