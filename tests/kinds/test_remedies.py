"""What a rebuild may try with a regressor and with an assistant, beside production."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fees import SERVICES, write_fee, write_fees
from telecom import churn_lines, write_project
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.records import Compared, Rebuild

TOML = """
[project]
name = "telecom-test"

[sources.customers]
path = "customers.csv"

[components.charges]
kind = "regressor"
source = "customers"
target = "MonthlyCharges"
id = "customerID"
exclude = ["TotalCharges", "Churn"]
work_limit = 1
{options}

[components.charges.gates]
{gates}
"""


def compared(found: Rebuild, name: str) -> Compared:
    return next(one for one in found.table if one.name == name)


def charges(folder: Path, change: Callable[[float], float]) -> tuple[Project, list[dict[str, str]]]:
    """A regressor in production whose new rows cost what `change` makes of the old prices."""
    gates = 'rmse = "not worse by 0.5"\ncoverage = "not worse by 0.05"'
    project = Project.open(write_project(folder, rows=1_000, toml=TOML, gates=gates))
    project.build("charges")
    project.release("charges")
    project.close()
    rows = list(csv.DictReader(churn_lines(2_500)))[1_000:]
    for row in rows:
        row["MonthlyCharges"] = f"{change(float(row['MonthlyCharges'])):.2f}"
    with (folder / "customers.csv").open("a", newline="") as file:
        csv.DictWriter(file, list(rows[0])).writerows(rows)
    return Project.open(folder), rows


def test_prices_that_all_rise_need_no_more_than_a_calibration(tmp_path: Path) -> None:
    project, rows = charges(tmp_path, lambda price: 1.5 * price + 20)

    found = project.rebuild("charges")

    assert (found.chosen, found.released) == ("recalibrate", True)
    model = load(project.store, project.version("charges@2"))
    outputs = [one.values for one in model.call(rows)]
    truth = np.asarray([float(row["MonthlyCharges"]) for row in rows])
    inside = [one["low"] <= y <= one["high"] for one, y in zip(outputs, truth, strict=True)]
    assert abs(np.mean([one["prediction"] for one in outputs]) - truth.mean()) < 2
    assert 0.85 < np.mean(inside) < 0.95
    why = project.explain("charges@2", rows[0])
    assert abs(why.total - outputs[0]["prediction"]) < 1e-6


@pytest.mark.slow
def test_a_regressor_that_is_right_is_kept(tmp_path: Path) -> None:
    project, _ = charges(tmp_path, lambda price: price)

    found = project.rebuild("charges")

    assert found.chosen in ("keep", "refit")  # refit may learn more from three times the rows
    assert compared(found, "recalibrate").fate == "not worth it"


@pytest.mark.slow
def test_an_assistant_whose_documents_changed_reads_them_again(tmp_path: Path) -> None:
    project = Project.open(write_fees(tmp_path / "p"))
    project.build("support")
    project.release("support", override="for this test")
    for k, service in enumerate(SERVICES):
        write_fee(tmp_path / "p", service, 70 + k)
    path = tmp_path / "p" / "questions.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["answers"] = [f"${int(line['answers'][0][1:]) + 60}"]
    path.write_text("\n".join(json.dumps(line) for line in lines))

    found = Project.open(tmp_path / "p").rebuild("support", dry_run=True)

    assert [one.name for one in found.table] == ["keep", "threshold", "reindex", "search"]
    assert found.chosen in ("keep", "reindex", "search")
    assert compared(found, "threshold").fate != "chosen"
    assert all(one.fate != "impossible" for one in found.table)
