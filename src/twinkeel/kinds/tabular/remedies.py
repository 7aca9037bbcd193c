"""What a rebuild may try with a model of a table, from a new threshold to a new search.

Adjusting learns only from rows that are new: not held out, and not learned from by production. It
copies production's bundle and changes the files that it must.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np

from twinkeel.errors import InputError
from twinkeel.kinds.base import Built, Production, Remedy, Task
from twinkeel.kinds.tabular.build import build, problem, split_of
from twinkeel.kinds.tabular.options import TabularT
from twinkeel.kinds.tabular.rows import ReadTarget, UsableRows, usable
from twinkeel.learn import adjust
from twinkeel.learn.model import GRAPH, MODEL, Member
from twinkeel.learn.objectives.base import Adjusted, Fresh, Objective
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.problem import weights
from twinkeel.records import Record

FEWEST = 50
"""With fewer new rows, nothing is adjusted to them."""
_LEARNED = "learned"
"""A search fits most of what a refit has fitted."""


@dataclass(frozen=True)
class Recipe(Generic[TabularT]):
    """How one kind reads its target, learns it and opens what it has learned."""

    read: ReadTarget[TabularT]
    objective: Callable[[Task[TabularT]], Any]
    """The objective that a task's options ask for."""
    predictor: type[Predictor[Any]]

    def build(self, task: Task[TabularT]) -> Built:
        """A whole new search."""
        return self._learned(task, ())

    def refit(self, task: Task[TabularT], production: Production) -> Built:
        """The members of production, learned again from the rows as they are now."""
        card = production.bundle.json(MODEL, _Members)
        return self._learned(task, tuple(one.name for one in card.members if one.weight > 0))

    def recalibrate(self, task: Task[TabularT], production: Production) -> Built:
        """Production with its answers put right on average by new rows."""
        return self.adjusted(
            task, production, lambda objective, model, fresh: objective.recalibrated(model, fresh)
        )

    def adjusted(
        self,
        task: Task[TabularT],
        production: Production,
        change: Callable[[Any, Any, Fresh], Adjusted],
    ) -> Built:
        """Production as `change(objective, predictor, fresh rows)` makes it."""
        rows = usable(task, self.read)
        place = _new(rows, production)
        fresh = _fresh(task, rows, place, self.objective(task))
        model = self.predictor.open(production.bundle)
        made = change(self.objective(task), model, fresh)
        for name in production.bundle.manifest.files:
            path = task.bundle / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(production.bundle.read(name))
        for name, data in adjust.files(production.bundle.read(GRAPH), made).items():
            (task.bundle / name).write_bytes(data)
        adjust.prove(self.predictor.open(task.bundle), made, fresh)
        return Built(
            rows=len(rows.table),
            learned=[rows.split.units[i] for i in place],
            split=split_of(rows),
            notes=(*rows.notes, f"{len(place):,} new rows adjusted {production.ref}."),
        )

    def _learned(self, task: Task[TabularT], members: tuple[str, ...]) -> Built:
        rows = usable(task, self.read)
        asked = problem(task, rows, self.objective(task))
        return build(task, rows, replace(asked, members=members))


def remedies(recipe: Recipe[TabularT]) -> tuple[Remedy[TabularT], ...]:
    """What every kind that learns a column of a table offers, cheapest first."""
    return (
        Remedy("recalibrate", "fit new answers to its margins", recipe.recalibrate, inherits=True),
        Remedy(
            "refit", "learn its members again from the data of now", recipe.refit, steps=_LEARNED
        ),
        Remedy(
            "search", "search for a new model", lambda task, _: recipe.build(task), steps=_LEARNED
        ),
    )


class _Members(Record, frozen=True):
    """What a refit must know of a model."""

    members: tuple[Member, ...]


def _new(rows: UsableRows, production: Production) -> list[int]:
    """Positions of the rows that are neither held out nor learned from by production."""
    found = [int(i) for i in rows.learned if rows.split.units[i] not in production.learned]
    if len(found) < FEWEST:
        raise InputError(
            f"{len(found)} rows are new since {production.ref} and not held out: "
            f"adjusting it needs {FEWEST}."
        )
    return found


def _fresh(task: Task[TabularT], rows: UsableRows, place: list[int], objective: Objective) -> Fresh:
    learned = {int(i): k for k, i in enumerate(rows.learned)}
    asked = problem(task, rows, objective).take(np.asarray([learned[i] for i in place]))
    return Fresh(asked.table, asked.target, weights(asked), task.seed)
