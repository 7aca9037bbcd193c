"""The classifier keeps what every kind must keep."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pytest
from starlette.testclient import TestClient

from telecom import churn_lines
from twinkeel.errors import ConfigError, ContractError
from twinkeel.project import Project
from twinkeel.server.app import application, project_service
from twinkeel.testing import check_kind

MakeProject = Callable[..., Project]


def test_the_classifier_passes_the_acceptance_suite(make_project: MakeProject) -> None:
    judged = check_kind(make_project(rows=500), "churn")

    assert judged.evaluation is not None
    keys = {score.key for score in judged.evaluation.scorecard.scores}
    assert {"roc_auc", "log_loss", "brier", "calibration_error", "accuracy", "f1"} <= keys
    assert {"roc_auc[gender=Female]", "equalized_odds_difference[gender]"} <= keys
    assert {"coverage", "coverage[class=Yes]", "coverage[gender=Female]"} <= keys
    assert {"worst_coverage", "set_size", "singleton_share"} <= keys
    assert {"precision", "recall", "acted_share"} <= keys
    assert {"latency_ms", "rows_per_second", "bundle_mb"} <= keys


def test_costs_become_money_and_the_decision(make_project: MakeProject) -> None:
    project = make_project(
        options="costs = {Yes = {No = 500.0}, No = {Yes = 50.0}}", gates='cost = "<= 100"'
    )

    judged = project.build("churn")

    assert judged.evaluation is not None
    assert judged.evaluation.verdicts[0].outcome == "pass"
    rows = list(csv.DictReader(churn_lines(200)))
    outputs = project.call("churn@1", rows)
    decided = [output.values["prediction"] == "Yes" for output in outputs]
    likely = [output.values["probability"] > 1 / 11 for output in outputs]
    assert decided == likely
    page = project.report("churn@1").read_text()
    assert "The decision&#39;s money" in page or "The decision's money" in page
    assert "mean cost of a decision by the probability of Yes" in page
    assert "class Yes, gender=Female" in page
    assert "cutoff None" not in page


def test_a_frame_is_answered_by_a_frame_of_the_same_library(make_project: MakeProject) -> None:
    project = make_project()
    project.build("churn")
    rows = list(csv.DictReader(churn_lines(30)))

    from_pandas = project.predict("churn@1", pd.DataFrame(rows))
    from_polars = project.predict("churn@1", pl.DataFrame(rows))
    alone = [output.values["probability"] for output in project.predict("churn@1", rows)]

    assert isinstance(from_pandas, pd.DataFrame)
    assert isinstance(from_polars, pl.DataFrame)
    assert np.allclose(from_pandas["probability"], alone)
    assert np.allclose(from_polars["probability"], alone)
    assert set(from_pandas["set"]) <= {'["Yes"]', '["No"]', '["No","Yes"]'}


def test_odd_rows_are_answered_with_warnings(
    make_project: MakeProject, churn_rows: list[dict[str, str]]
) -> None:
    project = make_project()
    project.build("churn")
    row = churn_rows[0]

    odd = project.call("churn@1", {**row, "Contract": "Decade", "tenure": None, "new": 1})
    shuffled = project.call("churn@1", dict(reversed(row.items())))
    typed = project.call("churn@1", {**row, "tenure": int(row["tenure"])})

    text = " ".join(odd.warnings)
    assert "Decade" in text
    assert "tenure" in text
    assert "new" in text
    plain = project.call("churn@1", row)
    assert shuffled == plain
    assert typed.values == plain.values


@pytest.mark.parametrize("change", [{"tenure": "long"}, {"tenure": [1]}, {"tenure": ...}])
def test_a_row_that_breaks_the_contract_is_one_sentence(
    make_project: MakeProject, churn_rows: list[dict[str, str]], change: dict[str, object]
) -> None:
    project = make_project(rows=300)
    project.build("churn")
    row = {**churn_rows[0], **change}
    if change["tenure"] is ...:
        del row["tenure"]

    with pytest.raises(ContractError, match="tenure") as caught:
        project.call("churn@1", row)

    assert "\n" not in str(caught.value)


def test_contributions_add_up_to_the_log_odds(
    make_project: MakeProject, churn_rows: list[dict[str, str]]
) -> None:
    project = make_project()
    project.build("churn")

    for row in churn_rows:
        why = project.explain("churn@1", row)
        summed = why.base + sum(one.contribution for one in why.contributions)
        assert abs(summed - why.total) < 1e-4
        assert {one.name for one in why.contributions} <= set(row)


def test_rows_are_left_to_a_person_and_that_is_scored(
    make_project: MakeProject, churn_rows: list[dict[str, str]]
) -> None:
    project = make_project(options="abstain = 0.15", gates='risk = "<= 0.5"')

    judged = project.build("churn")

    assert judged.evaluation is not None
    card = judged.evaluation.scorecard
    assert 0 < card.get("abstained_share").value < 1
    outputs = [project.call("churn@1", row).values for row in churn_rows]
    assert all((output["prediction"] is None) == output["abstained"] for output in outputs)
    assert all(set(output["set"]) <= {"Yes", "No"} for output in outputs)
    assert faces(project, churn_rows[0]) == outputs[0]
    verified = project.verify("churn@1")
    assert all(check.ok for check in verified.checks)


def faces(project: Project, row: dict[str, str]) -> dict[str, object]:
    """What HTTP and the Open Inference Protocol answer alike, as OpenAPI describes it."""
    project.release("churn@1", override="for the test")
    service = project_service(project.config, project.store, host="127.0.0.1")
    columns = [
        {"name": name, "datatype": "BYTES", "shape": [1], "data": [value]}
        for name, value in row.items()
    ]
    with TestClient(
        application(service), base_url="http://localhost:8400", client=("127.0.0.1", 50_000)
    ) as client:
        called = client.post("/v1/components/churn/call", json=row).json()["output"]
        inferred = client.post("/v2/models/churn/infer", json={"inputs": columns}).json()
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    tensors = {one["name"]: one["data"][0] for one in inferred["outputs"]}
    assert json.loads(tensors["set"]) == called["set"]
    assert tensors["abstained"] == called["abstained"]
    described = schemas["churn.One"]["properties"]["output"]["properties"]
    assert described["set"]["type"] == ["array", "null"]
    return called


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("capacity = 0.1\nprecision = 0.8", "capacity and precision cannot decide together"),
        ("coverage = 90", "coverage must be between 0 and 1, not 90"),
    ],
)
def test_options_that_cannot_be_kept_are_one_sentence(
    make_project: MakeProject, options: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make_project(rows=300, options=options).build("churn")
