"""CSV and Parquet files: read whole, or streamed in batches of bounded memory.

Owns what a data file may look like: the delimiters , ; tab and |, UTF-8 with or without a byte
order mark, one header row. CSV cells stay texts, so that types are the contract's to infer.
Refuses, with one sentence naming the file (and the line): empty and header-only files, ragged
rows, repeated names, other encodings, and files that are not what their name says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.data.formats import Dialect, dialect_of, form_of, not_utf8
from twinkeel.data.table import Table, from_arrow
from twinkeel.data.writing import Writer, write
from twinkeel.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Writer", "batches", "read", "write"]

_BLOCK = 4 << 20
"""Bytes of CSV parsed at a time; a row must fit."""


def read(path: str | Path) -> Table:
    """A whole CSV or Parquet file. Raises SourceError."""
    import pyarrow as pa

    path = Path(path)
    table = pa.Table.from_batches(list(_arrow_batches(path, None)))
    return from_arrow(table, str(path))


def batches(path: str | Path, size: int = 10_000) -> Iterator[Table]:
    """A CSV or Parquet file as tables of `size` rows (the last may be shorter), in order.

    Raises SourceError, for a fault in a later row when that row is reached.
    """
    import pyarrow as pa

    path = Path(path)
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in _arrow_batches(path, size):
        held.append(batch)
        rows += len(batch)
        while rows >= size:
            whole = pa.Table.from_batches(held)
            yield from_arrow(whole.slice(0, size), str(path))
            held = whole.slice(size).to_batches()
            rows -= size
    if rows:
        yield from_arrow(pa.Table.from_batches(held), str(path))


def _arrow_batches(path: Path, size: int | None) -> Iterator[pa.RecordBatch]:
    """The file's rows as arrow batches, at least one of which has rows."""
    form = form_of(path)
    found = False
    source = _csv_batches(path) if form == "CSV" else _parquet_batches(path, size)
    for batch in source:
        found = found or len(batch) > 0
        yield batch
    if not found:
        raise _no_rows(path)


def _csv_batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    dialect = dialect_of(path)
    try:
        reader = pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                block_size=_BLOCK,
                column_names=list(dialect.names),
                skip_rows=dialect.blank_lines,
                skip_rows_after_names=1,
            ),
            parse_options=pacsv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(dialect.names, pa.string()), strings_can_be_null=False
            ),
        )
        yield from reader
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _csv_fault(path, dialect, error) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None


def _csv_fault(path: Path, dialect: Dialect, error: Exception) -> SourceError:
    """The sentence for a file that the fast parser refuses, found by a slow second reading."""
    line = rows = 0
    csv.field_size_limit(_BLOCK)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=dialect.delimiter)
            for row in reader:
                rows += bool("".join(row).strip())
                if row and len(row) != len(dialect.names):
                    return SourceError(
                        f"{path}, line {line + 1}: expected {len(dialect.names)} cells as in the "
                        f"header, got {len(row)}; correct the line, or quote cells that contain "
                        f"{dialect.delimiter!r}."
                    )
                line = reader.line_num
    except UnicodeDecodeError:
        return not_utf8(path, _bad_line(path))
    except csv.Error as fault:
        return SourceError(f"{path}, line {line + 1}: this is not CSV ({fault}).")
    if rows < 2:
        return _no_rows(path)
    return SourceError(f"{path} cannot be read as CSV: {_first_line(error)}.")


def _no_rows(path: Path) -> SourceError:
    return SourceError(f"{path} has a header and no rows: expected at least one row.")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


def _bad_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _parquet_batches(path: Path, size: int | None) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=size or 1 << 17)
    except (pa.ArrowException, OSError, MemoryError, OverflowError) as error:
        raise SourceError(
            f"{path} is a damaged Parquet file ({_first_line(error)}); write it again."
        ) from None
