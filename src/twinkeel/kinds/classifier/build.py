"""Building a classifier: its rows, and what is to be learned from them."""

from __future__ import annotations

from twinkeel.kinds.base import Built, Task
from twinkeel.kinds.classifier.kind import ClassifierOptions
from twinkeel.kinds.classifier.rows import classes
from twinkeel.kinds.tabular.build import build as build_tabular
from twinkeel.kinds.tabular.build import problem
from twinkeel.kinds.tabular.rows import cases as tabular_cases
from twinkeel.kinds.tabular.rows import usable
from twinkeel.learn.objectives.classes import Classes
from twinkeel.records import Cases


def cases(task: Task[ClassifierOptions]) -> Cases:
    """The held-out rows, with their class."""
    return tabular_cases(task, usable(task, classes))


def build(task: Task[ClassifierOptions]) -> Built:
    """Learn from the rows that are not held out."""
    rows, options = usable(task, classes), task.options
    objective = Classes(positive=options.positive, costs=options.costs)
    return build_tabular(task, rows, problem(task, rows, objective))
