"""The regressor keeps what every kind must keep, and its intervals hold what they promise."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from starlette.testclient import TestClient

from telecom import write_project
from twinkeel.errors import ConfigError, InputError
from twinkeel.lifecycle.init import init
from twinkeel.lifecycle.serve import Live
from twinkeel.project import Project
from twinkeel.records import Evidence, Terms, now
from twinkeel.server.app import application, project_service
from twinkeel.testing import check_kind
from waiting import eventually

TOML = """
[project]
name = "telecom-test"

[sources.customers]
path = "customers.csv"

[components.charges]
kind = "regressor"
source = "customers"
target = "{target}"
id = "customerID"
exclude = ["TotalCharges", "Churn"]
sensitive = ["gender", "SeniorCitizen"]
work_limit = 1
{options}

[components.charges.gates]
{gates}
"""


def project_at(folder: Path, *, target: str = "MonthlyCharges", rows: int = 700, options: str = ""):
    toml = TOML.replace("{target}", target)
    gates = 'r2 = ">= 0.9"\ncoverage = ">= 0.8"'
    return Project.open(write_project(folder, rows=rows, toml=toml, gates=gates, options=options))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = project_at(tmp_path_factory.mktemp("regressor"), rows=2000)
    project.build("charges")
    yield project
    project.close()


def test_the_regressor_passes_the_acceptance_suite(tmp_path: Path) -> None:
    judged = check_kind(project_at(tmp_path, options="interval = 0.8"), "charges")

    assert judged.evaluation is not None
    keys = {score.key for score in judged.evaluation.scorecard.scores}
    assert {"rmse", "mae", "median_absolute_error", "r2", "bias", "coverage"} <= keys
    assert {"coverage[gender=Female]", "interval_width", "quantile_loss"} <= keys
    assert {"coverage_difference[gender]", "mae_difference[SeniorCitizen]"} <= keys
    assert {"latency_ms", "rows_per_second", "bundle_mb"} <= keys
    assert judged.evaluation.verdicts[0].outcome == "pass"


@pytest.mark.parametrize(("better", "state"), [(True, "promoted"), (False, "rolled back")])
def test_a_trial_is_decided_by_the_errors_as_labels_come(
    tmp_path: Path, better: bool, state: str
) -> None:
    toml = tmp_path / "twinkeel.toml"
    project_at(tmp_path).close()
    good = toml.read_text()
    blind = good.replace('"Churn"]', '"Churn", "InternetService", "PhoneService", "tenure"]')
    for text in (blind, good) if better else (good, blind):
        toml.write_text(text)
        with closing(Project.open(tmp_path)) as opened:
            opened.build("charges")
    with closing(Project.open(tmp_path)) as project:
        project.release("charges@1", override="a test")
        terms = Terms(mode="shadow", share=1.0, margin=0.05)
        project.try_out("charges@2", terms, override="a test")
        live = Live.of(project.config, project.store)
        live.refresh()
        rows = list(csv.DictReader((tmp_path / "customers.csv").open()))[:120]
        told = [(live.call("charges", [row])[0].event, row["MonthlyCharges"]) for row in rows]
        events = project.store.events
        # What waits for the candidate is dropped when serving ends.
        assert eventually(lambda: len(list(events.each("charges", "shadow"))) == len(told))
        live.close()
        lines = ["event,paid", *(f"{event},{paid}" for event, paid in told)]
        (tmp_path / "paid.csv").write_text("\n".join(lines))
        project.label("charges", tmp_path / "paid.csv", columns={"event": "event", "value": "paid"})

        ended = project.trial("charges")

    assert ended.state == state
    assert ended.standing.labelled == len(told)


def test_an_answer_lies_in_its_interval_and_is_explained_in_its_units(built, churn_rows) -> None:
    for row in churn_rows:
        output = built.call("charges@1", row).values
        why = built.explain("charges@1", row)

        assert output["low"] <= output["prediction"] <= output["high"]
        assert why.total == pytest.approx(output["prediction"])
        summed = why.base + sum(one.contribution for one in why.contributions)
        assert summed == pytest.approx(why.total)
        assert "TotalCharges" not in {one.name for one in why.contributions}


def test_intervals_hold_their_share_in_every_group(built) -> None:
    card = built.show("charges@1").evaluation.scorecard

    for key in ("coverage", "coverage[gender=Female]", "coverage[gender=Male]"):
        assert card.get(key).high >= 0.9


def test_the_report_shows_predictions_and_intervals(built) -> None:
    page = built.report("charges@1").read_text()

    assert "Actual against predicted values" in page
    assert "SeniorCitizen=1" in page


@pytest.fixture(scope="module")
def client(built):
    built.release("charges@1", override="for the test")
    service = project_service(built.config, built.store, host="127.0.0.1")
    with TestClient(
        application(service), base_url="http://localhost:8400", client=("127.0.0.1", 50_000)
    ) as made:
        yield made


def test_every_face_gives_the_prediction_with_its_interval(built, client, churn_rows) -> None:
    row = churn_rows[0]
    wanted = built.call("charges@1", row).values

    called = client.post("/v1/components/charges/call", json=row).json()["output"]
    columns = [
        {"name": name, "datatype": "BYTES", "shape": [1], "data": [value]}
        for name, value in row.items()
    ]
    inferred = client.post("/v2/models/charges/infer", json={"inputs": columns}).json()
    document = client.get("/openapi.json").json()

    assert called == wanted
    assert {one["name"]: one["data"][0] for one in inferred["outputs"]} == pytest.approx(wanted)
    assert '"low"' in json.dumps(document)
    why = client.post("/v1/components/charges/explain", json=row).json()
    assert (why["of"], why["unit"]) == ("MonthlyCharges", "units")


def test_the_truth_of_a_call_must_be_a_number(client, churn_rows) -> None:
    event = client.post("/v1/components/charges/call", json=churn_rows[0]).json()["event"]

    right = client.post(f"/v1/events/{event}/label", json={"value": 70.5})
    wrong = client.post(f"/v1/events/{event}/label", json={"value": "dear"})

    assert right.is_success
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"target": "Contract"}, InputError, "must hold numbers"),
        ({"options": "interval = 90"}, ConfigError, "interval must be between 0 and 1, not 90"),
        ({"rows": 15}, InputError, "needs 20 or more"),
    ],
)
def test_what_cannot_be_learned_is_one_sentence(tmp_path: Path, change, error, sentence) -> None:
    with pytest.raises(error, match=sentence) as caught:
        project_at(tmp_path, **change).build("charges")

    assert "\n" not in str(caught.value)


def test_a_target_of_many_numbers_is_proposed_a_regressor(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{i},{x:.3f},{2 * x:.2f}" for i, x in enumerate(rng.normal(10, 3, 200))]
    (tmp_path / "houses.csv").write_text("\n".join(["house_id,size,price", *lines]))

    started = init(tmp_path / "houses.csv", tmp_path, target="price")

    assert started.kind == "regressor"
    written = started.config.read_text()
    assert 'id = "house_id"' in written
    assert '# coverage = ">= 0.85"' in written


@pytest.mark.parametrize(("apart", "ok"), [(3e-6, True), (3e-4, False)])
def test_verify_leaves_room_for_what_processors_round_of_large_amounts(
    built, apart: float, ok: bool
) -> None:
    """Hidden units of nets are single: other batches differ by a millionth of the spread."""
    judged = built.store.evaluation(built.version("charges").ref)
    evidence = msgspec.json.decode(built.store.get_object(judged.evidence_digest), type=Evidence)
    by = apart * float(np.std(evidence.expected))
    moved = [one + by for one in evidence.outputs["prediction"]]
    rounded = msgspec.structs.replace(evidence, outputs=evidence.outputs | {"prediction": moved})
    digest = built.store.put_object(msgspec.json.encode(rounded))
    built.store.add_evaluation(
        msgspec.structs.replace(judged, evidence_digest=digest, created=now())
    )

    checks = {one.name: one.ok for one in built.verify("charges").checks}
    built.store.add_evaluation(msgspec.structs.replace(judged, created=now()))

    assert checks["outputs"] == ok
