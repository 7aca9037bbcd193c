"""Data files: what is read, what is refused and in which words, and what is written."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from twinkeel.data import files
from twinkeel.data.contract import infer
from twinkeel.data.table import Table
from twinkeel.data.writing import escaped
from twinkeel.errors import EnvironmentProblem, SourceError


def made(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", "a,b\n1,x\n2,\n"),
        ("semicolon.csv", "a;b\n1;x\n2;\n"),
        ("tab.tsv", "a\tb\n1\tx\n2\t\n"),
        ("bar.txt", "a|b\n1|x\n2|\n"),
        ("mark.csv", b"\xef\xbb\xbfa,b\n1,x\n2,\n"),
        ("windows.csv", "a,b\r\n1,x\r\n2,\r\n"),
        ("no_last_newline.csv", "a,b\n1,x\n2,"),
        ("blank_lines.csv", "\n \na,b\n\n1,x\n2,\n\n"),
        ("quoted.csv", '"a","b"\n"1","x"\n"2",""\n'),
        ("padded_names.csv", " a , b\n1,x\n2,\n"),
    ],
)
def test_every_way_to_write_a_table_is_read_as_the_same_texts(
    tmp_path: Path, name: str, content: bytes | str
) -> None:
    table = files.read(made(tmp_path, name, content))
    assert table.rows() == [{"a": "1", "b": "x"}, {"a": "2", "b": ""}]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    path = made(tmp_path, "t.csv", 'a,b\n"x, ""y""\nz",2\n')
    assert files.read(path).rows() == [{"a": 'x, "y"\nz', "b": "2"}]


def test_a_column_without_a_name_is_numbered(tmp_path: Path) -> None:
    assert files.read(made(tmp_path, "t.csv", ",a\n0,x\n1,y\n")).names == ("column_1", "a")


NESTED_GZIP = gzip.compress(gzip.compress(b"a\n1\n", mtime=0), mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", "", "is empty: expected a header and rows"),
        ("t.csv", " \n\n", "is empty: expected a header and rows"),
        ("t.csv", "a,b\n", "has a header and no rows"),
        ("t.csv", "a,b", "has a header and no rows"),
        ("t.csv", "a,b\n1,2\n3\n", "line 3: expected 2 cells as in the header, got 1"),
        ("t.csv", 'a,b\n"x\ny",2\n1,2,3\n', "line 4: expected 2 cells as in the header, got 3"),
        ("t.csv", "a,b,a\n1,2,3\n", "has two columns named 'a': rename one"),
        ("t.csv", b"a,b\n" + b"1,2\n" * 300_000 + b"\xe9,2\n", "line 300002: this is not UTF-8"),
        ("t.csv", b"%PDF-1.7 and so on", "is no table: its content is a PDF"),
        ("t.csv", b"PAR1 and so on", "is a damaged Parquet file"),
        ("t.csv", b"ARROW1 and so on", "is a damaged Arrow file"),
        ("t.csv", b"a,b\n\x00\x01,2\n", "content is binary data"),
        ("t.csv", "<!DOCTYPE html><html></html>", "content is a web page"),
        ("t.csv", b"\x80\x04\x95 and so on", "a Python pickle, which is never loaded"),
        ("t.csv", b"SQLite format 3\x00", 'give url = "sqlite:///..."'),
        ("t.jsonl", '[{"a": 1}]', "content is a JSON list; write one object a line"),
        ("t.jsonl", '{"a": 1}\n{"a": [1]}\n', "line 2: a is a list, and one value was expected"),
        ("t.jsonl", '{"a": 1}\n{"a": 1, "a": 2}\n', "line 2: The JSON gives the key 'a' twice"),
        ("t.jsonl", '{"a": 1}\n7\n', "line 2: expected an object"),
        ("t.jsonl", '{"a": 1}\n{"a": ', "line 2: This is not valid JSON"),
        ("t.jsonl", '{"a":' * 20, "line 1: The JSON is nested deeper than 8 levels"),
        ("t.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1", "is a damaged Parquet file"),
        ("t.parquet", b"", "is empty"),
        ("t.gz", b"\x1f\x8b\x08\x00", "is a damaged archive"),
        ("t.zip", b"PK\x03\x04 and so on", "is a damaged archive"),
        ("t.gz", NESTED_GZIP, "holds another archive (gzip)"),
        (
            "t.gz",
            gzip.compress(b"PAR1 and so on", mtime=0),
            "Parquet in an archive: unpack it first",
        ),
    ],
)
def test_a_file_that_cannot_be_read_gets_its_sentence(
    tmp_path: Path, name: str, content: bytes | str, sentence: str
) -> None:
    path = made(tmp_path, name, content)
    for door in (files.read, lambda one: list(files.batches(one, 10_000))):
        with pytest.raises(SourceError) as caught:
            door(path)
        assert sentence in str(caught.value)
        assert str(path) in str(caught.value)


def test_a_damaged_file_that_is_only_counted_gets_its_sentence_too(tmp_path: Path) -> None:
    path = made(tmp_path, "t.parquet", b"PAR1 and so on")

    with pytest.raises(SourceError, match="is a damaged Parquet file"):
        files.count(path)


def test_a_missing_file_and_a_folder_get_their_sentences(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no file .*none\.csv"):
        files.read(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="is a folder, and a file was expected"):
        files.read(tmp_path)


def test_five_thousand_columns_work(tmp_path: Path) -> None:
    names = [f"c{k}" for k in range(5000)]
    lines = [",".join(str((row * k) % 7) for k in range(5000)) for row in range(8)]
    table = files.read(made(tmp_path, "wide.csv", "\n".join([",".join(names), *lines])))
    inferred = infer(table)
    assert len(table.names) == 5000
    assert len(inferred.contract.columns) + len(inferred.notes) == 5000


def test_parquet_keeps_its_types_and_nested_columns_are_refused(tmp_path: Path) -> None:
    typed = {
        "i": [1, None, 3],
        "f": [0.5, None, 2.0],
        "b": [True, False, True],
        "s": ["x", None, ""],
    }
    parquet.write_table(pa.table(typed), tmp_path / "t.parquet")
    table = files.read(tmp_path / "t.parquet")
    assert {name: column.dtype.kind for name, column in table.columns.items()} == {
        "i": "f", "f": "f", "b": "b", "s": "O",
    }  # fmt: skip
    assert table.rows(1, 2) == [{"i": None, "f": None, "b": False, "s": None}]
    parquet.write_table(pa.table({"l": [[1], [2]]}), tmp_path / "n.parquet")
    with pytest.raises(SourceError, match=r"column l holds list<.*> values"):
        files.read(tmp_path / "n.parquet")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_batches_are_the_whole_file_in_order(tmp_path: Path, name: str) -> None:
    numbers = np.arange(25)
    files.write(tmp_path / name, Table({"n": numbers}))
    batches = list(files.batches(tmp_path / name, 10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [int(row["n"]) for batch in batches for row in batch.rows()] == numbers.tolist()


def test_a_fault_in_a_late_row_is_found_after_the_good_ones(tmp_path: Path) -> None:
    good = "a,b\n" + f"{'x' * 100},2\n" * 400_000
    stream = files.batches(made(tmp_path, "t.csv", good + "1,2,3\n"), 10_000)
    assert len(next(stream)) == 10_000
    with pytest.raises(SourceError, match="line 400002: expected 2 cells"):
        list(stream)


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_what_is_written_is_read_back_but_for_the_apostrophe_before_formulas(
    rows: list[tuple[str, str]],
) -> None:
    pairs = zip(*rows, strict=True)
    columns = {name: np.array(c, dtype=object) for name, c in zip("ab", pairs, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("t.csv", "t.parquet"):
            path = Path(folder) / name
            files.write(path, Table(columns))
            back = files.read(path).rows()
            for row, (a, b) in zip(back, rows, strict=True):
                assert (row["a"].removeprefix("'"), row["b"].removeprefix("'")) == (
                    a.removeprefix("'"),
                    b.removeprefix("'"),
                )


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.none() | st.text(st.sampled_from('a,"\r\n\t;= 1'), max_size=4), min_size=1),
    name=st.sampled_from(["t.csv", "t.tsv"]),
)
def test_a_csv_file_is_written_as_the_csv_module_writes_it(
    texts: list[str | None], name: str
) -> None:
    n, delimiter = len(texts), "\t" if name == "t.tsv" else ","
    columns = {
        "t,x": np.array([None if one is None else escaped(one) for one in texts], dtype=object),
        "f": np.resize([0.1, np.nan, 1e-7, np.inf, 2.0], n),
        "b": np.resize([True, False], n),
    }
    with tempfile.TemporaryDirectory() as folder:
        files.write(Path(folder) / name, Table(columns))
        written = (Path(folder) / name).read_bytes().decode()
    wanted = io.StringIO()
    rows = csv.writer(wanted, delimiter=delimiter, lineterminator="\r\n")
    rows.writerow(columns)
    for text, number, flag in zip(*columns.values(), strict=True):
        rows.writerow([text, float(number) if np.isfinite(number) else None, bool(flag)])
    lines = zip(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter),
                csv.reader(io.StringIO(wanted.getvalue(), newline=""), delimiter=delimiter),
                strict=True)  # fmt: skip
    assert all(left == right for left, right in lines)
    assert len(written) == len(wanted.getvalue()) - n - 1  # lines end in one byte instead of two


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-5.2", "-5.2"),
        ("plain", "plain"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(
    tmp_path: Path, cell: str, written: str
) -> None:
    path = tmp_path / "t.csv"
    files.write(path, Table({"=a": np.array([cell], dtype=object), "n": np.array([-1.5])}))
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    assert rows == [["'=a", "n"], [written, "-1.5"]]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = made(tmp_path, "t.csv", "old")

    def write_and_fail() -> None:
        with files.Writer(path) as out:
            out.write(Table({"a": np.array([1, 2])}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text(encoding="utf-8") == "old"


def test_tables_of_one_file_have_the_same_columns_and_types(tmp_path: Path) -> None:
    first = Table({"a": np.array([1.5])})
    other_name = Table({"b": np.array([1.5])})
    other_type = Table({"a": np.array(["x"], dtype=object)})

    def write(*tables: Table) -> None:
        with files.Writer(tmp_path / "t.parquet") as out:
            for table in tables:
                out.write(table)

    with pytest.raises(SourceError, match="has the columns a, and rows with the columns b came"):
        write(first, other_name)
    with pytest.raises(SourceError, match="Later rows do not fit the types of the first ones"):
        write(first, other_type)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_gets_its_sentence(tmp_path: Path) -> None:
    table = Table({"a": np.array([1])})
    for name in ("none/t.csv", "none/t.parquet"):
        with pytest.raises(EnvironmentProblem, match="cannot be written: No such file"):
            files.write(tmp_path / name, table)
    with pytest.raises(SourceError, match=r"expected a name that ends in \.csv"):
        files.write(tmp_path / "t.xlsx", table)
