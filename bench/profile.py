"""A million rows by 50 columns in numbers: ours, pandas `describe`, and ydata-profiling.

    python bench/profile.py --data TABLE.csv [--rows 1000000] [--columns 50] [--target NAME]
                            [--ydata] [--limit 1200]

The table is drawn from a real one: each column keeps its own cells, rows are drawn with
replacement, and columns repeat under another name where there are too few. Every system runs in a
process of its own on the same Parquet file, after reading it, and its peak memory is that
process's. `--ydata` installs ydata-profiling into a temporary environment of its own and runs it in
its minimal mode; where it does not install, that is said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_OURS = """
from twinkeel.config import SourceConfig
from twinkeel.data.profile import profile
from twinkeel.data.opening import open_source
table = open_source(SourceConfig(path=Path(sys.argv[1]).name), Path(sys.argv[1]).parent).table()
began, work = time.perf_counter(), time.process_time()
profile(table, target=sys.argv[2])
"""
_PANDAS = """
import pandas as pd
table = pd.read_parquet(sys.argv[1])
began, work = time.perf_counter(), time.process_time()
table.describe(include="all")
"""
_YDATA = """
import pandas as pd
from ydata_profiling import ProfileReport
table = pd.read_parquet(sys.argv[1])
began, work = time.perf_counter(), time.process_time()
ProfileReport(table, minimal=True, progress_bar=False).get_description()
"""
_HEAD = "import resource, sys, time\nfrom pathlib import Path\nread = time.perf_counter()\n"
_TAIL = """
done, worked = time.perf_counter(), time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("measured", began - read, done - began, worked - work, peak)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--target")
    parser.add_argument("--ydata", action="store_true")
    parser.add_argument("--limit", type=float, default=1200, help="seconds for each system")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        names = draw(given.data, path, given.rows, given.columns)
        target = given.target or names[-1]
        print(f"{given.rows:,} rows by {len(names)} columns drawn from {given.data.name}, target")
        print(f"{target}; {os.cpu_count()} processors\n")
        print("| what | reading s | profile s | of the processor | peak MB |\n|-|-|-|-|-|")
        show("twinkeel profile", sys.executable, _OURS, [str(path), target], given.limit)
        show("pandas describe(include='all')", sys.executable, _PANDAS, [str(path)], given.limit)
        if given.ydata:
            python = install(Path(folder) / "ydata")
            show("ydata-profiling, minimal", python, _YDATA, [str(path)], given.limit)


def draw(data: Path, path: Path, rows: int, columns: int) -> list[str]:
    """Write the table as Parquet; returns its columns' names."""
    import numpy as np
    import pandas as pd

    table = pd.read_csv(data)
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(table), rows)
    made = {}
    for k in range(columns):
        name = str(table.columns[k % table.shape[1]])
        place = drawn if k < table.shape[1] else random.permutation(drawn)
        made[name if k < table.shape[1] else f"{name} {k}"] = table[name].to_numpy()[place]
    pd.DataFrame(made).to_parquet(path)
    return list(made)


def install(folder: Path) -> str | None:
    """An environment with ydata-profiling; returns its Python, None where it does not install."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    command = [python, "-m", "pip", "install", "-q", "ydata-profiling", "pyarrow", "setuptools<81"]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode:
        print(f"ydata-profiling does not install: {installed.stderr.strip().splitlines()[-1]}")
        return None
    return python


def show(what: str, python: str | None, code: str, arguments: list[str], limit: float) -> None:
    """Run one system and print its row."""
    if python is None:
        return
    command = [python, "-c", _HEAD + code + _TAIL, *arguments]
    try:
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"| {what} | not done in {limit:g} s | | |")
        return
    line = next((one for one in ran.stdout.splitlines() if one.startswith("measured ")), None)
    if line is None:
        said = ran.stderr.strip().splitlines()
        print(f"| {what} | failed: {said[-1] if said else ran.returncode} | | | |")
        return
    reading, seconds, worked, peak = map(float, line.split()[1:])
    print(f"| {what} | {reading:.1f} | {seconds:.1f} | {worked:.1f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
