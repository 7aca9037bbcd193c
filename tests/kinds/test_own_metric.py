"""A metric of the user's own, by import path, from build over gates and release to calls."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from tests.telecom import churn_lines, write_project

from twinkeel import Project
from twinkeel.errors import ConfigError

MONEY = '''
import numpy as np

def profit(y_true, y_score, sample_weight=None):
    """Mean profit a customer: a call costs 20, a customer who stays brings 300."""
    return np.average(np.where(y_score > 0.1, 300 * y_true - 20, 0), weights=sample_weight)

def unweighted(y_true, y_score):
    return float(np.mean((y_score > 0.5) == y_true))

def broken(y_true, y_score):
    raise RuntimeError("the price list is empty")

def both(y_true, y_score):
    return y_true.mean(), y_score.mean()

def nothing(y_true, y_score):
    return float("nan")

accuracy = lambda y_true, y_score: 1.0

def latency_ms(y_true, y_score):
    return 1.0

def brier(y_true, y_score):
    return float(np.mean((y_true - y_score) ** 2))
'''


def _project(folder: Path, metric: str, *, gates: str = 'profit = ">= 20"', more: str = "") -> Path:
    write_project(folder, gates=gates, options=f'metric = "{metric}"\n{more}')
    (folder / "money.py").write_text(MONEY)
    return folder


def test_a_metric_of_ones_own_chooses_is_gated_and_served_without_its_module(
    tmp_path: Path,
) -> None:
    folder = _project(tmp_path, "money:profit", gates='profit = ">= 20"\nroc_auc = ">= 0.6"')
    project = Project.open(folder)

    judged = project.build("churn")
    project.release("churn")

    assert judged.evaluation is not None
    profit = judged.evaluation.scorecard.get("profit")
    assert profit is not None
    assert profit.low < profit.value < profit.high  # type: ignore[operator]  # it has all three
    assert judged.evaluation.scorecard.get("profit[gender=Female]") is not None
    assert any("chosen by profit" in note for note in judged.version.lineage.notes)
    assert project.verify("churn@1").ok

    (folder / "money.py").unlink()
    row = next(csv.DictReader(churn_lines(1)))
    again = Project.open(folder)
    assert 0 < again.call("churn", row).values["probability"] < 1


def test_versions_are_compared_by_it_and_a_gate_asks_for_no_worse(tmp_path: Path) -> None:
    gates = 'profit = "not worse by 100"'
    project = Project.open(_project(tmp_path, "money:profit", gates=gates))
    project.build("churn")
    project.release("churn")

    second = project.build("churn", seed=1)
    compared = {one.key: one for one in project.compare("churn@1", "churn@2").scores}

    assert second.evaluation is not None
    assert second.evaluation.verdicts[0].outcome == "pass"
    assert project.verify("churn@2").ok
    gain = compared["profit"].gain
    assert gain is not None
    assert gain.low <= gain.value <= gain.high  # type: ignore[operator]  # it has all three


def test_a_component_with_a_weight_column_needs_a_metric_that_takes_it(tmp_path: Path) -> None:
    more = 'weight = "MonthlyCharges"'
    gates = 'profit = ">= 20"'
    taking = Project.open(_project(tmp_path / "a", "money:profit", gates=gates, more=more))
    without = Project.open(_project(tmp_path / "b", "money:unweighted", gates="", more=more))

    judged = taking.build("churn")
    with pytest.raises(ConfigError, match="'money:unweighted' takes no sample_weight, and the"):
        without.build("churn")

    assert judged.evaluation is not None
    assert judged.evaluation.scorecard.get("profit") is not None


def test_verifying_says_which_module_is_missing(tmp_path: Path) -> None:
    folder = _project(tmp_path, "money:unweighted", gates='unweighted = ">= 0.6"')
    Project.open(folder).build("churn")
    toml = folder / "twinkeel.toml"
    toml.write_text(toml.read_text().replace("money:unweighted", "riches:unweighted"))

    project = Project.open(folder)
    checks = {check.name: check for check in project.verify("churn@1").checks}

    assert checks["outputs"].ok
    assert not checks["scores"].ok
    assert "there is no module riches" in checks["scores"].detail
    with pytest.raises(ConfigError, match="there is no module riches: expected it beside"):
        project.evaluate("churn@1")


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("profit", "'profit' names no function: expected module:function."),
        ("money:profits", "no function 'profits'; did you mean 'profit'?"),
        ("money:__doc__", "has no function '__doc__'"),
        ("money:broken", "raised RuntimeError: the price list is empty, for"),
        ("money:both", "gave an array of shape (2,) for"),
        ("money:nothing", "gave nan for"),
        ("money:accuracy", "a classifier has a score 'accuracy' already"),
        ("money:brier", "a classifier has a score 'brier' already"),
        ("money:latency_ms", "a classifier has a score 'latency_ms' already"),
        ("sklearn.metrics:log_loss", "a classifier has a score 'log_loss' already"),
        ("sklearn.metrics:confusion_matrix", "raised ValueError: Classification metrics can't"),
    ],
)
def test_what_is_no_metric_is_told_before_anything_is_learned(
    tmp_path: Path, metric: str, said: str
) -> None:
    stages: list[str] = []
    folder = _project(tmp_path, metric, gates="")
    project = Project.open(folder, progress=lambda tick: stages.append(tick.stage))

    with pytest.raises(ConfigError, match=r"^\[components.churn\] ") as told:
        project.build("churn")

    assert "training" not in stages
    assert re.search(re.escape(said), str(told.value)), told.value
    assert project.store.versions("churn") == []


CHARGES = """
[project]
name = "telecom-test"

[sources.customers]
path = "customers.csv"

[components.charges]
kind = "regressor"
source = "customers"
target = "MonthlyCharges"
id = "customerID"
exclude = ["TotalCharges"]
work_limit = 1
{options}

[components.charges.gates]
{gates}
"""


def test_a_metric_that_needs_positive_predictions_is_asked_about_no_others(tmp_path: Path) -> None:
    options = 'metric = "sklearn.metrics:mean_gamma_deviance"\nmetric_direction = "lower"'
    gates = 'mean_gamma_deviance = "<= 1"'
    write_project(tmp_path, rows=300, options=options, gates=gates, toml=CHARGES)

    judged = Project.open(tmp_path).build("charges")

    assert judged.evaluation is not None
    assert judged.evaluation.outcome == "pass"
