"""Building a classifier, or making one that fits newer data: its rows, and what is learned."""

from __future__ import annotations

from twinkeel.kinds.base import Built, Production, Remedy, Task
from twinkeel.kinds.classifier.kind import ClassifierOptions
from twinkeel.kinds.classifier.rows import classes, rule
from twinkeel.kinds.tabular.build import own_loss
from twinkeel.kinds.tabular.remedies import Recipe
from twinkeel.kinds.tabular.remedies import remedies as tabular_remedies
from twinkeel.kinds.tabular.repeats import repeats as tabular_repeats
from twinkeel.kinds.tabular.rows import cases as tabular_cases
from twinkeel.kinds.tabular.rows import usable
from twinkeel.learn.objectives.classes import Classes
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.records import Cases


def cases(task: Task[ClassifierOptions]) -> Cases:
    """The held-out rows, with their class."""
    return tabular_cases(task, usable(task, classes))


def repeats(task: Task[ClassifierOptions]) -> frozenset[str]:
    """The units of cases that equal a row which is learned from in all but their id."""
    return tabular_repeats(task, classes)


def build(task: Task[ClassifierOptions]) -> Built:
    """Learn from the rows that are not held out."""
    return _RECIPE.build(task)


def remedies() -> tuple[Remedy[ClassifierOptions], ...]:
    """A new threshold, and what every kind that learns a column of a table offers."""
    threshold = Remedy("threshold", "choose a new threshold", _rethreshold, inherits=True)
    return (threshold, *tabular_remedies(_RECIPE))


def _rethreshold(task: Task[ClassifierOptions], production: Production) -> Built:
    return _RECIPE.adjusted(
        task, production, lambda objective, model, fresh: objective.rethresholded(model, fresh)
    )


def _objective(task: Task[ClassifierOptions]) -> Classes:
    options = task.options
    return Classes(
        positive=options.positive,
        rule=rule(options),
        coverage=options.coverage,
        sensitive=options.sensitive,
        own=own_loss(task),
    )


_RECIPE = Recipe(read=classes, objective=_objective, predictor=ClassPredictor)
