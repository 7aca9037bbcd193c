"""Data files: read whole, or streamed in batches of bounded memory.

Owns the one way from a file of any form to tables: CSV, JSON lines, Parquet, Arrow and Excel,
told apart by content. Refuses, with one sentence naming the file (and the line), what cannot be
read; a fault in a later row is told when that row is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinkeel.data import delimited, lines, workbook
from twinkeel.data.compression import explained
from twinkeel.data.delimited import Dialect, no_rows
from twinkeel.data.formats import Form, Head, Reading, head_of
from twinkeel.data.table import Table, concatenate, from_arrow
from twinkeel.data.writing import Writer, write
from twinkeel.errors import NoRows, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Writer", "batches", "count", "notes", "read", "write"]

_ROWS = 1 << 17
"""Rows of a batch where the whole file is wanted."""


def read(path: str | Path, reading: Reading | None = None) -> Table:
    """A whole file. Raises SourceError."""
    return concatenate(list(batches(path, _ROWS, reading)))


def batches(
    path: str | Path, size: int = 10_000, reading: Reading | None = None, *, empty: bool = False
) -> Iterator[Table]:
    """A file as tables of `size` rows (the last may be shorter), in order.

    A file without rows is one table of its header where `empty`. Raises SourceError, NoRows.
    """
    path, reading = Path(path), reading or Reading()
    head = head_of(path)
    found = False
    try:
        for table in _tables(path, head, size, reading):
            found = found or len(table) > 0
            yield table
    except NoRows:
        if not empty:
            raise
    if found:
        return
    if not empty:
        raise no_rows(path)
    yield Table({name: np.empty(0, object) for name in _names(path, head, reading)})


def _names(path: Path, head: Head, reading: Reading) -> tuple[str, ...]:
    """The header of a file without rows. Raises NoRows where there is none."""
    if head.form == "CSV":
        return delimited.dialect_of(path, head, reading).names
    if head.form == "Parquet":
        from pyarrow import parquet

        return tuple(parquet.read_schema(path).names)
    if head.form == "Excel":
        return workbook.header(path, reading.sheet)
    raise no_rows(path)


def notes(path: Path, reading: Reading) -> tuple[str, ...]:
    """What a person should know of how a file is read. Raises SourceError."""
    head = head_of(path)
    if head.form == "CSV":
        return delimited.dialect_of(path, head, reading).notes
    if head.form == "Excel":
        return workbook.notes(path, reading.sheet)
    return ()


def count(path: Path) -> int | None:
    """About how many rows a file has, found without reading cells; None where that cannot be.

    Raises SourceError for a damaged file.
    """
    head = head_of(path)
    if head.form == "Parquet":
        return _told(path)
    if head.compressed or head.form not in ("CSV", "JSON lines"):
        return None
    with explained(path), path.open("rb") as file:
        ends = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return ends - 1 if head.form == "CSV" else ends


def _tables(path: Path, head: Head, size: int, reading: Reading) -> Iterator[Table]:
    if head.form == "JSON lines":
        return lines.batches(path, size)
    if head.form == "Excel":
        return workbook.batches(path, size, reading.sheet)
    return _sized(_arrow(path, head, size, reading), size, str(path))


def _arrow(path: Path, head: Head, size: int, reading: Reading) -> Iterator[pa.RecordBatch]:
    if head.form == "CSV":
        dialect: Dialect = delimited.dialect_of(path, head, reading)
        return delimited.batches(path, dialect)
    return _parquet(path, size) if head.form == "Parquet" else _ipc(path, head)


def _sized(parts: Iterable[pa.RecordBatch], size: int, what: str) -> Iterator[Table]:
    """Batches of any length as tables of `size` rows."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    rows = 0
    for part in parts:
        held.append(part)
        rows += len(part)
        if rows < size:
            continue
        whole = pa.Table.from_batches(held)
        full = rows - rows % size
        for start in range(0, full, size):
            yield from_arrow(whole.slice(start, size), what)
        held, rows = whole.slice(full).to_batches(), rows - full
    if rows:
        yield from_arrow(pa.Table.from_batches(held), what)


def _parquet(path: Path, size: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            rows = 0
            for batch in file.iter_batches(batch_size=min(size, _ROWS)):
                rows += len(batch)
                yield batch
            told = file.metadata.num_rows
    except (pa.ArrowException, OSError, MemoryError, OverflowError) as error:
        raise _damaged(path, "Parquet", error) from None
    if rows != told:
        raise SourceError(
            f"{path} is a damaged Parquet file (it has {rows:,} rows and says {told:,}); write it "
            "again."
        )


def _told(path: Path) -> int:
    """How many rows a Parquet file says that it has."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return int(parquet.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, "Parquet", error) from None


def _ipc(path: Path, head: Head) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import ipc

    try:
        with pa.memory_map(str(path)) as source:
            if not head.content.startswith(b"ARROW1"):
                yield from ipc.open_stream(source)
                return
            file = ipc.open_file(source)
            for place in range(file.num_record_batches):
                batch = file.get_batch(place)
                batch.validate(full=True)
                yield batch
    except (pa.ArrowException, OSError, MemoryError, OverflowError, ValueError) as error:
        raise _damaged(path, "Arrow", error) from None


def _damaged(path: Path, form: Form, error: BaseException) -> SourceError:
    reason = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    return SourceError(f"{path} is a damaged {form} file ({reason}); write it again.")
