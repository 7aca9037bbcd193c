"""What a data file is: by its name, and by its first bytes.

Owns the recognition of forms and, for CSV, of the delimiter and the header. Reads only the head
of a file. Refuses a file whose content is not what its name says.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from twinkeel.errors import SourceError

Form: TypeAlias = Literal["CSV", "Parquet"]

FORMS: dict[str, Form] = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".data": "CSV",
    ".parquet": "Parquet",
    ".pq": "Parquet",
}
"""File name endings to forms."""

_HEAD = 1 << 20
_SAMPLE_ROWS = 50
_DELIMITERS = (",", ";", "\t", "|")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive (or an Excel workbook)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Dialect(NamedTuple):
    """How a CSV file is written."""

    delimiter: str
    names: tuple[str, ...]
    """The header's names; a column without one is `column_3`, counted from 1."""
    blank_lines: int
    """Blank lines before the header."""


def form_of(path: Path) -> Form:
    """The form that a file's name and content agree on. Raises SourceError where they do not."""
    head = head_of(path)
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise SourceError(
            f"{path}: {path.suffix or 'no ending'} is not a known form of table: expected a name "
            f"that ends in {', '.join(FORMS)}; convert or rename the file."
        )
    if not head:
        raise SourceError(f"{path} is empty: expected a header and rows.")
    if form == "Parquet":
        _check_parquet(path, head)
    else:
        _check_text(path, head)
    return form


def head_of(path: Path, size: int = _HEAD) -> bytes:
    """The first bytes of a file. Raises SourceError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}: check the path.") from None
    except IsADirectoryError:
        raise SourceError(
            f"{path} is a folder, and a file was expected: name a file in it, or a glob "
            f"such as {path.name}/*.csv."
        ) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None


def dialect_of(path: Path) -> Dialect:
    """The delimiter and the names of a CSV file. Raises SourceError."""
    head = head_of(path)
    lines = _lines_of(path, head)
    sample = list(itertools.dropwhile(lambda line: not line.strip(), lines))
    rows = {delimiter: _parsed(sample, delimiter) for delimiter in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda one: _agreement(rows[one]))
    if not rows[delimiter]:
        raise SourceError(f"{path} is empty: expected a header and rows.")
    names = _names(path, rows[delimiter][0])
    return Dialect(delimiter, names, blank_lines=len(lines) - len(sample))


def _check_parquet(path: Path, head: bytes) -> None:
    if head.startswith(b"PAR1"):
        return
    what = _signature(head) or ("text" if b"\x00" not in head else "binary data")
    hint = "; if it is CSV, name it .csv." if what == "text" else "; convert it."
    raise SourceError(f"{path} is named as a Parquet file, but its content is {what}{hint}")


def _check_text(path: Path, head: bytes) -> None:
    what = _signature(head)
    if what is None and head.startswith(_WIDE):
        raise SourceError(f"{path} is UTF-16 text, and UTF-8 was expected: save it as UTF-8.")
    if what is None and b"\x00" in head:
        what = "binary data"
    if what is None and head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        what = "a web page or XML"
    if what is None and head.lstrip()[:1] in (b"{", b"["):
        what = "JSON"
    if what is not None:
        hint = "name it .parquet" if head.startswith(b"PAR1") else "convert it to CSV or Parquet"
        raise SourceError(f"{path} is named as a text table, but its content is {what}; {hint}.")


def _signature(head: bytes) -> str | None:
    return next((what for start, what in _SIGNATURES if head.startswith(start)), None)


def _lines_of(path: Path, head: bytes) -> list[str]:
    """The lines of the head that are surely whole."""
    cut = len(head) == _HEAD and b"\n" in head
    whole = head[: head.rindex(b"\n")] if cut else head
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, head.count(b"\n", 0, error.start) + 1) from None
    return text.splitlines(keepends=True)


def not_utf8(path: Path, line: int) -> SourceError:
    """The error for text in another encoding."""
    return SourceError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8.")


def _parsed(lines: list[str], delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _agreement(rows: list[list[str]]) -> tuple[float, int]:
    """How well a delimiter explains a sample: share of rows as wide as the header, its width."""
    if not rows or len(rows[0]) < 2:
        return (0.0, 0)
    width = len(rows[0])
    return (sum(len(row) == width for row in rows) / len(rows), width)


def _names(path: Path, header: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() or f"column_{k}" for k, cell in enumerate(header, start=1))
    for position, name in enumerate(names):
        if name in names[:position]:
            raise SourceError(f"{path} has two columns named {name!r}: rename one of them.")
    return names
