"""Sources: files found, read as one table, and told apart by their contents."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from twinkeel.config import SourceConfig
from twinkeel.data import files
from twinkeel.data.opening import open_source
from twinkeel.data.sources import Source
from twinkeel.data.table import Table
from twinkeel.errors import SourceError


def opened(root: Path, path: str) -> Source:
    return open_source(SourceConfig(path=path), root, name="customers")


def test_a_file_is_a_table_with_the_digest_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a\n1\n2\n")
    source = opened(tmp_path, "t.csv")
    assert source.table() is source.table()
    assert source.table().rows() == [{"a": "1"}, {"a": "2"}]
    assert source.digest() == hashlib.sha256(b"a\n1\n2\n").hexdigest()
    assert source.describe() == "customers (t.csv)"


def test_a_glob_is_one_table_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "2.csv").write_text("b,a\n4,3\n")
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    source = opened(tmp_path, "*.csv")
    assert source.table().rows() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    before = source.digest()
    (tmp_path / "2.csv").write_text("b,a\n5,3\n")
    assert opened(tmp_path, "*.csv").digest() != before


def test_typed_files_that_disagree_on_a_type_meet_as_texts(tmp_path: Path) -> None:
    files.write(tmp_path / "1.parquet", Table({"a": np.array([1, 2])}))
    files.write(tmp_path / "2.parquet", Table({"a": np.array(["x", None], dtype=object)}))
    assert [row["a"] for row in opened(tmp_path, "*.parquet").table().rows()] == [
        "1", "2", "x", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("customer.csv", "there is no file customer.csv; did you mean 'customers.csv'?"),
        ("none/t.csv", "there is no file none/t.csv; correct the path."),
        ("*.parquet", "no file matches *.parquet; check the pattern."),
        ("folder", "the folder folder holds no file; put the data there."),
        ("**csv/[", "**csv/["),
        ("", "is empty: name a file"),
    ],
)
def test_a_path_that_leads_nowhere_gets_its_sentence(
    tmp_path: Path, path: str, sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "customers.csv").write_text("a\n1\n")
    (tmp_path / "notes.txt").write_text("a\n1\n")
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, path)
    assert str(caught.value).startswith("[sources.customers] path")
    assert sentence in str(caught.value)


def test_files_of_several_forms_are_documents_but_no_table(tmp_path: Path) -> None:
    (tmp_path / "help" / "deep").mkdir(parents=True)
    (tmp_path / "help" / "a.md").write_bytes(b"one")
    (tmp_path / "help" / "deep" / "b.txt").write_bytes(b"two")
    (tmp_path / "help" / ".hidden.md").write_bytes(b"three")
    source = opened(tmp_path, "help/**/*")
    found = [(file.name, file.digest) for file in source.documents()]
    assert found == [
        ("a.md", hashlib.sha256(b"one").hexdigest()),
        ("deep/b.txt", hashlib.sha256(b"two").hexdigest()),
    ]
    with pytest.raises(SourceError, match=r"several forms \(.md, .txt\), and one was expected"):
        source.table()


def test_only_the_path_is_a_pattern_not_the_project_folder(tmp_path: Path) -> None:
    root = tmp_path / "a[b]*"
    root.mkdir()
    (root / "1.csv").write_text("a\n1\n")
    assert len(opened(root, "*.csv").files) == 1
    assert len(opened(tmp_path, f"{tmp_path}/*/*.csv").files) == 1


def test_files_of_one_source_have_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a,c\n1,2\n")
    with pytest.raises(SourceError, match=r"2\.csv and .*1\.csv differ in column 'b'"):
        opened(tmp_path, "*.csv").table()
