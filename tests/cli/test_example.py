"""The telecom example: what it says of its data, and the demo's steps on it."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from cli_runs import spawn

from twinkeel.config import load

TELECOM = Path(__file__).parents[2] / "examples" / "telecom"
TABLE = TELECOM / "data" / "customers.csv"


def test_the_table_is_the_one_that_source_md_names() -> None:
    said = (TELECOM / "data" / "SOURCE.md").read_text()
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() in said
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows):,} rows, {len(rows[0])} columns" in said


def test_the_gates_are_on_both_groups_and_on_production() -> None:
    gates = load(TELECOM).components["churn"].gates
    assert gates["roc_auc"] == ">= 0.80"
    assert {"roc_auc[gender=Female]", "roc_auc[gender=Male]"} < gates.keys()
    assert gates["log_loss"].startswith("not worse by")


def test_the_assistant_stands_beside_the_models() -> None:
    config = load(TELECOM)
    assert list(config.components) == ["churn", "monthly_charges", "support"]
    assert config.components["support"].gates == {"recall_at_5": ">= 0.85"}


def test_what_gives_the_charges_away_is_not_learned_from() -> None:
    charges = load(TELECOM).components["monthly_charges"]
    assert charges.options["exclude"] == ["TotalCharges", "Churn"]
    assert {"coverage[gender=Female]", "coverage[gender=Male]"} < charges.gates.keys()


@pytest.mark.slow
def test_the_demo_tells_what_new_customers_would_pay(tmp_path: Path) -> None:
    project = tmp_path / "demo"
    shutil.copytree(TELECOM, project, ignore=shutil.ignore_patterns(".twinkeel"))
    config = project / "twinkeel.toml"
    config.write_text(config.read_text().replace('time_limit = "20s"', 'time_limit = "10s"'))
    assert spawn("build", "monthly_charges", cwd=project).code == 0
    new = (project / "new.json").read_text()
    first, _ = spawn("call", "monthly_charges@1", "--json", stdin=new, cwd=project).data
    paid = json.loads(new)[0]["MonthlyCharges"]
    assert first["values"]["low"] < float(paid) < first["values"]["high"]
    assert first["warnings"] == []


@pytest.mark.slow
def test_the_demo_asks_the_assistant(tmp_path: Path) -> None:
    project = tmp_path / "demo"
    shutil.copytree(TELECOM, project, ignore=shutil.ignore_patterns(".twinkeel"))
    assert spawn("build", "support", cwd=project).code == 0
    assert spawn("release", "support", cwd=project).code == 0
    known = "How many days before should I tell you that I want to end month-to-month?"
    answered = spawn("ask", "support", known, "--json", cwd=project).data
    assert "7 days" in json.dumps(answered)
    unknown = spawn("ask", "support", "Do you sell electric cars?", "--json", cwd=project)
    assert '"abstained": true' in json.dumps(unknown.data)


def test_the_new_customers_have_the_columns_of_the_table() -> None:
    header = TABLE.read_text().splitlines()[0].split(",")
    for row in json.loads((TELECOM / "new.json").read_text()):
        assert list(row) == [name for name in header if name != "Churn"]


@pytest.mark.slow
def test_the_steps_of_the_demo_lead_to_explained_answers(tmp_path: Path) -> None:
    project = tmp_path / "demo"
    shutil.copytree(TELECOM, project, ignore=shutil.ignore_patterns(".twinkeel"))
    config = project / "twinkeel.toml"
    config.write_text(config.read_text().replace('time_limit = "40s"', 'time_limit = "15s"'))
    assert spawn("build", "churn", cwd=project).code == 0
    assert spawn("release", "churn", cwd=project).code == 0
    new = (project / "new.json").read_text()
    leaving, staying = spawn("call", "churn", "--explain", "--json", stdin=new, cwd=project).data
    assert leaving["values"]["probability"] > 0.5 > staying["values"]["probability"]
    why = leaving["explanation"]
    added = why["base"] + sum(part["contribution"] for part in why["contributions"])
    assert added == pytest.approx(why["total"], abs=1e-4)
