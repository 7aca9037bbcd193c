"""What a data file is, by its content and never by its name.

Owns the recognition of forms. Reads only the head of a file, uncompressed where it is compressed.
Refuses what is no table, and says what it is instead.
"""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from twinkeel.data import compression
from twinkeel.errors import SourceError
from twinkeel.records import Record

Form: TypeAlias = Literal["CSV", "JSON lines", "Parquet", "Arrow", "Excel"]
Decimal: TypeAlias = Literal[".", ","]

WRITTEN: dict[str, Literal["CSV", "Parquet"]] = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".data": "CSV",
    ".parquet": "Parquet",
    ".pq": "Parquet",
}
"""Endings of names to the form that is written under them."""

HEAD = 1 << 20
_BINARY: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF; convert it to CSV or Parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as .xlsx"),
    (b"SQLite format 3\x00", 'an SQLite database; give url = "sqlite:///..." and a table'),
    (b"FEA1", "a Feather file of version 1; write it again as version 2"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x80\x04\x95", "a Python pickle, which is never loaded; write it as Parquet"),
    (b"\x80\x05\x95", "a Python pickle, which is never loaded; write it as Parquet"),
    (b"PK\x05\x06", "an empty zip archive"),
)
_WEB = (b"<!doctype", b"<html", b"<?xml")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Reading(Record, frozen=True, kw_only=True):
    """How to read files, where it is not left to be found out."""

    delimiter: str | None = None
    encoding: str | None = None
    decimal: Decimal | None = None
    sheet: str | None = None


class Head(NamedTuple):
    """What a file begins with."""

    form: Form
    content: bytes
    """The first bytes, uncompressed."""
    whole: bool
    """Whether that is all of it."""
    compressed: bool


def head_of(path: Path) -> Head:
    """What a file is, and how it begins. Raises SourceError for what is no table."""
    raw = _first_bytes(path)
    if raw.startswith(compression.ZIP) and _is_workbook(path):
        return Head("Excel", raw, whole=False, compressed=False)
    packed = compression.compression_of(raw) is not None
    with compression.opened(path) as stream:
        content = stream.read(HEAD)
    form = _form(path, content)
    if packed and form not in ("CSV", "JSON lines"):
        raise SourceError(
            f"{path} holds a table in the form {form} in an archive: unpack it first."
        )
    return Head(form, content, whole=len(content) < HEAD, compressed=packed)


def form_of(path: Path) -> Form:
    """The form of a file. Raises SourceError for what is no table."""
    return head_of(path).form


def _first_bytes(path: Path) -> bytes:
    with compression.explained(path), path.open("rb") as file:
        return file.read(8)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def _form(path: Path, content: bytes) -> Form:
    if content.startswith(b"PAR1"):
        return "Parquet"
    if content.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "Arrow"
    what = next((what for start, what in _BINARY if content.startswith(start)), None)
    if what is None and b"\x00" in content and not content.startswith(_WIDE):
        what = "binary data"
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()[:9].lower()
    if what is None and start.startswith(_WEB):
        what = "a web page or XML"
    if what is None and start.startswith(b"["):
        what = "a JSON list; write one object a line"
    if what is not None:
        raise SourceError(f"{path} is no table: its content is {what}.")
    if not content.strip():
        raise SourceError(f"{path} is empty: expected a header and rows.")
    return "JSON lines" if start.startswith(b"{") else "CSV"
