"""Writing tables to CSV and Parquet files, all or nothing.

Rows go to a temporary file beside the target, which takes the target's name only when closed
without an error. A CSV cell never starts with what a spreadsheet would run as a formula: such
texts get a leading apostrophe (OWASP, "CSV Injection"); numbers are left alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from twinkeel.data.formats import WRITTEN
from twinkeel.data.table import Array, Table, json_values
from twinkeel.data.types import Unreadable, number
from twinkeel.errors import EnvironmentProblem, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(path: str | Path, table: Table) -> None:
    """Write a whole table to a CSV or Parquet file, replacing it. Raises as `Writer` does."""
    with Writer(path) as out:
        out.write(table)


class Writer:
    """Writes tables of the same columns to one file: `with Writer(path) as out: out.write(t)`.

    Raises SourceError for a name of no known form, EnvironmentProblem where the disk is in the
    way; the target is then as it was.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        self._sink: _Sink | None = None
        self._names: tuple[str, ...] = ()

    def __enter__(self) -> Writer:
        form = WRITTEN.get(self._path.suffix.lower())
        if form is None:
            raise SourceError(
                f"{self._path}: expected a name that ends in {', '.join(WRITTEN)}; rename it."
            )
        with _explained(self._path):
            delimiter = "\t" if self._path.suffix.lower() == ".tsv" else ","
            self._sink = (
                _CsvSink(self._part, delimiter) if form == "CSV" else _ParquetSink(self._part)
            )
        return self

    def write(self, table: Table) -> None:
        """Append a table's rows."""
        if self._sink is None:
            raise SourceError(f"{self._path} is not open: use the writer in a with statement.")
        self._names = self._names or table.names
        if table.names != self._names:
            raise SourceError(
                f"{self._path} has the columns {', '.join(self._names)}, and rows with the columns "
                f"{', '.join(table.names)} came: write them to a file of their own."
            )
        with _explained(self._path):
            self._sink.write(table)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        sink, self._sink = self._sink, None
        try:
            with _explained(self._path):
                if sink is not None:
                    sink.close()
                if kind is None:
                    _sync(self._part)
                    self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


def escaped(text: str) -> str:
    """A text as it is safe in a spreadsheet: no formula, and unchanged if it is a number."""
    if not text.startswith(_FORMULA):
        return text
    try:
        number(text)
    except Unreadable:
        return f"'{text}"
    return text


class _Sink(Protocol):
    def write(self, table: Table) -> None: ...

    def close(self) -> None: ...


class _CsvSink:
    def __init__(self, path: Path, delimiter: str) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._delimiter = delimiter
        self._special = re.compile(f'[{re.escape(delimiter)}"\r\n]')
        self._started = False

    def write(self, table: Table) -> None:
        if not self._started:
            self._file.write(self._delimiter.join(map(self._cell, table.names)) + "\n")
            self._started = True
        columns = [self._cells(column) for column in table.columns.values()]
        if len(columns) == 1:  # an empty line is no row
            columns = [[cell or '""' for cell in columns[0]]]
        lines = map(self._delimiter.join, zip(*columns, strict=True))
        self._file.write("".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        self._file.close()

    def _cells(self, column: Array) -> list[str]:
        """A column as a file has it; equal texts are looked at once."""
        if column.dtype.kind == "O":
            words = {word: self._cell(word or "") for word in set(column.tolist())}
            return list(map(words.__getitem__, column.tolist()))
        return ["" if cell is None else str(cell) for cell in json_values(column)]

    def _cell(self, text: str) -> str:
        text = escaped(text)
        if self._special.search(text) is None:
            return text
        return '"' + text.replace('"', '""') + '"'


class _ParquetSink:
    """The first table's types hold; texts stay texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, table: Table) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        rows = to_arrow(table)
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._path, rows.schema)
        try:
            rows = rows.cast(self._writer.schema)
        except pa.ArrowException as error:
            raise SourceError(
                f"Later rows do not fit the types of the first ones in Parquet ({error}); write "
                "CSV instead."
            ) from None
        self._writer.write_table(rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        else:
            self._path.touch()


def to_arrow(table: Table) -> pa.Table:
    """A table as a pyarrow table; NaN and NaT are nulls."""
    import pyarrow as pa

    return pa.table({name: _arrow(column) for name, column in table.columns.items()})


def _arrow(column: Array) -> pa.Array:
    import pyarrow as pa

    if column.dtype.kind == "O":
        return pa.array(column.tolist(), pa.string())
    return pa.array(column, from_pandas=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise EnvironmentProblem(
            f"{path} cannot be written: {reason}; choose another place or make room."
        ) from None
