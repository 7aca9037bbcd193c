"""Calling a version: one row, several, a file, a frame; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from cli_runs import Ran, shirts, spawn

from twinkeel import Project
from twinkeel.errors import ContractError, UsageError

Cli = Callable[..., Ran]


@pytest.fixture
def project(cli: Cli, folder: Path) -> Project:
    cli("build", "sold")
    return Project.open(folder)


def test_one_row_in_words_gets_one_answer(cli: Cli, project: Project) -> None:
    assert "label: yes" in cli("call", "sold", "color=red").out
    assert cli("predict", "sold@1", "color=blue", "--json").data["values"]["label"] == "no"


def test_an_answer_carries_its_warnings(cli: Cli, project: Project) -> None:
    assert "note: color 'green' is new." in cli("call", "sold", "color=green").out


def test_rows_come_as_json_or_on_standard_input(cli: Cli, project: Project, folder: Path) -> None:
    rows = json.dumps([{"color": "red"}, {"color": "blue"}])
    labels = [
        one["values"]["label"] for one in cli("call", "sold", "--json-in", rows, "--json").data
    ]
    assert labels == ["yes", "no"]
    piped = spawn("call", "sold", "--json", stdin='{"color": "blue"}', cwd=folder)
    assert piped.data["values"]["label"] == "no"


def test_an_explanation_adds_up_and_shows_the_largest_parts(cli: Cli, project: Project) -> None:
    ran = cli("call", "sold", "color=red", "--explain")
    assert "2 more" in ran.out
    why = cli("call", "sold", "color=red", "--explain", "--json").data["explanation"]
    assert why["total"] == why["base"] + sum(c["contribution"] for c in why["contributions"])


@pytest.mark.parametrize("name", ["scored.csv", "scored.parquet"])
def test_a_file_is_written_with_the_outputs_beside_its_rows(
    cli: Cli, project: Project, folder: Path, name: str
) -> None:
    out = folder / name
    ran = cli("call", "sold", "--in", str(folder / "shirts.csv"), "--out", str(out), "--json")
    assert (ran.code, ran.data["rows"]) == (0, 400)
    scored = pd.read_csv(out) if name.endswith("csv") else pd.read_parquet(out)
    assert list(scored.columns) == [
        "id", "color", "sold", "label", "share_yes", "share_no", "warnings",
    ]  # fmt: skip
    assert (scored["label"] == scored["color"].map({"red": "yes", "blue": "no"})).all()


def test_a_file_larger_than_a_batch_keeps_its_order(
    cli: Cli, project: Project, tmp_path: Path
) -> None:
    source, out = tmp_path / "many.csv", tmp_path / "scored.csv"
    source.write_text(shirts(12_345))
    assert project.call_file("sold", source, out).rows == 12_345
    assert pd.read_csv(out)["id"].tolist() == [f"s{k}" for k in range(12_345)]


def test_an_output_never_takes_the_place_of_an_input(project: Project, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("color,label\nred,mine\n")
    project.call_file("sold", tmp_path / "in.csv", tmp_path / "out.csv")
    row = pd.read_csv(tmp_path / "out.csv").iloc[0]
    assert (row["label"], row["sold_label"]) == ("mine", "yes")


def test_a_row_that_breaks_the_contract_leaves_no_file(project: Project, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("colour\nred\n")
    with pytest.raises(ContractError, match=r"in\.csv: Row 1: the required column color"):
        project.call_file("sold", source, out)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["in.csv"]
    with pytest.raises(UsageError, match="also the input"):
        project.call_file("sold", source, source)


def test_a_frame_gets_a_frame_of_its_library(project: Project) -> None:
    pandas = project.call("sold", pd.DataFrame({"color": ["red", "blue"]}, index=["a", "b"]))
    assert isinstance(pandas, pd.DataFrame)
    assert pandas.loc["b", "label"] == "no"
    polars = project.call("sold", pl.DataFrame({"color": ["red", "blue"]}))
    assert isinstance(polars, pl.DataFrame)
    assert polars["share_yes"].to_list() == [0.75, 0.75]


def test_a_frame_without_rows_gets_the_columns_of_the_answer(project: Project) -> None:
    pandas = project.call("sold", pd.DataFrame({"color": ["red"]}).iloc[:0])
    polars = project.call("sold", pl.DataFrame({"color": ["red"]}).clear())
    assert list(pandas.columns) == polars.columns == ["label", "warnings"]
    assert (len(pandas), polars.schema["label"]) == (0, pl.String)


@pytest.mark.parametrize("name", [None, "shop"])
def test_a_frame_keeps_its_index_and_the_name_of_it(project: Project, name: str | None) -> None:
    frame = pd.DataFrame({"color": ["red"]}, index=pd.Index(["a"], name=name))
    pd.testing.assert_index_equal(project.call("sold", frame).index, frame.index)


def test_rows_are_explained_in_the_order_given(cli: Cli, project: Project) -> None:
    rows = json.dumps([{"color": "red"}, {"color": "blue"}])
    found = cli("call", "sold", "--json-in", rows, "--explain", "--json").data
    assert [one["explanation"]["of"] for one in found] == ["yes", "no"]


def test_a_file_says_which_row_has_a_warning_and_how_many_more(
    cli: Cli, project: Project, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    words = ("call", "sold", "--in", str(source), "--out", str(out))
    source.write_text("color\nred\ngreen\nblue\n")
    assert "1 row has a warning: row 2, color 'green' is new." in cli(*words).out
    source.write_text("color\n" + "red\n" * 1500 + "green\npink\n")
    assert "2 rows have warnings; the first is row 1,501, color 'green'" in cli(*words).out
    source.write_text("color\nred\n")
    said = cli(*words).out
    assert "1 row with the outputs" in said
    assert "warning" not in said


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_file_without_rows_is_scored_to_one_without_rows(
    cli: Cli, project: Project, tmp_path: Path, name: str
) -> None:
    source, out = tmp_path / name, tmp_path / "out.csv"
    frame = pd.DataFrame({"id": ["a"], "color": ["red"]}).iloc[:0]
    (frame.to_csv if name.endswith("csv") else frame.to_parquet)(source, index=False)
    ran = cli("call", "sold", "--in", str(source), "--out", str(out))
    assert ran.code == 0
    assert "has 0 rows with the outputs of sold@1" in ran.out
    assert out.read_text() == "id,color,label,warnings\n"


def test_a_mistyped_folder_of_the_output_is_not_made(
    cli: Cli, project: Project, folder: Path, tmp_path: Path
) -> None:
    source, out = str(folder / "shirts.csv"), tmp_path / "new" / "scored.csv"
    ran = cli("call", "sold", "--in", source, "--out", str(out))
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"there is no folder {out.parent}; make it" in " ".join(ran.err.split())
    assert not out.parent.exists()


def test_outputs_never_go_to_a_folder(
    cli: Cli, project: Project, folder: Path, tmp_path: Path
) -> None:
    source, inside = str(folder / "shirts.csv"), tmp_path / "new" / "folder"
    assert cli("show", "sold", "--out", str(inside / "deep" / "report.html")).code == 0
    for words in (("call", "sold", "--in", source), ("show", "sold")):
        ran = cli(*words, "--out", str(inside))
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "is a folder: name a file in it, such as" in ran.err
    (inside / "scored.csv").touch()
    ran = cli("package", "sold", "--out", str(inside / "scored.csv"))
    assert ran.code == 2
    assert "is a file: name a folder that is not there yet" in ran.err


def test_python_rows_get_outputs(project: Project) -> None:
    assert project.call("sold", {"color": "red"}).values["label"] == "yes"
    assert [o.values["label"] for o in project.call("sold", [{"color": "blue"}] * 2)] == ["no"] * 2
    assert project.call("sold", []) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["color"], "'color' is not a cell: expected COLUMN=VALUE"),
        (['{"color": 3'], "such as tenure=3; a row as JSON comes after --json-in."),
        (["color=red", "--json-in", "{}"], "not both"),
        (["--json-in", "[1]"], "must be a JSON object"),
        (["--json-in", "{"], "is not valid JSON"),
        (["--json-in", '{"color": "red", "color": "blue"}'], "gives the key 'color' twice"),
        (["--json-in", '{"color": NaN}'], "NaN is not JSON: send null"),
        (["color=red", "color=blue"], "The column color is given twice"),
        (["--in", "x.csv"], "needs --in FILE and --out FILE"),
        (["--out", "x.csv"], "needs --in FILE and --out FILE"),
        (["--in", "no.csv", "--out", "x.csv"], "no.csv"),
        (["--json-in", ""], "Give a row"),
        (["clor=red"], "the required column color is absent"),
    ],
)
def test_a_call_that_cannot_be_is_one_sentence(
    cli: Cli, project: Project, words: list[str], said: str
) -> None:
    ran = cli("call", "sold", *words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
