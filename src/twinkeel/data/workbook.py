"""Excel workbooks (.xlsx): one sheet as a table.

Owns the choice of the sheet and the header row. Refuses, before anything is parsed, archives that
unfold to too much and parts that declare document types or entities (XML attacks); macros and
formulas are never run, their stored values are read.
"""

from __future__ import annotations

import datetime as dt
import itertools
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinkeel.data.compression import check_archive, explained
from twinkeel.data.delimited import column_names, no_rows
from twinkeel.data.table import Table, from_values
from twinkeel.data.types import plain
from twinkeel.errors import MissingExtra, SourceError
from twinkeel.plugins import suggestion

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")
_PROLOGUE = 1 << 16
"""Bytes of a part in which its declarations stand, before the first element."""


def batches(path: Path, size: int, sheet: str | None) -> Iterator[Table]:
    """The rows of a sheet, by default the first. Raises SourceError."""
    rows = _rows(path, sheet)
    names = _names(path, rows)
    while part := list(itertools.islice(rows, size)):
        columns = zip(names, zip(*part, strict=True), strict=True)
        yield Table({name: from_values(name, cells) for name, cells in columns})


def header(path: Path, sheet: str | None) -> tuple[str, ...]:
    """The names of a sheet's columns, by default the first sheet's. Raises SourceError."""
    return _names(path, _rows(path, sheet))


def _names(path: Path, rows: Iterator[list[Any]]) -> tuple[str, ...]:
    """The names in the first of these rows."""
    first = next(rows, None)
    if first is None:
        raise no_rows(path)
    return tuple(column_names(path, [plain(cell) for cell in first]))


def notes(path: Path, sheet: str | None) -> tuple[str, ...]:
    """What a person should know of the choice of the sheet. Raises SourceError."""
    with _opened(path) as book:
        names = tuple(book.sheet_names)
    if sheet is not None or len(names) < 2:
        return ()
    return (
        f"{path.name} has {len(names)} sheets, and the first one ({names[0]}) was read; the "
        "source's sheet says otherwise.",
    )


def _rows(path: Path, sheet: str | None) -> Iterator[list[Any]]:
    """The rows that are not empty."""
    with _opened(path) as book:
        names = tuple(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise SourceError(f"{path} has no sheet {sheet!r}{suggestion(sheet, names)}")
        if not names:
            raise SourceError(f"{path} has no sheet: expected one with a header and rows.")
        for row in book.get_sheet_by_name(sheet or names[0]).iter_rows():
            cells = [_cell(value) for value in row]
            if any(cell is not None for cell in cells):
                yield cells


def _cell(value: Any) -> Any:
    """A cell as tables hold it: empty is None, times of day are texts."""
    if value == "":
        return None
    return str(value) if isinstance(value, dt.time | dt.timedelta) else value


@contextmanager
def _opened(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtra("python-calamine", "predictors", "Reading Excel") from None

    _check(path)
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            yield book
    except CalamineError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise SourceError(f"{path} is a damaged workbook ({reason}): save it again.") from None


def _check(path: Path) -> None:
    """Raise SourceError for a workbook that would harm its reader."""
    with explained(path):
        try:
            with zipfile.ZipFile(path) as archive:
                check_archive(path, archive)
                for one in archive.infolist():
                    with archive.open(one) as part:
                        start = part.read(_PROLOGUE)
                    if any(word in start for word in _DECLARED):
                        raise SourceError(
                            f"{path}: its part {one.filename} declares a document type, which no "
                            "workbook needs and attacks use; save it again from a spreadsheet."
                        )
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
            raise SourceError(f"{path} is a damaged workbook ({error}): save it again.") from None
