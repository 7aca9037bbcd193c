"""Tables that a classifier cannot be learned from, or only with care: one sentence each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from telecom import churn_lines
from twinkeel.errors import TwinkeelError
from twinkeel.project import Project

TOML = """
[project]
name = "bad"
[sources.rows]
path = "{file}"
[components.c]
kind = "classifier"
source = "rows"
target = "{target}"
work_limit = 1
{options}
"""


def built(
    folder: Path, content: bytes, *, target: str = "y", options: str = "", file: str = "rows.csv"
) -> Project:
    (folder / file).write_bytes(content)
    (folder / "twinkeel.toml").write_text(TOML.format(target=target, options=options, file=file))
    project = Project.open(folder)
    project.build("c")
    return project


def table(rows: int, line: Callable[[int], str], header: str = "a,b,y") -> bytes:
    return "\n".join([header, *(line(i) for i in range(rows))]).encode() + b"\n"


def plain(i: int) -> str:
    return f"{i % 17},{'uvw'[i % 3]},{'no' if i % 17 < 9 else 'yes'}"


@pytest.mark.parametrize(
    ("content", "keywords", "sentence"),
    [
        (b"", {}, "empty"),
        (b"a,b,y\n", {}, "no row"),
        (b"a,b,y\n1,2,no\n1,2\n", {}, "line 3"),
        (b"PK\x03\x04" + bytes(100), {}, "zip"),
        (table(200, plain), {"target": "yy"}, "did you mean 'y'?"),
        (table(200, plain), {"options": 'positive = "yess"'}, "did you mean 'yes'?"),
        (table(200, plain), {"options": 'id = "y"'}, "target and id are both 'y'"),
        (table(200, plain), {"options": 'sensitive = ["sex"]'}, "no column 'sex'"),
        (table(200, plain), {"options": "costs = {maybe = {no = 1.0}}"}, "no class 'maybe'"),
        (table(200, lambda i: f"{i},u,no"), {}, "one class, 'no'"),
        (table(200, lambda i: f"{i},u,"), {}, "every row lacks its target"),
        (table(200, lambda i: f"7,r{i}-{i * i},{'no' if i % 2 else 'yes'}"), {}, "constant"),
        (table(200, lambda i: f"{i % 9},u,{i * 1.37}"), {}, "not a class"),
        (table(6, plain), {}, "rows"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: bytes, keywords: dict[str, str], sentence: str
) -> None:
    with pytest.raises(TwinkeelError) as caught:
        built(tmp_path, content, **keywords)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / ".twinkeel" / "bundles").exists() or not any(
        (tmp_path / ".twinkeel" / "bundles").iterdir()
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "twinkeel.toml").write_text(TOML.format(target="y", options="", file="gone.csv"))

    with pytest.raises(TwinkeelError, match=r"gone\.csv"):
        Project.open(tmp_path).build("c")


def test_infinite_and_missing_values_are_used_loudly(tmp_path: Path) -> None:
    def line(i: int) -> str:
        value = {3: "inf", 4: "-inf", 5: ""}.get(i % 50, str(i % 17))
        return f"{value},{'uvw'[i % 3]},{'' if i % 40 == 0 else 'no' if i % 17 < 9 else 'yes'}"

    project = built(tmp_path, table(400, line))

    notes = " ".join(project.version("c@1").lineage.notes)
    assert "10 rows without y were left out" in notes
    assert "infinite" in notes


@pytest.mark.slow
def test_five_thousand_columns_are_built(tmp_path: Path) -> None:
    header = ",".join([*(f"c{k}" for k in range(5000)), "y"])

    def line(i: int) -> str:
        cells = [str((i * (k + 3)) % 11) for k in range(5000)]
        return ",".join([*cells, "no" if i % 11 < 6 else "yes"])

    project = built(tmp_path, table(120, line, header))

    assert project.version("c@1").lineage.rows == 120


def test_more_classes_than_two_are_learned(tmp_path: Path) -> None:
    project = built(tmp_path, table(600, lambda i: f"{i % 17},{'uvw'[i % 3]},k{i % 17 // 6}"))

    output = project.call("c", {"a": 1, "b": "u"})

    assert output.values["prediction"] == "k0"
    assert set(output.values["probabilities"]) == {"k0", "k1", "k2"}
    assert abs(sum(output.values["probabilities"].values()) - 1) < 1e-6


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    (tmp_path / "in.csv").write_text("\n".join(churn_lines(600)) + "\n")
    frame: pa.Table = pyarrow.csv.read_csv(tmp_path / "in.csv")
    pyarrow.parquet.write_table(frame, tmp_path / "made.parquet")

    project = built(
        tmp_path, (tmp_path / "made.parquet").read_bytes(), target="Churn", file="rows.parquet"
    )

    assert project.version("c@1").lineage.rows == 600
