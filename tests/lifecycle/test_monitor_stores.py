"""A whole look and a trial, on each database that can hold a project's store."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from production import Row, Traffic, alarms

from telecom import write_project
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.serve import Live
from twinkeel.project import Project
from twinkeel.records import Terms, now
from waiting import eventually

DAY = 3.0
"""Seconds of a cycle."""
MORE = """
[events]
sensitive = true
[monitor]
cycle = "3s"
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder: Path = write_project(tmp_path_factory.mktemp(request.param), rows=2_500)
    more, server, name = MORE, None, f"look_{secrets.token_hex(6)}"
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        server.execute(f"CREATE DATABASE {name}")
        more += f'[store]\nurl = "{server.url(name)}"\n'
    with (folder / "twinkeel.toml").open("a") as toml:
        toml.write(more)
    project = Project.open(folder)
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()
    if server is not None:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_whole_look_finds_a_drift_groups_labels_and_estimates(stored: Project) -> None:
    def new(row: Row) -> Row:
        return row | {"tenure": "1"} if row["gender"] == "Female" else row

    traffic = Traffic(stored, day=DAY, sensitive=True)
    traffic.day(0, 400, label="true")
    traffic.day(1, 400, new, label="wrong")
    time.sleep(max(0.0, _until(shifted(traffic.since, 2.02 * DAY))))

    (look,) = stored.monitor("churn")

    assert (look.calls, look.labelled) == (800, 800)
    assert look.cycles >= 2  # more where the machine was busy
    assert {"input.tenure", "quality.loss", "quality.calibration"} <= alarms(look).keys()
    groups = {one.cause: one.state for one in look.signals if "gender=" in one.cause}
    assert (groups["input.gender=Female"], groups["input.gender=Male"]) == ("alarm", "quiet")
    assert {one.name for one in look.estimates if one.realised is not None} >= {"roc_auc"}
    assert {one.cause for one in stored.alerts("churn")} == alarms(look).keys()
    assert stored.store.watching.looks("churn", limit=1) == [look]


def test_a_trial_is_decided_by_labels(stored: Project) -> None:
    traffic = Traffic(stored)
    trial = stored.try_out(
        "churn@1", Terms(mode="shadow", share=1.0, margin=0.2), override="for this test"
    )
    live = Live.of(stored.config, stored.store)
    live.refresh()
    answers = [live.call("churn", [row])[0] for row in traffic.rows[:60]]
    assert eventually(lambda: len(list(stored.store.events.each("churn", "shadow"))) == 60)
    live.close()
    calls = {one.id: one for one in stored.store.events.each("churn", "call")}
    for answer, row in zip(answers, traffic.rows, strict=False):
        traffic.label(calls[str(answer.event)], row["Churn"])

    ended = stored.trial("churn")

    assert (ended.id, ended.state, ended.standing.labelled) == (trial.id, "promoted", 60)
    assert stored.version("churn").number == 1


def _until(moment: str) -> float:
    """Seconds until a moment."""
    left = dt.datetime.fromisoformat(moment) - dt.datetime.fromisoformat(now())
    return left.total_seconds()
