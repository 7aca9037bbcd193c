"""The classifier, as the lifecycle sees it. Light: what learns and what judges is imported late."""

from __future__ import annotations

from typing import ClassVar

from twinkeel.data.table import Table
from twinkeel.kinds.base import Built, Kind, Options, Servable, Task, Traits
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Json
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle

PROFILE = "profile.json"
"""The file of the bundle that describes what was learned from."""


class ClassifierOptions(Options, frozen=True, kw_only=True):
    """The keys of a component whose kind is `classifier`."""

    target: str
    """The column to predict."""
    positive: str | None = None
    """The class that is looked for, when there are two; by default the rarer one."""
    id: str | None = None
    """The column that names a row; it holds cases out and is never learned from."""
    group: str | None = None
    """The column whose equal values belong together, as a household: never split between
    learning and judging."""
    time: str | None = None
    """The column that says when; cases are then the newest rows, learned from none later."""
    weight: str | None = None
    """The column that says how much a row counts, in learning and in scores."""
    exclude: tuple[str, ...] = ()
    """Columns to leave out of learning, for instance what is not known when predicting."""
    sensitive: tuple[str, ...] = ()
    """Columns whose groups are scored one by one and compared."""
    costs: dict[str, dict[str, float]] | None = None
    """What a decision costs: `costs.ACTUAL.PREDICTED = money`; what is not given costs 0."""


class Classifier(Kind[ClassifierOptions]):
    """Predicts which of two or more classes a row belongs to."""

    name: ClassVar[str] = "classifier"
    traits: ClassVar[Traits] = Traits(needs_labels=True)
    runtime: ClassVar[str] = "onnx"
    options = ClassifierOptions

    def cases(self, task: Task[ClassifierOptions]) -> Cases:
        """The held-out rows, a fifth of them, with their class."""
        from twinkeel.kinds.classifier.rows import cases

        return cases(task)

    def build(self, task: Task[ClassifierOptions]) -> Built:
        """Learn from the rows that are not held out."""
        from twinkeel.kinds.classifier.build import build

        return build(task)

    def load(self, bundle: Bundle) -> Servable:
        """The compiled predictor: numpy and onnxruntime alone."""
        from twinkeel.learn.predictor import Predictor

        return Predictor.open(bundle)

    def evaluate(self, servable: Servable, cases: Cases) -> Evidence:
        """Probabilities for every case, and how long one row takes."""
        from twinkeel.kinds.classifier.evaluate import evaluate

        return evaluate(servable, cases)

    def measures(self, evidence: Evidence) -> list[Measure]:
        """Ranking, probabilities, decisions, money and differences between groups."""
        from twinkeel.kinds.classifier.evaluate import measures

        return measures(evidence)

    def propose(self, table: Table, target: str) -> dict[str, Json] | None:
        """Suited when the target has few distinct values, or is not a number."""
        from twinkeel.kinds.classifier.propose import propose

        return propose(table, target)

    def report(self, bundle: Bundle, evidence: Evidence) -> list[Section]:
        """ROC, calibration, importance, slices and the data's profile."""
        from twinkeel.kinds.classifier.report import report

        return report(bundle, evidence)


def named_columns(options: ClassifierOptions) -> dict[str, str]:
    """The options that each give one column a role, by key."""
    keys = ("target", "id", "group", "time", "weight")
    return {key: name for key in keys if (name := getattr(options, key)) is not None}
