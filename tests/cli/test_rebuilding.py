"""`twinkeel rebuild` and `monitor --rebuild`: the table, the decision and the exit code."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable

from cli_runs import Ran

from telecom import churn_lines
from twinkeel.project import Project
from twinkeel.records import Alert, Look, Signal, now

Cli = Callable[..., Ran]


def changed(make_project: Callable[..., Project], gates: str = "") -> Project:
    """A project in production whose newest rows have far more who leave."""
    project = make_project(rows=1_500, gates=f'log_loss = "not worse by 0.01"\n{gates}')
    project.build("churn")
    project.release("churn@1", override="for this test" if gates else None)
    rows = list(csv.DictReader(churn_lines(4_000)))[1_500:]
    random.Random(0).shuffle(rows)
    drawn = [row for row in rows if row["Churn"] == "Yes"][:500]
    drawn += [row for row in rows if row["Churn"] == "No"][:300]
    with (project.config.root / "customers.csv").open("a", newline="") as file:
        csv.DictWriter(file, list(rows[0])).writerows(drawn)
    return project


def suspect(project: Project) -> str:
    """An open alert on the loss of what is in production; returns its id."""
    release = project.store.current("churn")
    assert release is not None
    signal = Signal(part="quality", name="loss", state="alarm", test="place", n=500,
                    reference_n=300, size=0.5, unit="sd", then=0.1, now=0.2, smallest=0.2,
                    level=0.01, p=1e-9, sentence="The loss is higher.")  # fmt: skip
    alert = Alert(id="a1", component="churn", number=release.number, cause=signal.cause,
                  opened=now(), signal=signal)  # fmt: skip
    look = Look(component="churn", number=release.number, release=release.sequence, at=now(),
                since=release.at, cycle=86_400.0, cycles=1, calls=500, outside=0, labelled=500,
                unlabelled_share=0.0, signals=(signal,))  # fmt: skip
    project.store.watching.add(look, [alert], [])
    return alert.id


def test_a_rebuild_shows_each_candidate_and_says_why(
    cli: Cli, make_project: Callable[..., Project]
) -> None:
    folder = changed(make_project).config.root

    dry = cli("rebuild", "churn", "--dry-run", project=folder)
    done = cli("rebuild", "churn", project=folder)
    again = cli("--json", "rebuild", "churn", project=folder)

    assert dry.code == 0
    for name in ("keep", "threshold", "recalibrate", "refit", "search"):
        assert f"\n{name} " in dry.out
    assert "recalibrate would replace churn@1. It is worth it: log_loss +" in dry.out
    assert done.code == 0
    assert "churn@2 (recalibrate) is in production in place of churn@1." in done.out
    assert (again.code, again.data["chosen"], again.data["production"]) == (0, "keep", 2)


def test_what_a_gate_holds_back_ends_with_1(cli: Cli, make_project: Callable[..., Project]) -> None:
    folder = changed(make_project, 'roc_auc = ">= 0.99"').config.root

    ran = cli("rebuild", "churn", project=folder)

    assert ran.code == 1
    assert "churn@1 stays in production." in ran.out
    assert "roc_auc" in ran.out


def test_an_alert_that_suspects_a_loss_is_answered_by_a_rebuild(
    cli: Cli, make_project: Callable[..., Project]
) -> None:
    project = changed(make_project)
    alert = suspect(project)

    ran = cli("--json", "monitor", "--rebuild", project=project.config.root)

    assert [one["version"] for one in ran.data["rebuilds"]] == ["churn@2"]
    remedy = project.version("churn@2").lineage.remedy
    assert remedy is not None
    assert (remedy.of, remedy.alert) == ("churn@1", alert)
    project.monitor("churn")
    assert project.alerts("churn") == []


def test_monitoring_rebuilds_nothing_without_an_alert(
    cli: Cli, make_project: Callable[..., Project]
) -> None:
    project = changed(make_project)

    ran = cli("--json", "monitor", "--rebuild", project=project.config.root)

    assert ran.data["rebuilds"] == []
    assert len(project.store.versions("churn")) == 1
