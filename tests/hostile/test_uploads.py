"""Tables and documents from strangers: bounded, never obeyed, and told by the row."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from telecom import write_project
from twinkeel.config import SourceConfig
from twinkeel.data import files
from twinkeel.data.formats import Reading
from twinkeel.data.opening import open_source
from twinkeel.data.writing import write
from twinkeel.errors import SourceError
from twinkeel.project import Project
from twinkeel.retrieval.documents import parse
from twinkeel.retrieval.passages import passages
from twinkeel.retrieval.reading import Reader

MIB = 2**20


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(SourceError) as told:
        files.read(path)
    assert "\n" not in str(told.value)
    return str(told.value)


def unread(data: bytes, name: str) -> str:
    with pytest.raises(SourceError) as told:
        parse(data, name)
    return str(told.value)


# ------------------------------------------------------------------------------ archives


@pytest.mark.slow
def test_a_table_that_unfolds_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    """30: zip and gzip bombs stop at a ratio, before they are in memory."""
    bomb = b"a\n" + b"0\n" * (150 * MIB)

    assert "unfolds to more than" in refused(tmp_path / "t.csv.gz", gzip.compress(bomb))
    assert "unfolds to more than" in refused(tmp_path / "t.csv.zip", zipped({"t.csv": bomb}))


def test_an_archive_within_an_archive_is_refused(tmp_path: Path) -> None:
    """30: nested archives are not unfolded."""
    inner = gzip.compress(b"a\n1\n")

    refused(tmp_path / "t.csv.gz", gzip.compress(inner))
    refused(tmp_path / "t.csv.zip", zipped({"t.zip": zipped({"t.csv": b"a\n1\n"})}))


def test_a_name_that_leads_out_writes_nothing(tmp_path: Path) -> None:
    """30: zip-slip: an archive's names are never paths of ours."""
    (tmp_path / "in").mkdir()
    before = set(tmp_path.rglob("*"))
    path = tmp_path / "in" / "t.zip"
    path.write_bytes(zipped({"../../slipped.csv": b"a\n1\n"}))
    with contextlib.suppress(SourceError):
        files.read(path)
    with pytest.raises(SourceError):
        parse(zipped({"../../word/document.xml": b"<w/>"}), "a.docx")

    assert set(tmp_path.rglob("*")) - before == {path}
    assert not (tmp_path.parent / "slipped.csv").exists()


def test_a_word_file_that_unpacks_to_a_gigabyte_is_refused() -> None:
    """30: by its list of parts, and where the list lies, by what comes out."""
    data = zipped({"word/document.xml": bytes(140 * MIB)})

    assert "too large" in unread(data, "a.docx")
    assert "damaged" in unread(
        data.replace((140 * MIB).to_bytes(4, "little"), b"\x10\0\0\0"), "a.docx"
    )


def test_a_link_that_leads_out_of_the_documents_is_refused(tmp_path: Path) -> None:
    """30: a source never reads what a stranger's link in it points at."""
    project, secret = tmp_path / "project", tmp_path / "secret.md"
    (project / "docs").mkdir(parents=True)
    secret.write_text("# secret")
    (project / "docs" / "plain.md").write_text("# plain")
    (project / "docs" / "same.md").symlink_to(project / "docs" / "plain.md")
    inside = open_source(SourceConfig(path="docs/*.md"), project)
    (project / "docs" / "link.md").symlink_to(secret)

    assert len(inside.documents()) == 2
    with pytest.raises(SourceError, match=r"link\.md is a link that leads out"):
        open_source(SourceConfig(path="docs/*.md"), project)


# ------------------------------------------------------------------------------ cells and names

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1")


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas_are_escaped_on_export_and_raw_inside(tmp_path: Path, cell: str) -> None:
    """31: what a spreadsheet would run gets an apostrophe in CSV alone."""
    source = tmp_path / "in.parquet"
    parquet.write_table(pa.table({"a": [cell]}), source)
    table = files.read(source)
    write(tmp_path / "out.csv", table)

    assert table.columns["a"].tolist() == [cell]
    with (tmp_path / "out.csv").open(newline="") as file:
        assert file.read().split("\n", 1)[1].lstrip('"').startswith("'")


HOSTILE = "<img src=x onerror=alert(1)>](javascript:alert(1))"


def test_markup_in_column_names_and_values_stays_text_in_the_report(tmp_path: Path) -> None:
    """32: HTML, SVG and Markdown in names are shown, and the page's policy forbids the rest."""
    folder = write_project(tmp_path / "p", rows=300)
    data = folder / "customers.csv"
    data.write_text(data.read_text().replace("Contract", HOSTILE, 1))
    project = Project.open(folder)
    project.build("churn")

    page = project.report("churn@1").read_text()
    project.close()

    assert "<img src=x" not in page
    assert 'http-equiv="Content-Security-Policy"' in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


# ------------------------------------------------------------------------------ XML

ENTITY = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
ENTITIES = "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 12))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "ha">{ENTITIES}]>'
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
WORD += "<w:p><w:r><w:t>before %s after</w:t></w:r></w:p></w:body></w:document>"


def word_file(document: str) -> bytes:
    import docx

    file = io.BytesIO()
    docx.Document().save(file)
    with zipfile.ZipFile(file) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    return zipped({**members, "word/document.xml": document.encode()})


@pytest.mark.timeout(60)
@pytest.mark.parametrize("document", [ENTITY + WORD % "&e;", LAUGHS + WORD % "&a11;"])
def test_a_word_file_with_entities_reads_no_file_and_fills_no_memory(document: str) -> None:
    """33: XXE and billion laughs in a .docx are refused or left out."""
    try:
        text = parse(word_file(document), "a.docx").text
    except SourceError:
        return
    assert "root:" not in text
    assert len(text) < 1000


@pytest.mark.parametrize("prologue", [ENTITY, LAUGHS])
def test_a_workbook_with_entities_is_refused(tmp_path: Path, prologue: str) -> None:
    """33: XXE and billion laughs in an .xlsx are refused before they are parsed."""
    sheet = f"{prologue}<worksheet><sheetData/></worksheet>".encode()
    members = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}

    said = refused(tmp_path / "t.xlsx", zipped({**members, "xl/worksheets/sheet1.xml": sheet}))

    assert "declares a document type" in said


# ------------------------------------------------------------------------------ tables


@pytest.mark.slow
def test_fifty_thousand_columns_are_read(tmp_path: Path) -> None:
    """34: wide tables are read, not met with a traceback."""
    names = [f"c{k}" for k in range(50_000)]
    path = tmp_path / "wide.csv"
    path.write_text(",".join(names) + "\n" + ",".join(["1"] * 50_000) + "\n")

    assert len(files.read(path).names) == 50_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n1,2,3\n", "line 3"),
        (b"a,b\n1,2\n\n1\n", "line 4"),
        (b"a,a\n1,2\n", "two columns named 'a'"),
    ],
)
def test_a_ragged_row_is_told_by_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    """34: a ragged row is told by its line, a repeated name by itself."""
    assert said in refused(tmp_path / "t.csv", data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'a,b\n1,x\n2,"open\n3,y\n4,z\n', "line 3: a quote opens in column 'b'"),
        (b'a,b\n1,x\n2,"open', "line 3: a quote opens in column 'b'"),
        (b'a,b\n"1\nx","open\n3,y\n', "line 3: a quote opens in column 'b'"),
        (b'a,b\n"1,x\n2,y\n', "line 2: a quote opens in column 'a'"),
        (b'a,"b\n1,x\n2,y\n', "line 1: a quote opens in column 2"),
        (b'a,b\n1,"open\n2,y\n3,"z"\n4,y\n', "line 2: a quote opens in column 'b'"),
        (b'a,b\n1,"5 in\n' + b"2,y\n" * 30 + b'3,4"\n4,y\n', "takes in 31 more lines"),
        (b'a,b\n1,x\n2,"open\n' + b"3,y\n" * 2 * MIB, "line 3: a quote opens in column 'b'"),
        (
            b"a,b\n" + (b"1," + b"y" * 95 + b"\n") * 50_000 + b'2,"open\n3,y\n',
            "line 50002: a quote opens",
        ),
    ],
    ids=range(9),
)
def test_a_quote_that_is_not_closed_is_told_by_the_line_of_its_cell(
    tmp_path: Path, data: bytes, said: str
) -> None:
    """34: a quote that takes in the lines after it is never read as one giant cell."""
    assert said in refused(tmp_path / "t.csv", data)
    assert said in refused(tmp_path / "t.csv.gz", gzip.compress(data))


def test_quoted_cells_of_many_lines_and_loose_quotes_are_read(tmp_path: Path) -> None:
    """34: what is closed is a cell, however many lines it has, and 5" is five inches."""
    poem = "\n".join(f"a line, and more, {k}" for k in range(50))
    path = tmp_path / "t.csv"
    path.write_text(f'a,b\n"{poem}",1\n5" disk,2\n"5" disk,3\n"","x\ny"\n')

    assert [row["b"] for row in files.read(path).rows()] == ["1", "2", "3", "x\ny"]
    assert files.read(path).rows()[0]["a"] == poem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_encoding_or_a_byte_order_mark_changes_no_name(tmp_path: Path, encoding: str) -> None:
    """34: a byte order mark is no part of the first name."""
    path = tmp_path / "t.csv"
    path.write_bytes("größe,b\n1,ä\n2,ö\n".encode(encoding))

    assert files.read(path).names == ("größe", "b")


def test_mixed_encodings_are_told_by_the_line(tmp_path: Path) -> None:
    """34: a file of two encodings is refused, not read as one of them."""
    data = b"a,b\n" + "ä,1\n".encode() * 5 + "ö,2\n".encode("cp1252")

    said = refused(tmp_path / "t.csv", data)

    assert "line 7: this is not UTF-8 text (byte 30 of the file), as other lines are; save" in said
    assert "line 7" in refused(tmp_path / "t.csv.gz", gzip.compress(data))


ASCII = b"plain,1\n" * (1 << 18)
"""Two megabytes: more than is looked at to find out an encoding."""


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("a,b\nä,1\n".encode(), b"x,2\n\xf6,2\n", "line 262148: this is not UTF-8 text"),
        (b"a,b\n\xe4,1\n", "ö,2\n".encode(), "line 2: this is not UTF-8 text (byte 5 of the file)"),
        (b"a,b\n\xe4,1\n", "ö,2".encode(), "as other lines are; save the file in one encoding"),
        (b"a,b\n\xe4,1\n", b"\x81,2\n", "this is not cp1252 text (byte 2,097,161 of the file);"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_an_encoding_that_changes_far_into_a_file_is_told_by_line_and_byte(
    tmp_path: Path, first: bytes, last: bytes, said: str, packed: bool
) -> None:
    """34: it is looked for beyond the beginning, and never read as the wrong letters."""
    data = first + ASCII + last
    path = tmp_path / "t.csv"
    assert said in refused(path, gzip.compress(data) if packed else data)


def test_an_encoding_that_changes_is_told_where_only_carriage_returns_end_lines(
    tmp_path: Path,
) -> None:
    """34: every line is judged by itself, whichever end it has."""
    data = (b"a,b\n\xe4,1\n" + ASCII + "ö,2\n".encode()).replace(b"\n", b"\r")

    assert "(byte 5 of the file), as other lines are" in refused(tmp_path / "t.csv", data)


def test_text_in_a_parquet_file_that_is_not_utf8_names_its_column(tmp_path: Path) -> None:
    """34: arrow writes any bytes as text."""
    ends = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(pa.string(), 2, [None, ends, pa.py_buffer(b"a\xff\xfe")])
    file = io.BytesIO()
    parquet.write_table(pa.table({"word": texts}), file)

    said = refused(tmp_path / "t.parquet", file.getvalue())

    assert "column word holds text that is not UTF-8; write it again" in said
    assert "leave the column out of the file where nothing needs it" in said


def test_letters_that_come_late_in_an_old_encoding_are_read(tmp_path: Path) -> None:
    """34: the same in one encoding throughout is read."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\xe4,1\n" + ASCII + b"\xf6,2\n")

    assert files.read(path).columns["a"][[0, -1]].tolist() == ["ä", "ö"]


def test_a_file_in_one_old_encoding_keeps_its_text(tmp_path: Path) -> None:
    """34: what is Windows-1252 throughout is read as such, or as what the source says."""
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\nä,1\nö,2\n".encode("cp1252"))
    assert [row["a"] for row in files.read(path).rows()] == ["ä", "ö"]

    path.write_bytes("a,b\nÄ©,1\nö,2\n".encode("cp1252"))  # the first line could be UTF-8
    found = files.read(path, Reading(encoding="cp1252"))
    assert [row["a"] for row in found.rows()] == ["Ä©", "ö"]


def lying(change: Callable[[bytes], bytes]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": list(range(1000))}), file, compression="none")
    return change(file.getvalue())


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-8] + (2**31 - 1).to_bytes(4, "little") + data[-4:],
        lambda data: data[: len(data) // 2] + data[-300:],
        lambda data: data[:4] + bytes(len(data) - 8) + data[-4:],
        lambda data: data[:20] + b"\xff" * 200 + data[220:],
    ],
    ids=["footer of 2 GiB", "half of it gone", "zeros", "pages of nonsense"],
)
def test_a_parquet_file_that_lies_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """35: sizes in a Parquet file are checked against the bytes that are there."""
    assert "t.parquet" in refused(tmp_path / "t.parquet", lying(change))


# ------------------------------------------------------------------------------ time

LONG = 40_000
TEXTS = (
    *("a" * LONG + "!", "#" * LONG, "[" * LONG, "![" * LONG, "`" * LONG + "x", "*_" * LONG),
    *("|" * LONG + "\n" + "-" * LONG, "<" * LONG, "<!--" * LONG, "<a " * LONG, "&" * LONG),
    *("- " * LONG, "> " * LONG, "    " * LONG + "x", ". " * LONG, "A.B." * LONG),
    *("0" * LONG + "e", "\u200b" * LONG + "x", "<meta " * LONG + "charset"),
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["a.md", "a.html", "a.txt"])
def test_no_text_takes_longer_than_its_length_allows(tmp_path: Path, name: str) -> None:
    """36: a pattern that goes back again and again (ReDoS) ends at the time for its length."""
    with Reader(seconds=1, seconds_per_mib=1) as reader:
        for text in TEXTS:
            (tmp_path / name).write_text(text)
            with contextlib.suppress(SourceError):
                passages(reader.read(tmp_path / name, name))
