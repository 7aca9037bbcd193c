"""One row and many through a full ensemble, in process: contract, graph and calibration included.

    python bench/row.py [--seconds 120] [--data CUSTOMERS.csv] [--adult FOLDER]

The rows are the held-out ones, as JSON-ready dictionaries for single calls and as columns for
many. `--adult` is a folder with UCI's adult-train.csv and adult-test.csv.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from accuracy import ROOT, Task, adult, telco

from twinkeel.data.table import from_frame
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.objectives.classes import Classes
from twinkeel.records import Limits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--data", default=ROOT / "examples/telecom/data/customers.csv")
    parser.add_argument("--adult", help="folder with adult-train.csv and adult-test.csv")
    given = parser.parse_args()
    tasks = [telco(Path(given.data))]
    if given.adult:
        tasks.append(adult(Path(given.adult)))
    print(f"{os.cpu_count()} processors, trained for {given.seconds:g} s at most\n")
    print("| data | trees | graph MB | one row ms, median | p99 | rows/s | explain ms | p99 |")
    print("|-|-|-|-|-|-|-|-|")
    for task in tasks:
        measure(task, given.seconds)


def measure(task: Task, seconds: float) -> None:
    table = from_frame(task.X)
    judged = table.take(task.held_out)
    labels = np.where(task.y, "yes", "no").astype(object)[~task.held_out]
    problem = Problem(
        table=table.take(~task.held_out),
        target=labels,
        objective=Classes(positive="yes"),
        check=judged,
    )
    trained = train(problem, limits=Limits(time=seconds))
    served, rows = trained.predictor(), judged.rows(0, 1000)
    one = milliseconds([lambda row=row: served.call([row]) for row in rows])
    why = milliseconds([lambda row=row: served.explain([row]) for row in rows[:100]])
    many = milliseconds([lambda: served.answers(judged.columns, len(judged))] * 5)
    print(
        f"| {task.name} | {len(trained.function.parts.trees)} | {len(trained.graph) / 1e6:.1f} "
        f"| {np.median(one):.2f} | {np.quantile(one, 0.99):.2f} "
        f"| {len(judged) / np.median(many) * 1e3:,.0f} "
        f"| {np.median(why):.1f} | {np.quantile(why, 0.99):.1f} |",
        flush=True,
    )


def milliseconds(calls: list[Callable[[], object]]) -> list[float]:
    calls[0]()
    found = []
    for call in calls:
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1e3)
    return found


if __name__ == "__main__":
    main()
