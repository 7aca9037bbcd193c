"""The checks in a build: what a user sees, what is learned from, what stops before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from telecom import TOML, churn_lines, write_project
from twinkeel.checks.registry import CHECKS
from twinkeel.errors import ConfigError
from twinkeel.lifecycle.build import task_for_cases
from twinkeel.lifecycle.components import component
from twinkeel.metrics.scorecard import scorecard
from twinkeel.project import Project

DOCS = Path(__file__).parents[2] / "docs"


def project(folder: Path, *, options: str = "", gates: str = 'roc_auc = ">= 0.6"') -> Project:
    """The churn table with a constant, a copy and a column of row numbers."""
    write_project(folder, options=options, gates=gates)
    header, *lines = churn_lines(800)
    rows = [f"{line},EUR,{line.split(',')[5]},{n}" for n, line in enumerate(lines)]
    table = "\n".join([f"{header},currency,months,row", *rows]) + "\n"
    (folder / "customers.csv").write_text(table)
    return Project.open(folder)


def test_what_is_left_out_is_neither_learned_nor_asked_for(tmp_path: Path) -> None:
    here = project(tmp_path)

    made = here.build("churn").version

    left_out = {f.label for f in made.lineage.findings if f.done == "left out"}
    assert left_out == {"constant:currency", "duplicate_column:months", "identifier:row"}
    assert not any("left out" in note for note in made.lineage.notes)
    row = dict(zip(*(line.split(",") for line in churn_lines(1)), strict=True))
    assert here.call("churn@1", row).warnings == ()
    assert here.call("churn@1", row | {"months": "1", "row": "7"}).warnings == ()


def test_what_the_user_allows_is_learned_from(tmp_path: Path) -> None:
    here = project(tmp_path, options='allow = ["identifier:row", "duplicate_column"]')

    made = here.build("churn").version

    explained = here.explain(str(made.ref), _row())
    names = {one.name for one in explained.contributions}
    assert {"row", "months"} <= names
    assert "currency" not in names


def test_the_report_has_every_finding(tmp_path: Path) -> None:
    here = project(tmp_path)
    here.build("churn")

    page = here.report("churn@1", tmp_path / "report.html").read_text()

    assert "Checks before training" in page
    assert "duplicate_column:months" in page


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ('roc_acu = ">= 0.6"', "gate roc_acu: there is no such score; did you mean roc_auc"),
        ('latency = "<= 5"', "gate latency: there is no such score; did you mean latency_ms"),
        ('latency_ms = "not worse by 1"', "a timing cannot be compared case by case"),
    ],
)
def test_a_misspelt_gate_stops_the_build_before_it_begins(
    tmp_path: Path, gate: str, words: str
) -> None:
    here = project(tmp_path, gates=gate)

    with pytest.raises(ConfigError) as error:
        here.build("churn")

    assert words in str(error.value)
    assert "Nothing was built" in str(error.value)
    assert here.store.versions("churn") == []


AMOUNTS = """
[project]
name = "telecom-test"
[sources.customers]
path = "customers.csv"
[components.charge]
kind = "regressor"
source = "customers"
target = "MonthlyCharges"
id = "customerID"
sensitive = ["gender"]
work_limit = 1
{options}
[components.charge.gates]
{gates}
"""


def test_a_regressor_s_leak_is_told_and_its_misspelt_gate_stops_it(tmp_path: Path) -> None:
    wrong = write_project(tmp_path / "wrong", gates='rmsee = "<= 9"', toml=AMOUNTS)
    right = write_project(tmp_path / "right", gates='rmse = "<= 9"', toml=AMOUNTS)

    with pytest.raises(ConfigError, match="did you mean rmse"):
        Project.open(wrong).build("charge")
    found = Project.open(right).build("charge").version.lineage.findings

    assert [one.label for one in found if one.check == "leak_together"] == [
        "leak_together:TotalCharges+tenure"
    ]


@pytest.mark.parametrize(("toml", "name"), [(TOML, "churn"), (AMOUNTS, "charge")])
def test_a_rehearsal_has_the_scores_that_a_version_has(
    tmp_path: Path, toml: str, name: str
) -> None:
    here = Project.open(write_project(tmp_path, gates="", toml=toml))
    judged = here.build(name)
    what = component(here.config, name)
    task = task_for_cases(here.config, here.store, what, tmp_path)

    evidence = what.kind.rehearse(task, what.kind.cases(task))

    assert evidence is not None
    card = scorecard(what.kind.measures(evidence), evidence, resamples=20)
    assert judged.evaluation is not None
    real = [score.key for score in judged.evaluation.scorecard.scores]
    assert [score.key for score in card.scores] == real


def test_a_gate_that_few_cases_can_hardly_judge_says_how_many_would_do(tmp_path: Path) -> None:
    gates = 'roc_auc = ">= 0.9"\n"roc_auc[gender=Other]" = ">= 0.6"\ncalibration_error = "<= 0.5"'
    here = project(tmp_path, gates=gates)

    found = here.build("churn").version.lineage.findings

    hard, absent = [f for f in found if f.check == "too_few"]
    assert hard.numbers["gate"] == "roc_auc"
    assert hard.numbers["needed"] > hard.numbers["n"] > 100
    assert "no case is in it" in absent.found


def test_what_gates_cannot_judge_is_silent_where_that_is_allowed(tmp_path: Path) -> None:
    here = project(tmp_path, gates='roc_auc = ">= 0.9"', options='allow = ["too_few"]')

    found = here.build("churn").version.lineage.findings

    assert "too_few" not in {one.check for one in found}


def test_a_slip_in_allow_stops_the_build(tmp_path: Path) -> None:
    here = project(tmp_path, options='allow = ["identifer:row"]')

    with pytest.raises(ConfigError, match="did you mean 'identifier'"):
        here.build("churn")


def test_every_check_is_documented_with_what_it_does() -> None:
    page = (DOCS / "how-to" / "checks.md").read_text()

    for name in [*(one.name for one in CHECKS), "too_few"]:
        assert f"| `{name}` |" in page, name


def _row() -> dict[str, str]:
    return dict(zip(*(line.split(",") for line in churn_lines(1)), strict=True)) | {
        "months": "1",
        "row": "7",
    }
