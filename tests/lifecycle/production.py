"""A release, and its calls as production would have recorded them, over days that have passed."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from typing import Any

import msgspec

from telecom import churn_lines
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import monitor
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.records import Event, Look, Signal
from twinkeel.store.bundles import BundleInfo
from twinkeel.store.events import new_id

DAY = 86_400.0
Row = dict[str, Any]
Change = Callable[[Row], Row]


def same(row: Row) -> Row:
    return row


class Traffic:
    """A project with a released version, and calls as production would have recorded them."""

    def __init__(self, project: Project, *, day: float = DAY, sensitive: bool = False) -> None:
        self.project = project
        self.seconds = day
        self.unsaid = {"customerID"} if sensitive else {"customerID", "gender"}
        self.rows = list(csv.DictReader(churn_lines(4_000)))
        self.model = load(project.store, project.version("churn"))
        self.chance = random.Random(0)
        self.begin()

    def begin(self) -> None:
        """Release anew: what was seen before belongs to another release."""
        store, first = self.project.store, self.project.version("churn@1")
        bundle = BundleInfo(digest=first.bundle, bytes=first.bundle_bytes)
        made = store.add_version("churn", first.kind, bundle, first.lineage)
        judged = store.evaluation(first.ref)
        assert judged is not None
        store.add_evaluation(msgspec.structs.replace(judged, number=made.number))
        release = self.project.release(str(made.ref), override="for this test")
        self.since, self.number = release.at, release.number

    def day(
        self, day: float, n: int = 400, change: Change = same, label: str = "", *, ms: float = 2
    ) -> None:
        """`n` calls over one day since the release; `label`: true, wrong or none."""
        drawn = self.chance.choices(self.rows, k=n)
        rows = [change({k: v for k, v in row.items() if k != "Churn"}) for row in drawn]
        for i, (row, output) in enumerate(zip(rows, self.model.call(rows), strict=True)):
            event = Event(
                id=new_id(),
                kind="call",
                component="churn",
                number=self.number,
                at=shifted(self.since, (day + (i + 0.5) / n) * self.seconds),
                ms=ms + self.chance.random(),
                inputs={k: v for k, v in row.items() if k not in self.unsaid},
                output=output.values,
            )
            self.project.store.events.append(event)
            if label:
                turned = {"Yes": "No", "No": "Yes"}
                truth = drawn[i]["Churn"]
                self.label(event, truth if label == "true" else turned[truth])

    def label(self, about: Event, value: str, who: str | None = None) -> None:
        self.project.store.events.append(
            Event(
                id=new_id(),
                kind="label",
                component="churn",
                number=self.number,
                at=about.at,
                about=about.id,
                who=who,
                output={"value": value},
            )
        )

    def look(self, days: float) -> Look:
        """A look at so many days since the release."""
        at = shifted(self.since, days * DAY)
        return monitor(self.project.config, self.project.store, "churn", at=at)[0]


def alarms(look: Look) -> dict[str, Signal]:
    return {signal.cause: signal for signal in look.signals if signal.state == "alarm"}
