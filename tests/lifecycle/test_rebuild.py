"""Rebuilding: what is chosen when nothing, the mix or the concept has changed, and what is not."""

from __future__ import annotations

import csv
import dataclasses
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from telecom import churn_lines
from twinkeel.errors import Refused, UnknownName
from twinkeel.kinds.base import Production
from twinkeel.lifecycle.build import learned_units, task_for_cases
from twinkeel.lifecycle.candidates import newest
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.records import Compared, Rebuild, VersionRef
from twinkeel.store.steps import Steps

MakeProject = Callable[..., Project]
Row = dict[str, str]
GATES = 'log_loss = "not worse by 0.01"'


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(csv.DictReader(churn_lines(4_000)))


def released(make_project: MakeProject, gates: str = GATES, options: str = "") -> Project:
    """A project whose first version learned the first rows and is in production."""
    project = make_project(rows=1_500, gates=gates, options=options)
    project.build("churn")
    project.release("churn@1")
    return project


def add(project: Project, rows: Sequence[Row]) -> Project:
    """The same project once these rows have come to its source."""
    path = project.config.root / "customers.csv"
    with path.open("a", newline="") as file:
        csv.DictWriter(file, list(rows[0])).writerows(rows)
    return Project.open(project.config.root)


def row(found: Rebuild, name: str) -> Compared:
    return next(one for one in found.table if one.name == name)


def mixed(rows: Sequence[Row], share: float, n: int) -> list[Row]:
    """Rows of which so large a share churned; the classes are what they were."""
    chance = random.Random(0)
    yes = [row for row in rows if row["Churn"] == "Yes"]
    no = [row for row in rows if row["Churn"] == "No"]
    drawn = chance.sample(yes, int(share * n)) + chance.sample(no, n - int(share * n))
    chance.shuffle(drawn)
    return drawn


def turned(row: Row) -> Row:
    """Who has a long contract leaves, who has a short one stays."""
    return row | {"Churn": "No" if row["Contract"] == "Month-to-month" else "Yes"}


def test_where_nothing_changed_nothing_is_worth_it(make_project: MakeProject) -> None:
    found = released(make_project).rebuild("churn")

    assert (found.chosen, found.version, found.released) == ("keep", None, False)
    assert found.why == "Nothing is worth replacing production."
    assert {one.fate for one in found.table[1:]} <= {"impossible", "not worth it", "worse"}
    assert "rows are new since churn@1" in row(found, "recalibrate").reason


def test_a_new_mix_of_classes_needs_no_more_than_a_calibration(
    make_project: MakeProject, rows: list[Row]
) -> None:
    project = add(released(make_project), mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn")

    assert (found.chosen, found.version, found.released) == ("recalibrate", "churn@2", True)
    gain = row(found, "recalibrate").gains[0]
    assert gain.low is not None
    assert gain.low > 0
    made = project.version("churn@2")
    assert made.lineage.remedy is not None
    assert (made.lineage.remedy.name, made.lineage.remedy.of) == ("recalibrate", "churn@1")
    assert learned_units(project.store, made) > learned_units(
        project.store, project.version("churn@1")
    )
    assert project.verify("churn@2").ok


def test_a_threshold_is_enough_where_only_decisions_count(
    make_project: MakeProject, rows: list[Row]
) -> None:
    gates = 'f1 = "not worse by 0.02"\nroc_auc = "not worse by 0.01"'
    project = add(released(make_project, gates), mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn")

    assert (found.chosen, found.released) == ("threshold", True)
    gains = {gain.key: gain for gain in row(found, "threshold").gains}
    assert (gains["roc_auc"].low, gains["roc_auc"].high) == (0.0, 0.0)
    assert gains["f1"].low is not None
    assert gains["f1"].low > 0


@pytest.mark.slow
def test_a_recalibrated_version_serves_and_explains_as_before(
    make_project: MakeProject, rows: list[Row], churn_rows: list[dict[str, str]]
) -> None:
    project = add(released(make_project), mixed(rows[1_500:], 0.7, 900))
    project.rebuild("churn")

    before, after = (load(project.store, project.version(f"churn@{n}")) for n in (1, 2))

    pairs = list(zip(before.call(churn_rows), after.call(churn_rows), strict=True))
    assert all(old.values["probability"] < new.values["probability"] for old, new in pairs)
    why = [project.explain(f"churn@{n}", churn_rows[0]) for n in (1, 2)]
    assert why[0] == why[1]


def test_a_new_concept_needs_learning_again(make_project: MakeProject, rows: list[Row]) -> None:
    project = add(released(make_project), [turned(row) for row in rows[1_500:4_000]])

    found = project.rebuild("churn")

    assert found.chosen == "refit"
    assert found.released
    assert project.version("churn").number == 2
    assert row(found, "keep").fate == "outdone"


def test_a_dry_run_shows_the_table_and_changes_nothing(
    make_project: MakeProject, rows: list[Row]
) -> None:
    project = add(released(make_project), mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn", dry_run=True)

    assert (found.chosen, found.version) == ("recalibrate", None)
    assert [one.name for one in found.table] == [
        "keep", "threshold", "recalibrate", "refit", "search",
    ]  # fmt: skip
    assert len(project.store.versions("churn")) == 1


@pytest.mark.slow
def test_a_better_candidate_that_a_gate_holds_back_replaces_nothing(
    make_project: MakeProject, rows: list[Row]
) -> None:
    gates = 'log_loss = "not worse by 0.01"\nroc_auc = ">= 0.99"'
    project = make_project(rows=1_500, gates=gates)
    project.build("churn")
    project.release("churn@1", override="for this test")
    project = add(project, mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn")

    assert (found.chosen, found.released) == ("keep", False)
    assert row(found, "recalibrate").fate == "held back"
    assert "roc_auc" in found.why


@pytest.mark.slow
def test_what_is_not_released_waits_as_a_version(
    make_project: MakeProject, rows: list[Row]
) -> None:
    project = add(released(make_project), mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn", release=False)

    assert (found.version, found.released) == ("churn@2", False)
    assert project.version("churn").ref == VersionRef(component="churn", number=1)
    project.release("churn@2")


def test_a_price_that_no_gain_reaches_keeps_production(
    make_project: MakeProject, rows: list[Row]
) -> None:
    table = '[components.churn.rebuild]\nscore = "log_loss"\nworth = 5.0'
    project = add(released(make_project, f"{GATES}\n{table}"), mixed(rows[1_500:], 0.7, 900))

    found = project.rebuild("churn")

    assert found.chosen == "keep"
    assert "less over production than the 5 stated" in row(found, "recalibrate").reason


def test_what_is_not_in_production_cannot_be_rebuilt(make_project: MakeProject) -> None:
    with pytest.raises(UnknownName, match="run twinkeel build churn"):
        make_project(rows=400).rebuild("churn")


def test_cases_held_out_in_another_way_are_refused(make_project: MakeProject) -> None:
    project = released(make_project)
    path = project.config.root / "twinkeel.toml"
    path.write_text(path.read_text().replace("[project]", '[project]\nsplit_key = "other"'))

    with pytest.raises(Refused, match="held its cases out in another way"):
        Project.open(project.config.root).rebuild("churn")


KILLED = """
import os, signal, sys
from twinkeel.project import Project
from twinkeel.store import points
left = [int(sys.argv[2])]
def observe(name):
    left[0] -= name == "version.inserted"
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
points.observe(observe)
Project.open(sys.argv[1]).rebuild("churn")
"""


def test_a_rebuild_that_was_killed_goes_on(make_project: MakeProject, rows: list[Row]) -> None:
    project = add(released(make_project), mixed(rows[1_500:], 0.7, 900))
    root = project.config.root

    done = subprocess.run([sys.executable, "-c", KILLED, str(root), "1"], check=False)

    assert done.returncode == -signal.SIGKILL
    kept = (root / ".twinkeel").rglob("remedies/*/made.json")
    took = {path.parent.name: json.loads(path.read_text())["seconds"] for path in kept}
    assert set(took) == {"threshold", "recalibrate", "refit", "search"}
    found = Project.open(root).rebuild("churn")
    assert found.version == "churn@2"
    assert {one.name: one.seconds for one in found.table[1:]} == took


def test_rows_that_repeat_one_that_is_learned_from_do_not_judge(
    make_project: MakeProject, rows: list[Row]
) -> None:
    new = [turned(row) for row in rows[1_500:2_200]]
    copies = [row | {"customerID": f"again-{i}"} for i, row in enumerate(new[:300])]
    project = add(released(make_project), new + copies)
    what = component(project.config, "churn")
    task = task_for_cases(project.config, project.store, what, project.config.root)
    cases, repeats = what.kind.cases(task), what.kind.repeats(task)

    found = newest(project.store, project.version("churn@1"), cases, repeats)

    assert 70 < len(repeats & set(cases.units)) < 170
    assert not repeats & set(found.cases.units)
    assert found.notes[0].endswith(
        "new cases repeat a row that is learned from; they do not judge."
    )


def test_where_most_rows_repeat_nothing_is_decided(
    make_project: MakeProject, rows: list[Row]
) -> None:
    new = [turned(row) for row in rows[1_500:1_560]]
    copies = [row | {"customerID": f"again-{i}-{k}"} for i, row in enumerate(new) for k in range(9)]
    project = add(released(make_project), copies)

    with pytest.raises(Refused, match="repeat a row that is learned from, which flatters") as told:
        project.rebuild("churn")

    assert "name a time column, or leave out id" in str(told.value)
    assert len(project.store.versions("churn")) == 1


def test_a_search_takes_over_what_a_refit_has_fitted_and_comes_to_the_same(
    make_project: MakeProject,
) -> None:
    project = released(make_project)
    what, version = component(project.config, "churn"), project.version("churn")
    production = Production(
        ref=str(version.ref),
        bundle=project.store.open_bundle(version.bundle),
        learned=learned_units(project.store, version),
    )
    remedies = {one.name: one for one in what.kind.remedies()}

    with project.store.scratch() as folder:
        task = task_for_cases(project.config, project.store, what, folder)
        together, alone = Steps(folder / "together"), Steps(folder / "alone")
        for name, steps in (("refit", together), ("search", together), ("alone", alone)):
            own = dataclasses.replace(task, bundle=folder / "bundles" / name, step=steps)
            own.bundle.mkdir(parents=True)
            remedies["search" if name == "alone" else name].build(own, production)
        files = [
            {
                path.relative_to(made): path.read_bytes()
                for path in made.rglob("*")
                if path.is_file()
            }
            for made in (folder / "bundles" / "search", folder / "bundles" / "alone")
        ]

    assert {"linear-fold0", "checks"} <= {key.partition(".")[0] for key in together.resumed}
    assert remedies["refit"].steps == remedies["search"].steps != ""
    assert files[0] == files[1]


def test_gates_on_slices_and_on_timings_are_judged_in_the_table(
    make_project: MakeProject, rows: list[Row]
) -> None:
    gates = '"roc_auc[gender=Female]" = ">= 0.6"\nlatency_ms = "<= 10000"\n' + GATES
    project = add(released(make_project, gates), rows[1_500:2_300])

    found = project.rebuild("churn", dry_run=True)

    said = {one.gate.key: one.outcome for one in row(found, "refit").verdicts}
    assert said == {"roc_auc[gender=Female]": "pass", "latency_ms": "pass", "log_loss": "pass"}
    scores = {score.key for score in row(found, "keep").scores}
    assert scores == {"roc_auc[gender=Female]", "log_loss"}
