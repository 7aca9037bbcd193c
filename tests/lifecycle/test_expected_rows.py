"""What is expected of a source stops a build or is noted, and holds for every served row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from telecom import TOML
from twinkeel.errors import ContractError
from twinkeel.lifecycle.package import FolderShelf, read
from twinkeel.project import Project
from twinkeel.server.app import application, project_service

BROKEN = "customers breaks an expectation: tenure: expected at most 70, and "
CALL = "/v1/components/churn/call"
Make = Callable[..., Project]


def expecting(on_violation: str, most: int) -> str:
    return f"""{TOML}
[sources.customers.expect]
on_violation = "{on_violation}"
[sources.customers.expect.columns.tenure]
min = 0
max = {most}
[sources.customers.expect.columns.Churn]
values = ["Yes", "No"]
"""


def test_a_build_stops_with_a_sentence_for_every_broken_expectation(make_project: Make) -> None:
    project = make_project(toml=expecting("stop", 70))
    with pytest.raises(ContractError) as stopped:
        project.build("churn")
    sentence = str(stopped.value)
    assert sentence.startswith(BROKEN)
    assert "of 800 rows break it: row" in sentence
    assert 'set on_violation = "report" in [sources.customers.expect].' in sentence
    assert project.store.versions("churn") == []


def test_what_is_reported_is_noted_in_a_build_and_warned_about_in_a_call(
    make_project: Make, churn_rows: list[dict[str, Any]]
) -> None:
    project = make_project(toml=expecting("report", 70))
    notes = project.build("churn").version.lineage.notes
    assert notes[0].startswith(BROKEN)
    answers = project.call("churn", [churn_rows[0], churn_rows[0] | {"tenure": "71"}])
    assert [answer.warnings for answer in answers] == [
        (),
        ("tenure: expected at most 70, got '71'.",),
    ]


def test_a_served_row_that_breaks_an_expectation_is_refused_and_so_by_a_package(
    make_project: Make, churn_rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    project = make_project(toml=expecting("stop", 72))
    project.build("churn")
    project.release("churn", override="for a test")
    bad = [churn_rows[0], churn_rows[0] | {"tenure": -1}]
    app = application(project_service(project.config, project.store, host="127.0.0.1"))
    with TestClient(app, base_url="http://localhost:8400", client=("127.0.0.1", 50_000)) as client:
        assert client.post(CALL, json={"rows": bad[:1]}).status_code == 200
        reply = client.post(CALL, json={"rows": bad})
    assert reply.status_code == 422
    said = "Row 2, column tenure: expected at least 0, got -1; correct it."
    assert reply.json()["error"] == said
    folder = project.package("churn", tmp_path / "packaged")
    packaged = read(folder)
    with pytest.raises(ContractError, match="column tenure: expected at least 0, got -1"):
        FolderShelf(folder, packaged).load(packaged.ref).servable.call(bad)
