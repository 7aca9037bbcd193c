"""Building a regressor: its rows, and what is to be learned from them."""

from __future__ import annotations

from twinkeel.kinds.base import Built, Task
from twinkeel.kinds.regressor.kind import RegressorOptions
from twinkeel.kinds.regressor.rows import amounts
from twinkeel.kinds.tabular.build import build as build_tabular
from twinkeel.kinds.tabular.build import problem
from twinkeel.kinds.tabular.rows import cases as tabular_cases
from twinkeel.kinds.tabular.rows import usable
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.records import Cases


def cases(task: Task[RegressorOptions]) -> Cases:
    """The held-out rows, with their amount."""
    return tabular_cases(task, usable(task, amounts))


def build(task: Task[RegressorOptions]) -> Built:
    """Learn from the rows that are not held out."""
    rows, options = usable(task, amounts), task.options
    objective = Amounts(name=options.target, interval=options.interval, sensitive=options.sensitive)
    return build_tabular(task, rows, problem(task, rows, objective))
