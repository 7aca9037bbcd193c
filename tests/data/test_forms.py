"""Forms of files: the same rows in each, whatever the name; and archives that attack."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, ipc

from twinkeel.data import files
from twinkeel.data.formats import Reading
from twinkeel.data.numerals import style_of
from twinkeel.errors import SourceError

CSV = b"name,n\nzo\xc3\xab,1\nada,2\n"
ROWS = [{"name": "zoë", "n": "1"}, {"name": "ada", "n": "2"}]


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(*sheets: tuple[str, list[list[str | float]]], prologue: str = "") -> bytes:
    """A minimal workbook (ECMA-376) with inline texts."""
    head = '<?xml version="1.0"?>'
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(
        f'<sheet name="{name}" sheetId="{k}" r:id="r{k}"/>' for k, (name, _) in enumerate(sheets, 1)
    )
    found = "".join(
        f'<Relationship Id="r{k}" Type="{links}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(sheets) + 1)
    )
    members = {
        "[Content_Types].xml": f'{head}<Types xmlns="{packages}/content-types"/>',
        "_rels/.rels": f'{head}<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{links}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'{head}{prologue}<workbook {main} xmlns:r="{links}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{packages}/relationships">'
        f"{found}</Relationships>",
    }
    for k, (_, rows) in enumerate(sheets, 1):
        cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        members[f"xl/worksheets/sheet{k}.xml"] = (
            f"{head}<worksheet {main}><sheetData>{cells}</sheetData></worksheet>"
        )
    return zipped(**{name: text.encode() for name, text in members.items()})


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        b"\xfe\xff" + CSV.decode().encode("utf-16-be"),
        CSV.decode().encode("cp1252"),
        gzip.compress(CSV, mtime=0),
        bz2.compress(CSV),
        lzma.compress(CSV),
        pa.compress(CSV, codec="zstd", asbytes=True),
        zipped(**{"../../escape.csv": CSV}),
        gzip.compress(CSV.decode().encode("cp1252").replace(b",", b";"), mtime=0),
        '{"name": "zoë", "n": "1"}\n\n{"name": "ada", "n": "2"}'.encode(),
        gzip.compress('{"name": "zoë", "n": "1"}\n{"n": "2", "name": "ada"}\n'.encode(), mtime=0),
        workbook(("data", [["name", "n"], ["zoë", "1"], ["ada", "2"]])),
    ],
)
def test_content_decides_whatever_the_name_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.anything"
    path.write_bytes(content)
    assert files.read(path).rows() == ROWS
    assert [row for part in files.batches(path, 1) for row in part.rows()] == ROWS
    assert [one.name for one in tmp_path.iterdir()] == ["table.anything"]


def written(write: Callable[[pa.Table, str], None], path: Path) -> Path:
    write(pa.table({"n": [1, 2, None], "day": [dt.date(2024, 1, k) for k in (1, 2, 3)]}), str(path))
    return path


def as_stream(table: pa.Table, path: str) -> None:
    with ipc.new_stream(path, table.schema) as out:
        out.write_table(table)


@pytest.mark.parametrize("write", [feather.write_feather, as_stream])
def test_arrow_keeps_its_types(tmp_path: Path, write: Callable[[pa.Table, str], None]) -> None:
    table = files.read(written(write, tmp_path / "t"))
    assert [column.dtype.kind for column in table.columns.values()] == ["f", "M"]
    assert table.rows(1) == [{"n": 2.0, "day": "2024-01-02"}, {"n": None, "day": "2024-01-03"}]


def test_nested_objects_are_dotted_columns_and_absent_keys_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": {"x": 1, "y": {"z": true}}}\n{"b": 2.5, "a": {"x": 3}}\n')
    assert files.read(path).rows() == [
        {"a.x": 1, "a.y.z": "True", "b": None},
        {"a.x": 3, "a.y.z": None, "b": 2.5},
    ]


def test_a_sheet_is_chosen_by_name_and_the_first_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook(("old", [["a"], [1.0]]), ("new", [["a"], [2.5]])))
    assert files.read(path).rows() == [{"a": 1.0}]
    assert "has 2 sheets, and the first one (old) was read" in files.notes(path, Reading())[0]
    assert files.read(path, Reading(sheet="new")).rows() == [{"a": 2.5}]
    with pytest.raises(SourceError, match="has no sheet 'newest'; did you mean 'new'"):
        files.read(path, Reading(sheet="newest"))


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234,56", "7", "-0,5"], [1234.56, 7.0, -0.5]),
        (["1.234.567,8", "", "2.000"], [1234567.8, None, 2000.0]),
        (["1,234.56", "7", "12,000"], [1234.56, 7.0, 12000.0]),
        (["1'234.50", "7.25", "-12\u2019000"], [1234.5, 7.25, -12000.0]),
    ],
)
def test_a_consistent_decimal_style_is_read_as_numbers_and_said(
    tmp_path: Path, cells: list[str], numbers: list[float | None]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n;word\n" + "".join(f"{cell};x,5\n" for cell in cells) + "0;y\n")
    column = files.read(path).columns["n"].tolist()
    assert [float(cell) if cell else None for cell in column[:-1]] == numbers
    assert files.read(path).columns["word"].tolist() == ["x,5"] * len(cells) + ["y"]
    assert "in n: read as numbers" in files.notes(path, Reading())[0]


@pytest.mark.parametrize("cells", [["1.234", "5.678"], ["1,5", "2.5"], ["1.2.3", "4"], ["12.5"]])
def test_what_could_be_read_two_ways_or_is_plain_stays_as_it_is(cells: list[str]) -> None:
    assert style_of([[cell] for cell in cells]) is None


def test_the_decimal_mark_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n;m\n1.234;1\n5.678;2\n")
    assert files.read(path, Reading(decimal=",")).columns["n"].tolist() == ["1234", "5678"]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(0, 10**4 - 1))
def test_any_number_written_with_commas_is_found_again(whole: list[int], part: int) -> None:
    texts = [f"{n:,}".replace(",", ".") + f",{part:04}" for n in whole]
    style = style_of([[text] for text in texts])
    assert style is not None
    assert style.marks.decimal == ","


ENTITY = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (gzip.compress(b"a\n" + b"1\n" * (40 << 20), mtime=0), "unfolds to more than 200 times"),
        (zipped(a=b"a\n" + b"1\n" * (40 << 20)), "unfolds to more than 200 times its size"),
        (zipped(a=CSV, b=CSV), "is a zip archive of 2 files, and one was expected"),
        (zipped(a=zipped(b=CSV)), "holds another archive (zip)"),
        (workbook(("s", [["a"], [1.0]]), prologue=ENTITY), "declares a document type"),
        (zipped(**{"xl/workbook.xml": b" " * (80 << 20)}), "unfolds to more than 200 times"),
        (zipped(**{"xl/workbook.xml": b"<broken"}), "is a damaged workbook"),
    ],
)  # fmt: skip
def test_an_archive_that_attacks_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        files.read(path)
    assert sentence in str(caught.value)


def test_another_encoding_is_said_and_can_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("имя\nда\nнет\n".encode("cp1251"))
    assert "is not UTF-8 text and was read as cp1252" in files.notes(path, Reading())[0]
    said = Reading(encoding="cp1251")
    assert files.read(path, said).names == ("имя",)
    assert files.notes(path, said) == ()
    wrong: Mapping[str, str] = {"utf-8": "this is not UTF-8", "klingon": "is not known"}
    for encoding, sentence in wrong.items():
        with pytest.raises(SourceError, match=sentence):
            files.read(path, Reading(encoding=encoding))
