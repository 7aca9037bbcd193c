"""Where the time of scoring a file goes: microseconds of the processor a row, stage by stage.

    python bench/scoring.py PROJECT VERSION TABLE.parquet [--rows 100000]

TABLE has the columns that the version reads. Every stage is what `twinkeel call --in --out` does
with the same 20,000 rows at a time; the last line of each form is the whole. Times are of the
processor, so that other work does not count; rows a second are of one processor.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pyarrow import parquet

from twinkeel.data import files
from twinkeel.data.table import Table
from twinkeel.lifecycle import call
from twinkeel.project import Project

_T = TypeVar("_T")
_ROUNDS = 3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("version")
    parser.add_argument("table", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    project = Project.open(given.project)
    version = project.version(given.version)
    servable: Any = call.loaded(project.store, version)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.parquet"
        table = cut(given.table, given.rows)
        parquet.write_table(table, source)
        n = len(table)
        print(f"{n:,} rows of {table.num_columns} columns, best of {_ROUNDS}\n")
        print("| what | microseconds a row | rows/s |\n|-|-|-|")
        parts = show("reading Parquet", n, lambda: list(files.batches(source, call.BATCH)))
        read = show(
            "reading by the contract",
            n,
            lambda: [servable.contract.read(part.columns, len(part)) for part in parts],
        )
        show("the graph", n, lambda: [graph(servable, one.values) for one in read])
        show("all of an answer, by column", n, lambda: [answered(servable, part) for part in parts])
        show("all of an answer, by row", n, lambda: [servable.call(part.rows()) for part in parts])
        whole = [Table({**part.columns, **answered(servable, part)}) for part in parts]
        for ending in ("parquet", "csv"):
            out = Path(folder) / f"out.{ending}"
            show(f"writing {ending}", n, lambda out=out: written(out, whole))
            show(
                f"a file, Parquet to {ending}",
                n,
                lambda out=out: call.call_file(project.store, version, source, out),
            )


def cut(path: Path, rows: int) -> pa.Table:
    """The first rows of a Parquet file."""
    batches = []
    for batch in parquet.ParquetFile(path).iter_batches():
        batches.append(batch.slice(0, rows))
        rows -= len(batches[-1])
        if rows <= 0:
            break
    return pa.Table.from_batches(batches)


def graph(servable: Any, values: dict[str, Any]) -> Any:
    return servable.run(values, len(next(iter(values.values()))))


def answered(servable: Any, part: Table) -> dict[str, Any]:
    found: dict[str, Any] = servable.call_columns(part.columns, len(part)).columns(len(part))
    return found


def written(out: Path, tables: list[Table]) -> None:
    with files.Writer(out) as writer:
        for table in tables:
            writer.write(table)


def show(what: str, n: int, work: Callable[[], _T]) -> _T:
    """Time some work, print its row and return what it gave."""
    spent = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        found = work()
        spent.append(time.process_time() - began)
    each = min(spent) / n
    print(f"| {what} | {each * 1e6:.2f} | {1 / each:,.0f} |", flush=True)
    return found


if __name__ == "__main__":
    main()
