"""Building a regressor, or making one that fits newer data: its rows, and what is learned."""

from __future__ import annotations

from twinkeel.kinds.base import Built, Remedy, Task
from twinkeel.kinds.regressor.kind import RegressorOptions
from twinkeel.kinds.regressor.rows import amounts
from twinkeel.kinds.tabular.build import own_loss
from twinkeel.kinds.tabular.remedies import Recipe
from twinkeel.kinds.tabular.remedies import remedies as tabular_remedies
from twinkeel.kinds.tabular.repeats import repeats as tabular_repeats
from twinkeel.kinds.tabular.rows import cases as tabular_cases
from twinkeel.kinds.tabular.rows import usable
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.predictors.amounts import AmountPredictor
from twinkeel.records import Cases


def cases(task: Task[RegressorOptions]) -> Cases:
    """The held-out rows, with their amount."""
    return tabular_cases(task, usable(task, amounts))


def repeats(task: Task[RegressorOptions]) -> frozenset[str]:
    """The units of cases that equal a row which is learned from in all but their id."""
    return tabular_repeats(task, amounts)


def build(task: Task[RegressorOptions]) -> Built:
    """Learn from the rows that are not held out."""
    return _RECIPE.build(task)


def remedies() -> tuple[Remedy[RegressorOptions], ...]:
    """What every kind that learns a column of a table offers."""
    return tabular_remedies(_RECIPE)


def _objective(task: Task[RegressorOptions]) -> Amounts:
    options = task.options
    return Amounts(
        name=options.target,
        interval=options.interval,
        sensitive=options.sensitive,
        own=own_loss(task),
    )


_RECIPE = Recipe(read=amounts, objective=_objective, predictor=AmountPredictor)
