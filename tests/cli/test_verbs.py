"""The verbs, one after the other, as people and as programs see them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from cli_runs import KINDS, Ran, spawn, write
from rich.console import Console

from twinkeel import Project
from twinkeel.cli.commands.status import Standing
from twinkeel.cli.consoles import console
from twinkeel.cli.progress import display
from twinkeel.cli.scorecards import open_findings
from twinkeel.lifecycle.status import ComponentStatus
from twinkeel.records import Finding, Tick

Cli = Callable[..., Ran]


def test_a_component_goes_through_its_life(cli: Cli) -> None:
    assert cli("status").out.rstrip().endswith("twinkeel build sold")
    built = cli("build", "sold")
    assert built.code == 0
    assert "sold@1 passes its gates. Next: twinkeel release sold@1" in built.out
    assert "sold@1 is in production (before: nothing)." in cli("release", "sold").out
    cli("build", "sold", "--seed", "1")
    assert "sold@2 is in production (before: sold@1)." in cli("release", "sold@2").out
    assert "sold@1 is in production (before: sold@2)." in cli("rollback", "sold").out
    assert "sold@1 is in production." in cli("show", "sold").out
    assert cli("verify", "sold").out.endswith("sold@1 is what it was.\n")


def test_status_does_not_advise_to_start_a_server_that_runs(cli: Cli, folder: Path) -> None:
    cli("build", "sold")
    cli("release", "sold")
    assert cli("status").out.rstrip().endswith("twinkeel serve")
    with Project.open(folder).store as store, store.serving():
        assert "twinkeel serve" not in cli("status").out


def test_evaluating_what_is_in_production_says_so_and_advises_to_serve(
    cli: Cli, folder: Path
) -> None:
    settings = folder / "twinkeel.toml"
    settings.write_text(settings.read_text().replace(">= 0.6", "not worse by 0.1"))
    cli("build", "sold")
    cli("release", "sold")
    out = cli("evaluate", "sold").out
    assert "accuracy: sold@1 is in production itself" in out
    assert "twinkeel release" not in out
    assert out.endswith("sold@1 is in production.\nNext: twinkeel serve\n")


def test_a_doubt_about_a_gate_is_gone_once_the_gate_has_passed(folder: Path) -> None:
    doubts = tuple(
        Finding(check="too_few", found="few", key="more rows", numbers={"gate": gate})
        for gate in ("accuracy", "log_loss")
    )
    with closing(Project.open(folder)) as project:
        judged = project.build("sold")
    lineage = msgspec.structs.replace(judged.version.lineage, findings=doubts)
    version = msgspec.structs.replace(judged.version, lineage=lineage)

    told = open_findings(msgspec.structs.replace(judged, version=version))

    assert [one.numbers["gate"] for one in told] == ["log_loss"]


def test_a_narrow_terminal_cuts_no_reference_in_status() -> None:
    long = ComponentStatus(
        component="monthly_charges",
        kind="regressor",
        production=None,
        newest=12,
        outcome="pass",
        versions=12,
        stale=("support_of_customers@3",),
        next="twinkeel build monthly_charges",
    )
    wide, narrow = Console(width=160, record=True), Console(width=60, record=True)
    for one in (wide, narrow):
        one.print(Standing([long]))
    told = narrow.export_text()
    assert wide.export_text().startswith("component ")
    assert "newest     monthly_charges@12\n" in told
    assert "stale      support_of_customers@3\n" in told
    assert "next       twinkeel build monthly_charges\n" in told


def test_a_build_shows_scores_with_interval_n_and_verdict(cli: Cli) -> None:
    out = cli("build", "sold").out
    assert "score" in out
    assert "95% interval" in out
    row = next(line for line in out.splitlines() if line.startswith("accuracy "))
    assert row.split()[-4:] == ["79", ">=", "0.6", "pass"]
    assert "accuracy 0.823 (0.724 to 0.891, n=79) is at least 0.60." in out


@pytest.mark.parametrize(("gate", "outcome"), [(">= 0.95", "fail"), (">= 0.8", "inconclusive")])
def test_an_unpassed_gate_ends_build_with_1_and_release_refuses(
    cli: Cli, tmp_path: Path, gate: str, outcome: str
) -> None:
    project = write(tmp_path / outcome, gate=gate)
    built = cli("build", "sold", "--json", project=project)
    assert built.code == 1
    assert built.data["outcome"] == outcome
    refused = cli("release", "sold", project=project)
    assert refused.code == 1
    assert "--override" in refused.err


def test_an_override_is_recorded_with_its_reason(cli: Cli, tmp_path: Path) -> None:
    project = write(tmp_path / "strict", gate=">= 0.95")
    cli("build", "sold", project=project)
    made = cli("release", "sold", "--override", "the shop opens today", "--json", project=project)
    assert made.code == 0
    assert made.data["override"] == "the shop opens today"
    assert made.data["who"]


def test_evaluate_judges_again_and_ends_as_build_does(cli: Cli) -> None:
    cli("build", "sold")
    again = cli("evaluate", "sold", "--json")
    assert (again.code, again.data["ref"], again.data["outcome"]) == (0, "sold@1", "pass")


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("show", "sold"),
        ("verify", "sold"),
        ("evaluate", "sold"),
        ("gc", "--dry-run"),
        ("keys", "list"),
        ("keys", "create", "ann"),
        ("call", "sold", "color=red"),
        ("completion", "bash"),
        ("release", "sold"),
        ("show", "sold@9"),
        ("nonsense",),
        ("build",),
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(cli: Cli, command: tuple[str, ...]) -> None:
    cli("build", "sold")
    ran = cli(*command, "--json")
    assert ran.err == ""
    if ran.code:
        assert ran.data.keys() == {"error", "exit_code"}
        assert ran.data["exit_code"] == ran.code


def test_options_of_every_verb_may_stand_before_it(folder: Path) -> None:
    inside = folder / "below"
    inside.mkdir()
    ran = spawn("--json", "--project", str(inside), "status")
    assert ran.data[0]["component"] == "sold"


def test_a_secret_is_shown_once_and_its_key_can_be_revoked(cli: Cli) -> None:
    made = cli("keys", "create", "ann", "--role", "viewer", "--json").data
    assert made["secret"].startswith("twk_")
    listed = cli("keys", "list").out
    assert "ann" in listed
    assert made["secret"] not in listed
    assert cli("keys", "revoke", "ann", "--json").data["revoked"]
    assert cli("keys", "create", "bob", "--role", "boss").code == 2


def test_names_with_brackets_are_shown_as_they_are(cli: Cli) -> None:
    cli("keys", "create", "[red]ann[/red]")
    assert "[red]ann[/red]" in cli("keys", "list").out


def test_gc_says_what_it_would_remove_and_removes_nothing(cli: Cli) -> None:
    cli("build", "sold")
    assert cli("gc", "--dry-run").out.startswith("Would remove 0 versions, 0 events")
    assert cli("status", "--json").data[0]["versions"] == 1


def test_a_shell_completes_verbs_and_components(cli: Cli, folder: Path) -> None:
    assert "rollback" in cli("completion", "zsh").out
    offered = spawn("__complete", "build", "so", cwd=folder).out
    assert "sold\tlookup" in offered.splitlines()


def test_a_shell_completes_components_of_the_project_that_is_meant(
    folder: Path, tmp_path: Path
) -> None:
    inside, away = folder / "below", tmp_path / "away"
    inside.mkdir()
    away.mkdir()
    assert "sold\tlookup" in spawn("__complete", "build", "so", cwd=inside).out
    words = ("__complete", "build", "--project", str(folder), "so")
    assert "sold\tlookup" in spawn(*words, cwd=away).out
    (away / "twinkeel.toml").write_bytes(b"\xff\xfe")
    ran = spawn("__complete", "build", "so", cwd=away)
    assert (ran.code, ran.err) == (0, "")
    assert "sold" not in ran.out


def test_progress_is_one_line_per_stage_where_nobody_watches(cli: Cli) -> None:
    lines = cli("build", "sold").err.splitlines()
    assert sum("counting" in line for line in lines) == 1
    assert lines[0].endswith("reading: shirts (shirts.csv)")


def test_progress_tells_of_a_new_detail_once(capsys: pytest.CaptureFixture[str]) -> None:
    with display(console(sys.stderr)) as show:
        for detail in ("first", "second", "second", "first"):
            show(Tick(stage="training", detail=detail))
            time.sleep(1.01)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("] ")[1] for line in lines] == ["training: first", "training: second"]


def test_a_notebook_shows_where_the_components_stand(cli: Cli, folder: Path) -> None:
    cli("build", "sold")
    project = Project.open(folder)
    html = project._repr_html_()
    assert html.count("<th>") == html.count("<td>") == 5
    assert "<td>1</td><td>twinkeel release sold@1</td>" in html
    assert repr(project) == f"Project.open({str(folder)!r})"
    project.close()


def test_serve_says_where_it_listens_and_ends_with_an_interrupt(cli: Cli, folder: Path) -> None:
    cli("build", "sold")
    cli("release", "sold")
    serving = subprocess.Popen(
        [sys.executable, "-m", "twinkeel", "serve", "--port", "0"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(KINDS)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    line = serving.stdout.readline()
    assert line.startswith("Serving sold@1 on http://127.0.0.1:")
    with urllib.request.urlopen(f"{line.split()[3]}/readyz") as ready:
        assert ready.status == 200
    serving.send_signal(signal.SIGINT)
    serving.communicate(timeout=20)
    assert serving.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--help"], "3 the environment"),
        (["monitor", "--help"], "4 nothing could be judged yet"),
        (["-h", "build"], "Ends with 1 if a gate failed or is inconclusive."),
        (["predict", "--help"], "One row is written as COLUMN=VALUE words"),
        (["keys", "--help"], "Create a key and show its secret, once."),
    ],
)
def test_help_says_what_an_exit_code_means(cli: Cli, words: list[str], said: str) -> None:
    ran = cli(*words)

    assert ran.code == 0
    assert said in " ".join(ran.out.split())
