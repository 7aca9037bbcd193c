"""`twinkeel init`: a project from a table, without being told much."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runs import Ran, shirts, spawn

from twinkeel import Project

Cli = Callable[..., Ran]
CHURN = Path(__file__).parents[2] / "examples" / "telecom" / "data" / "customers.csv"


def test_a_table_becomes_a_project_that_can_be_opened(cli: Cli, tmp_path: Path) -> None:
    ran = cli("init", str(CHURN), project=tmp_path / "new")
    assert ran.code == 0
    assert "The target is Churn, because its name says so" in ran.out
    assert ran.out.rstrip().endswith("twinkeel build churn")
    config = Project.open(tmp_path / "new").config
    assert config.components["churn"].options["positive"] == "Yes"
    assert config.components["churn"].options["id"] == "customerID"


def test_secrets_and_the_store_are_kept_from_git(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.csv\n.env")
    cli("init", str(CHURN), project=tmp_path)
    assert (tmp_path / ".gitignore").read_text().split() == ["*.csv", ".env", ".twinkeel/"]


def test_every_option_of_the_kind_is_there_with_its_meaning(cli: Cli, tmp_path: Path) -> None:
    cli("init", str(CHURN), "--name", "calls", project=tmp_path)
    text = (tmp_path / "twinkeel.toml").read_text()
    assert tomllib.loads(text)["project"]["name"] == "calls"
    assert '# The column to predict.\ntarget = "Churn"' in text
    assert "# exclude =" in text


def test_a_path_inside_the_project_is_written_relative_to_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "shirts.csv").write_text(shirts())
    cli("init", str(tmp_path / "data" / "shirts.csv"), project=tmp_path)
    assert 'path = "data/shirts.csv"' in (tmp_path / "twinkeel.toml").read_text()


def test_the_target_can_be_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("init", str(CHURN), "--target", "Contract", "--json", project=tmp_path)
    assert (ran.data["component"], ran.data["target"]) == ("contract", "Contract")


def test_nothing_is_overwritten(cli: Cli, folder: Path) -> None:
    before = (folder / "twinkeel.toml").read_text()
    ran = cli("init", str(CHURN))
    assert (ran.code, (folder / "twinkeel.toml").read_text()) == (2, before)
    assert "exists and is left as it is: add a second component" in ran.err


def test_a_folder_of_documents_is_told_how_an_assistant_begins(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "fees.md").write_text("# Fees\n")
    ran = cli("init", str(tmp_path / "docs"), project=tmp_path / "new")
    assert (ran.code, "docs/tutorial-assistant.md" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("table", "words", "said"),
    [
        ("a,b\n" + "".join(f"a{k},b{k}\n" for k in range(200)), [], "give --target COLUMN"),
        ("a,b\n1,2\n", ["--target", "c"], "no column 'c'"),
        ("a,b\n" + "".join(f"{k},{k}\n" for k in range(200)), ["--target", "a"], "200 different"),
        ("", [], "is empty"),
        ("a,b\n", [], "no rows"),
    ],
)
def test_what_cannot_be_started_is_one_sentence_and_leaves_nothing(
    cli: Cli, tmp_path: Path, table: str, words: list[str], said: str
) -> None:
    (tmp_path / "table.csv").write_text(table)
    ran = cli("init", str(tmp_path / "table.csv"), *words, project=tmp_path / "new")
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_file_is_no_table(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()

    ran = cli("init", str(tmp_path / "tables"), project=tmp_path)

    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "tables holds no file: give a table" in ran.err


def test_a_full_disk_leaves_no_project_behind(tmp_path: Path) -> None:
    (tmp_path / "shirts.csv").write_text(shirts())
    limited = (
        "import resource, signal; from twinkeel.cli.app import run; from twinkeel import plugins;"
        "import twinkeel.kinds.classifier, twinkeel.lifecycle.init, twinkeel.data.files;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "raise SystemExit(run(['init', 'shirts.csv']))"
    )
    done = subprocess.run([sys.executable, "-c", limited], cwd=tmp_path, check=False)
    assert done.returncode == 3
    assert {path.name for path in tmp_path.iterdir()} == {"shirts.csv", ".gitignore"}
    assert spawn("init", "shirts.csv", cwd=tmp_path).code == 0


def test_a_gitignore_in_another_encoding_is_added_to(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"caf\xe9/\r\n.env\r\n")
    assert cli("init", str(CHURN), project=tmp_path).code == 0
    assert (tmp_path / ".gitignore").read_bytes() == b"caf\xe9/\r\n.env\r\n.twinkeel/\n"


def test_a_table_without_a_header_is_refused_unless_the_target_is_named(
    cli: Cli, tmp_path: Path
) -> None:
    table = tmp_path / "adult.csv"
    table.write_text("39, 77516, Bachelors, <=50K\n" * 50 + "40, 77517, Masters, >50K\n" * 50)
    ran = cli("init", str(table), project=tmp_path)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "looks like data (39, 77516)" in ran.err
    assert cli("init", str(table), "--target", "<=50K", project=tmp_path).code == 0


def test_a_project_folder_that_is_a_file_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    ran = cli("init", str(CHURN), project=CHURN)
    assert ran.code == 2
    assert "is a file: name a folder with --project" in ran.err


def test_names_in_a_table_cannot_break_the_file(cli: Cli, tmp_path: Path) -> None:
    table = tmp_path / 'my "own" data.csv'
    table.write_text('the "id"\\,é = label\n' + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(99)))
    ran = cli("init", str(table), project=tmp_path)
    assert ran.code == 0
    options = next(iter(Project.open(tmp_path).config.components.values())).options
    assert options["target"] == "é = label"
