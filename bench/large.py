"""Tables larger than one wants to hold: build and batch scoring, in time and peak memory.

    python bench/large.py TABLE FOLDER [--rows 10000000] [--forms parquet csv] [--keep]
                          [--only-read]

TABLE is the churn table (`examples/telecom/data/customers.csv` or the like); FOLDER gets the made
tables and a project for each form, some 3 GB for ten million rows. Rows are drawn from the real
table with new ids and amounts moved by up to 2%, so that no two are alike. Each step is a process
of its own; its peak memory and its seconds of the processor are what the kernel says of it, and the
load average is that of the last minute when it ends.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv
from pyarrow import parquet

CHUNK = 250_000
CONFIG = """[project]
name = "large"

[sources.customers]
path = "{path}"

[components.churn]
kind = "classifier"
source = "customers"
target = "Churn"
positive = "Yes"
id = "customerID"
work_limit = 1
"""
READ = """
import sys
from pathlib import Path
from twinkeel.config import SourceConfig
from twinkeel.data.opening import open_source
source = open_source(SourceConfig(path=sys.argv[1]), Path())
source.table(), source.digest()
"""


def chunks(table: Path, rows: int) -> Iterator[pa.Table]:
    """The made rows, a chunk at a time; the same for the same table and number."""
    real = pacsv.read_csv(table)
    rng = np.random.default_rng(0)
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        part = real.take(pa.array(rng.integers(0, len(real), size)))
        charge = part["MonthlyCharges"].to_numpy() * rng.uniform(0.98, 1.02, size)
        made = {"customerID": [f"C{n:09}" for n in range(start, start + size)]}
        for name in part.column_names:
            if name == "MonthlyCharges":
                made[name] = np.round(charge, 4)
            elif name != "customerID":
                made[name] = part[name]
        yield pa.table(made)


def write(table: Path, folder: Path, rows: int) -> None:
    """The same rows as CSV and as Parquet."""
    out: list[pacsv.CSVWriter | parquet.ParquetWriter] = []
    for chunk in chunks(table, rows):
        if not out:
            out = [
                pacsv.CSVWriter(folder / "customers.csv", chunk.schema),
                parquet.ParquetWriter(folder / "customers.parquet", chunk.schema),
            ]
        for writer in out:
            writer.write_table(chunk)
    for writer in out:
        writer.close()


def run(*command: str) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and peak memory in GB of a command."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, _gigabytes(usage)


def _gigabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (2**20 if sys.platform == "linux" else 2**30)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--forms", nargs="+", default=["parquet", "csv"])
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only-read", action="store_true")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / f"customers.{form}").is_file() for form in arguments.forms):
        write(arguments.table, folder, arguments.rows)
    twinkeel = str(Path(sys.executable).parent / "twinkeel")
    print("| form | file GB | step | seconds | of the processor | rows/s | peak GB | load |")
    print("|---|---|---|---|---|---|---|---|")
    for form in arguments.forms:
        data = folder / f"customers.{form}"
        project = folder / form
        project.mkdir(exist_ok=True)
        (project / "twinkeel.toml").write_text(CONFIG.format(path=f"../{data.name}"))
        scored = str(folder / f"scored.{form}")
        here = ("--project", str(project))
        reading = {"read, keep the sample": (sys.executable, "-c", READ, str(data))}
        steps = {
            "build": (twinkeel, "build", "churn", *here),
            "score every row": (
                *(twinkeel, "call", "churn@1", *here),
                *("--in", str(data), "--out", scored),
            ),
        }
        for step, command in (reading if arguments.only_read else steps).items():
            seconds, worked, peak = run(*command)
            size, load = data.stat().st_size / 1e9, os.getloadavg()[0]
            speed = arguments.rows / seconds
            numbers = f"{seconds:.0f} | {worked:.0f} | {speed:,.0f} | {peak:.2f} | {load:.1f}"
            print(f"| {form} | {size:.2f} | {step} | {numbers} |", flush=True)
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
