"""What is expected of a source stops a build or is noted, and holds for every served row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from telecom import TOML
from twinkeel.cli.app import run
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


def test_every_row_is_held_to_what_is_expected_where_a_sample_is_learned_from(
    make_project: Make,
) -> None:
    toml = expecting("stop", 72).replace('"customers.csv"', '"customers.csv"\nsample_rows = 300')
    more = "[sources.customers.expect.{}]\n{} = {}\n"
    rows, ids = ("rows", "min", "900"), ("columns.customerID", "unique", "true")
    project = make_project(toml=f"{toml}{more.format(*rows)}{more.format(*ids)}")
    table = project.config.root / "customers.csv"
    head, *lines = table.read_text().splitlines()
    table.write_text("\n".join([head, *lines, lines[0]]))
    with pytest.raises(ContractError) as stopped:
        project.build("churn")
    assert "expected at least 900 rows, and there are 801." in str(stopped.value)
    assert "1 of 801 rows repeats one: row 801 has" in str(stopped.value)


def test_what_is_reported_is_noted_in_a_build_and_warned_about_in_a_call(
    make_project: Make, churn_rows: list[dict[str, Any]], tmp_path: Path, capsys: Any
) -> None:
    project = make_project(toml=expecting("report", 70))
    notes = project.build("churn").version.lineage.notes
    assert notes[0].startswith(BROKEN)
    answers = project.call("churn", [churn_rows[0], churn_rows[0] | {"tenure": "71"}])
    assert [answer.warnings for answer in answers] == [
        (),
        ("tenure: expected at most 70, got '71'.",),
    ]
    at = ["--project", str(project.config.root)]
    assert run([*at, "contract", "churn@1"]) == 0
    assert "A row that is not as expected is answered with a warning." in capsys.readouterr().out
    bad = {4: "MonthlyCharges", 2: "Contract", 1: "TotalCharges", 7: "MonthlyCharges"}
    broken = [row | ({bad[k]: "abc"} if k in bad else {}) for k, row in enumerate(churn_rows)]
    file = tmp_path / "bad.csv"
    file.write_text(
        "\n".join(",".join(row) for row in [list(broken[0]), *(r.values() for r in broken)])
    )
    assert run([*at, "call", "churn@1", "--in", str(file), "--out", str(tmp_path / "o.csv")]) == 2
    said = capsys.readouterr().err
    assert "Row 2, column TotalCharges: expected a number, got 'abc'" in said
    assert "2 more of these 20 rows are refused as well." in " ".join(said.split())


@pytest.mark.parametrize("on_violation", ["report", "stop"])
def test_a_file_is_held_to_what_is_expected_of_all_its_rows(
    make_project: Make, tmp_path: Path, capsys: Any, on_violation: str
) -> None:
    more = "[sources.customers.expect.columns.{}]\n{} = {}\n"
    whole = more.format("customerID", "unique", "true") + more.format("gender", "missing", "0.01")
    project = make_project(toml=expecting(on_violation, 72) + whole)
    project.build("churn")
    table = pd.read_csv(project.config.root / "customers.csv").head(40)
    table.loc[7, "customerID"] = table.loc[2, "customerID"]
    table.loc[9, "gender"] = None
    source, out = tmp_path / "new.csv", tmp_path / "scored.csv"
    table.to_csv(source, index=False)
    at = ["--project", str(project.config.root)]

    code = run([*at, "call", "churn@1", "--in", str(source), "--out", str(out)])

    told = " ".join("".join(capsys.readouterr()).split())
    assert "customerID: expected no value twice, and 1 of 40 rows repeats one: row 8 has" in told
    assert "gender: expected at most 0.01 of the values to be missing, and 1 of 40 are" in told
    assert (code, out.exists()) == ((0, True) if on_violation == "report" else (2, False))


def test_a_served_row_that_breaks_an_expectation_is_refused_and_so_by_a_package(
    make_project: Make, churn_rows: list[dict[str, Any]], tmp_path: Path, capsys: Any
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
    assert run(["--project", str(project.config.root), "contract", "churn@1"]) == 0
    shown = capsys.readouterr().out
    assert "them. A row that is not as expected is refused.\n" in shown
    assert " a number, at least 0, at most 72 " in shown
    folder = project.package("churn", tmp_path / "packaged")
    packaged = read(folder)
    with pytest.raises(ContractError, match="column tenure: expected at least 0, got -1"):
        FolderShelf(folder, packaged).load(packaged.ref).servable.call(bad)
