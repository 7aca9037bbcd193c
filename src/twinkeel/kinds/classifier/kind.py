"""The classifier, as the lifecycle sees it. Light: what learns and what judges is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from twinkeel.data.table import Table
from twinkeel.kinds.base import Built, Decided, Kind, Lesson, Remedy, Servable, Task, Traits
from twinkeel.kinds.signals import Calls, Score, Series
from twinkeel.kinds.tabular.options import TabularOptions
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Json
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle


class ClassifierOptions(TabularOptions, frozen=True, kw_only=True):
    """The keys of a component whose kind is `classifier`."""

    positive: str | None = None
    """The class that is looked for, when there are two; by default the rarer one."""
    costs: dict[str, dict[str, float]] | None = None
    """What a decision costs: `costs.ACTUAL.PREDICTED = money`, less than 0 for a gain; what is not
    given costs 0."""
    capacity: float | None = None
    """The largest share of rows that can be acted upon, between 0 and 1: the positive class is
    decided for no more. It may stand beside costs."""
    precision: float | None = None
    """The least share, between 0 and 1, of those decided positive that are to be so."""
    abstain: float | None = None
    """The largest share of wrong decisions, between 0 and 1; what would be wrong more often is left
    to a person."""
    review: float | None = None
    """Beside costs: what it costs to leave a row to a person."""
    coverage: float = 0.9
    """The share of rows whose true class `set` is to hold, between 0 and 1; for each class, and in
    each group of the sensitive columns that has rows enough."""


class Classifier(Kind[ClassifierOptions]):
    """Predicts which of two or more classes a row belongs to."""

    name: ClassVar[str] = "classifier"
    traits: ClassVar[Traits] = Traits(needs_labels=True)
    runtime: ClassVar[str] = "onnx"
    options = ClassifierOptions

    def cases(self, task: Task[ClassifierOptions]) -> Cases:
        """The held-out rows, a fifth of them, with their class."""
        from twinkeel.kinds.classifier.build import cases

        return cases(task)

    def build(self, task: Task[ClassifierOptions]) -> Built:
        """Learn from the rows that are not held out."""
        from twinkeel.kinds.classifier.build import build

        return build(task)

    def remedies(self) -> Sequence[Remedy[ClassifierOptions]]:
        """A new threshold, a new calibration, the same members again, or a new search."""
        from twinkeel.kinds.classifier.build import remedies

        return remedies()

    def lessons(self, task: Task[ClassifierOptions], lessons: Sequence[Lesson]) -> Table:
        """Labelled calls as rows of the table, but for those that it has."""
        from twinkeel.kinds.tabular.lessons import lesson_rows

        return lesson_rows(task, lessons)

    def repeats(self, task: Task[ClassifierOptions]) -> frozenset[str]:
        """Cases that equal a row which is learned from in all but their id."""
        from twinkeel.kinds.classifier.build import repeats

        return repeats(task)

    def load(self, bundle: Bundle) -> Servable:
        """The compiled predictor: numpy and onnxruntime alone."""
        from twinkeel.learn.predictors.classes import ClassPredictor

        return ClassPredictor.open(bundle)

    def evaluate(self, servable: Servable, cases: Cases) -> Evidence:
        """Probabilities for every case, and how long one row takes."""
        from twinkeel.kinds.classifier.evaluate import evaluate

        return evaluate(servable, cases)

    def measures(self, evidence: Evidence) -> list[Measure]:
        """Ranking, probabilities, decisions, money and differences between groups."""
        from twinkeel.kinds.classifier.evaluate import measures

        return measures(evidence)

    def own_measures(
        self, options: ClassifierOptions, root: Path, evidence: Evidence
    ) -> list[Measure]:
        """The function that `metric` names, of the probabilities."""
        from twinkeel.kinds.classifier.evaluate import own_measures

        return own_measures(options.own_metric(root), evidence)

    def differs(self, servable: Servable, stored: Evidence, again: Evidence) -> Sequence[bool]:
        """Probabilities, as the proof of a compiled model compares them, and sets."""
        from twinkeel.kinds.classifier.evaluate import differs

        return differs(servable, stored, again)

    def decided(self, evidence: Evidence) -> Decided:
        """The class decided for each row: right, wrong, or half wrong if left to a person."""
        from twinkeel.kinds.classifier.evaluate import decided

        return decided(evidence)

    def signals(self, calls: Calls) -> list[Series]:
        """Inputs, decisions and probabilities, of two classes only the positive one's."""
        from twinkeel.kinds.classifier.watch import signals

        return signals(calls)

    def losses(self, calls: Calls, labels: Sequence[Json]) -> Sequence[float]:
        """Half the squared distance of the probabilities from the truth (Brier): 0 to 1."""
        from twinkeel.kinds.classifier.watch import losses

        return losses(calls, labels)

    def scores(self, calls: Calls, labels: Sequence[Json] | None) -> Sequence[Score]:
        """Ranking, log loss and accuracy, expected from the probabilities; calibration."""
        from twinkeel.kinds.classifier.watch import scores

        return scores(calls, labels)

    def rehearse(self, task: Task[ClassifierOptions], cases: Cases) -> Evidence | None:
        """What an imagined classifier might answer; None without two classes."""
        from twinkeel.kinds.classifier.evaluate import rehearsal

        return rehearsal(task.options, cases) if len(set(cases.expected)) > 1 else None

    def propose(self, table: Table, target: str) -> dict[str, Json] | None:
        """Suited when the target has few distinct values, or is not a number."""
        from twinkeel.kinds.classifier.propose import propose

        return propose(table, target)

    def report(self, bundle: Bundle, evidence: Evidence) -> list[Section]:
        """ROC, calibration, importance, slices and the data's profile."""
        from twinkeel.kinds.classifier.report import report

        return report(bundle, evidence)
