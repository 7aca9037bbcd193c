"""Half a million rows in a time limit: seconds and peak memory.

    python bench/half_million.py TABLE [--rows 500000] [--seconds 60] [--target Churn]

TABLE is the churn table (`examples/telecom/data/customers.csv` or the like). Rows are drawn from it
with amounts moved by up to 2%. They are near copies of each other, so how good the model is would
say nothing. Memory is the peak of this process, the table included.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from twinkeel.learn import TabularClassifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--target", default="Churn")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    frame = pd.read_csv(given.table)
    frame = frame.loc[:, frame.nunique() < len(frame)]
    learned = drawn(frame, given.rows, rng)
    before = peak()
    began, worked = time.monotonic(), time.process_time()
    model = TabularClassifier(time_limit=given.seconds, random_state=0)
    model.fit(learned.drop(columns=[given.target]), learned[given.target])
    took, cpu = time.monotonic() - began, time.process_time() - worked
    print("| rows | limit s | seconds | of the processor | peak before GB | peak GB | load |")
    print("|-|-|-|-|-|-|-|")
    print(
        f"| {given.rows:,} | {given.seconds:g} | {took:.1f} | {cpu:.1f} | {before:.2f} | "
        f"{peak():.2f} | {os.getloadavg()[0]:.1f} |"
    )
    for note in model.trained_.card.notes:
        print(f"- {note}")


def drawn(frame: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """So many rows of a table, amounts moved by up to 2%."""
    found = frame.iloc[rng.integers(len(frame), size=rows)].reset_index(drop=True)
    for name in found.select_dtypes("float"):
        found[name] = (found[name] * rng.uniform(0.98, 1.02, rows)).round(2)
    return found


def peak() -> float:
    """Gigabytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
