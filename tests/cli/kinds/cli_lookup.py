"""A kind that looks the answer up: the most common label for each value of one column."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import msgspec
import numpy as np

from twinkeel.data.split import SplitOptions, split
from twinkeel.errors import ContractError
from twinkeel.kinds.base import Built, Kind, Options, Task
from twinkeel.metrics import functionals
from twinkeel.metrics.measure import Measure
from twinkeel.records import (
    Cases,
    Contribution,
    Evidence,
    Explanation,
    Field,
    Output,
    Rows,
    Signature,
    Tick,
)


class LookupOptions(Options, frozen=True):
    target: str
    """The column to look up."""
    by: str
    """The column to look it up by."""


class Table:
    """What was learned: a label per value."""

    def __init__(self, by: str, labels: dict[str, str]) -> None:
        self.by, self.labels = by, labels

    @property
    def signature(self) -> Signature:
        return Signature(
            inputs=(Field(name=self.by, type="category", required=True),),
            outputs=(Field(name="label", type="category"),),
        )

    def call(self, rows: Rows) -> list[Output]:
        return [self._one(number, row) for number, row in enumerate(rows, start=1)]

    def explain(self, rows: Rows) -> list[Explanation]:
        return [
            Explanation(
                of=self.labels.get(row[self.by], "no"),
                unit="votes",
                base=0.5,
                total=2.0,
                contributions=tuple(
                    Contribution(name=f"{self.by}{k}", value=row[self.by], contribution=0.125)
                    for k in range(12)
                ),
            )
            for row in rows
        ]

    def _one(self, number: int, row: Any) -> Output:
        if self.by not in row:
            raise ContractError(f"Row {number}: the required column {self.by} is absent.")
        if row[self.by] == "defect":
            raise ZeroDivisionError("a defect")
        label = self.labels.get(row[self.by])
        warnings = () if label else (f"{self.by} {row[self.by]!r} is new.",)
        values = {"label": label or "no", "share": {"yes": 0.75, "no": 0.25}}
        return Output(values=values, warnings=warnings)


class Lookup(Kind[LookupOptions]):
    name = "lookup"
    runtime = "lookup"
    options = LookupOptions

    def cases(self, task: Task[LookupOptions]) -> Cases:
        table, units, held = self._split(task)
        judged = table.take(held)
        return Cases(
            ids=tuple(units[held]),
            units=tuple(units[held]),
            inputs={name: column.tolist() for name, column in judged.columns.items()},
            expected=judged.columns[task.options.target].tolist(),
        )

    def build(self, task: Task[LookupOptions]) -> Built:
        if os.environ.get("LOOKUP_FAILS") == "interrupt":
            raise KeyboardInterrupt
        table, units, held = self._split(task)
        task.progress(Tick(stage="counting", fraction=0.5, detail="half"))
        task.progress(Tick(stage="counting", fraction=1.0, detail="all"))
        learned = table.take(~held)
        votes: dict[str, Counter[str]] = {}
        keys, labels = learned.columns[task.options.by], learned.columns[task.options.target]
        for key, label in zip(keys, labels, strict=True):
            votes.setdefault(key, Counter())[label] += 1
        chosen = {key: counts.most_common(1)[0][0] for key, counts in votes.items()}
        model = {"by": task.options.by, "labels": chosen}
        (task.bundle / "model.json").write_bytes(msgspec.json.encode(model))
        return Built(
            rows=len(table), learned=units[~held].tolist(), notes=("Nothing was left out.",)
        )

    def load(self, bundle: Any) -> Table:
        return Table(**bundle.json("model.json", dict[str, Any]))

    def evaluate(self, servable: Any, cases: Cases) -> Evidence:
        rows = [{servable.by: value} for value in cases.inputs[servable.by]]
        labels = [output.values["label"] for output in servable.call(rows)]
        return Evidence(
            ids=cases.ids, units=cases.units, expected=cases.expected, outputs={"label": labels}
        )

    def measures(self, evidence: Evidence) -> list[Measure]:
        right = np.array(evidence.outputs["label"]) == np.array(evidence.expected)
        found = functionals.mean(right.astype(float))
        return [Measure("accuracy", "higher", found, form="share", bounds=(0, 1))]

    def _split(self, task: Task[LookupOptions]) -> Any:
        table = task.data.table()
        found = split(table, options=SplitOptions(id="id"), key=task.split_key)
        return table, np.array(found.units, dtype=object), found.held_out
