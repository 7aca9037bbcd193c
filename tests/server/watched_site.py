"""A project that was in production for days: calls, a drift, labels, looks and an open alert."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from telecom import churn_lines, write_project
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import monitor
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.records import Evaluation, Event, Gate, Release, Verdict, now
from twinkeel.store.bundles import BundleInfo
from twinkeel.store.events import new_id

DAY = 86_400.0
DAYS = 6
SECOND = """
[components.price]
kind = "regressor"
source = "customers"
target = "MonthlyCharges"
exclude = ["TotalCharges"]
"""


class Watched:
    """Version 1 in production for six days, the last three with other customers; 2 failed a gate,
    3 passed."""

    def __init__(self, root: Path, *, calls: int = 250) -> None:
        self.project = Project.open(write_project(root, rows=1_500))
        with (root / "twinkeel.toml").open("a") as toml:
            toml.write(SECOND)
        self.project.who = "anna"
        self.project.build("churn")
        self.project.release("churn", override="the first one of all")
        release = self._made_earlier()
        self.since = release.at
        self.again("fail")
        self.again("pass")
        self._live(calls)

    def again(self, outcome: str) -> int:
        """Another version of the same bundle, judged as `outcome`; returns its number."""
        store, first = self.project.store, self.project.version("churn@1")
        bundle = BundleInfo(digest=first.bundle, bytes=first.bundle_bytes)
        made = store.add_version("churn", first.kind, bundle, first.lineage)
        judged = store.evaluation(first.ref)
        assert judged is not None
        store.add_evaluation(_judged(judged, made.number, outcome))
        return made.number

    def _made_earlier(self) -> Release:
        """The release as if it were six days old."""
        at = shifted(now(), -(DAYS + 0.05) * DAY)
        (catalog,) = (self.project.config.root / ".twinkeel").glob("*.db")
        with sqlite3.connect(catalog) as connection:
            connection.execute("UPDATE releases SET record = json_set(record, '$.at', ?)", (at,))
        connection.close()
        found = self.project.store.current("churn")
        assert found is not None
        return found

    def _live(self, calls: int) -> None:
        rows = list(csv.DictReader(churn_lines(1_500)))
        model = load(self.project.store, self.project.version("churn@1"))
        chance = random.Random(0)
        for day in range(DAYS):
            drawn = chance.choices(rows, k=calls)
            sent = [_drifted(row) if day >= 3 else row for row in drawn]
            inputs = [{k: v for k, v in row.items() if k != "Churn"} for row in sent]
            for i, output in enumerate(model.call(inputs)):
                at = shifted(self.since, (day + (i + 0.5) / calls) * DAY)
                call = self._event("call", at, output.values, ms=2 + chance.expovariate(1.0))
                call = msgspec.structs.replace(call, inputs=_open(inputs[i]))
                self.project.store.events.append(call)
                if day < 4 and i % 10:
                    label = self._event("label", at, {"value": drawn[i]["Churn"]}, about=call.id)
                    self.project.store.events.append(label)
            monitor(
                self.project.config,
                self.project.store,
                "churn",
                at=shifted(self.since, (day + 1.01) * DAY),
            )

    def _event(self, kind: Any, at: str, output: Any, **more: Any) -> Event:
        return Event(
            id=new_id(), kind=kind, component="churn", number=1, at=at, output=output, **more
        )


def _drifted(row: Mapping[str, str]) -> dict[str, str]:
    """Customers with a yearly contract are new ones now."""
    return {**row, "tenure": "1"} if row["Contract"] == "One year" else dict(row)


def _open(row: Mapping[str, str]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in ("customerID", "gender")}


def _judged(judged: Evaluation, number: int, outcome: Any) -> Evaluation:
    gate = Gate(key="roc_auc", test=">=", bound=0.6)
    said = f"roc_auc >= 0.6: {outcome} <b>indeed</b>."
    verdict = Verdict(gate=gate, outcome=outcome, score=None, sentence=said)
    return msgspec.structs.replace(judged, number=number, verdicts=(verdict,))
