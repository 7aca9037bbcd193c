"""A contract kept with the code: written from a version, and builds are held to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from telecom import churn_lines
from twinkeel.cli.app import run
from twinkeel.errors import ConfigError, ContractError, UsageError
from twinkeel.project import Project

Make = Callable[..., Project]
PIN = 'contract = "contracts/churn.json"'


def pinned(project: Project) -> Project:
    """The project, reopened with a key for its contract."""
    toml = project.config.root / "twinkeel.toml"
    toml.write_text(toml.read_text().replace("work_limit = 1", f"work_limit = 1\n{PIN}"))
    return Project.open(project.config.root)


def test_a_build_that_would_break_callers_fails_and_says_what_differs(make_project: Make) -> None:
    first = make_project(rows=400)
    first.build("churn")
    with pytest.raises(UsageError, match=r"add contract = \"contracts/churn.json\""):
        first.pin_contract("churn")
    project = pinned(first)
    with pytest.raises(ConfigError, match="there is no file contracts/churn"):
        project.build("churn")
    file = project.pin_contract("churn")
    assert file == project.config.root / "contracts" / "churn.json"
    assert json.decode(file.read_bytes())["version"] == "churn@1"
    assert str(project.build("churn").version.ref) == "churn@2"
    spoil(project)
    stages: list[str] = []
    project.progress = lambda tick: stages.append(tick.stage)
    with pytest.raises(ContractError) as failed:
        project.build("churn")
    assert (stages[-1], "training" in stages) == ("preparing", False)
    sentence = str(failed.value)
    assert sentence.startswith(
        "churn would break its callers, by the contract in contracts/churn.json (churn@1): "
    )
    assert "visits (integer) is new: a call without it is refused." in sentence
    assert len(project.store.versions("churn")) == 2
    file.write_text("{}")
    with pytest.raises(ConfigError, match=r"churn\.json is not a contract that"):
        project.build("churn")
    project.close()


def spoil(project: Project) -> None:
    """Another column in the source, which every call would have to have."""
    lines = churn_lines(400)
    more = [f"{line},{k % 9}" for k, line in enumerate(lines[1:])]
    text = "\n".join([f"{lines[0]},visits", *more])
    (project.config.root / "customers.csv").write_text(text + "\n")


def test_the_verb_shows_compares_and_exports(
    make_project: Make, tmp_path: Path, capsys: Any
) -> None:
    project = make_project(rows=400)
    project.build("churn")
    spoil(project)
    project.build("churn")
    at = ["--project", str(project.config.root), "contract"]
    assert run([*at, "churn@1"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("churn@1 reads 19 columns; every call has 19 of them.")
    assert run([*at, "churn@1", "churn@2"]) == 1
    compared = capsys.readouterr().out
    assert compared.startswith("churn@2 breaks callers of churn@1: it may refuse calls that")
    assert " breaks  visits (integer) is new: a call without it is refused." in compared
    assert run([*at, "churn@2", "churn@1"]) == 0
    assert "churn@1 breaks no callers of churn@2" in capsys.readouterr().out
    out = tmp_path / "churn.schema.json"
    assert run([*at, "churn@1", "--export", "json-schema", str(out)]) == 0
    assert json.decode(out.read_bytes())["title"] == "churn@1"
    assert run([*at, "churn@1", "churn@2", "--write"]) == 2
