"""RMSE, coverage and width of intervals on open tables beside CatBoost's and LightGBM's defaults.

    python bench/regression.py --data FOLDER [--seconds 30] [--only NAME ...] [--seed 0]
        [--split-key KEY]

FOLDER holds one folder for each table, as listed in SETS; this repository does not hold them. A
fifth of the rows is held out by the hash of their contents. The peers get native categories, their
own handling of missing values and their default settings, which end by themselves; they fit once
on all the other rows and give no intervals. Leads carry a 95% interval from 1,000 paired bootstrap
resamples of the held-out rows.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import pandas as pd

from twinkeel.data.split import SplitOptions, split
from twinkeel.data.table import from_frame
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.records import Limits

ABALONE = ["sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings"]
LEVEL = 0.9


@dataclass(frozen=True)
class Set:
    """Where a table is, and what is learned of it."""

    path: str
    target: str
    drop: tuple[str, ...] = ()
    """Identifiers, and columns that give the target away."""
    names: tuple[str, ...] | None = None


SETS = {
    "california_housing": Set("california_housing/housing.csv", "median_house_value"),
    "ames_housing": Set("ames_housing/ames.csv", "price", ("rownames", "Order", "PID")),
    "diamonds": Set("diamonds/diamonds.csv", "price"),
    "abalone": Set("abalone/abalone.csv", "rings", names=tuple(ABALONE)),
    "nyc_taxis": Set("nyc_taxis/taxis.csv", "tip", ("total",)),
}


@dataclass(frozen=True)
class Task:
    name: str
    X: pd.DataFrame
    y: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class Found:
    prediction: np.ndarray
    intervals: np.ndarray | None = None
    ms: float | None = None
    notes: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--only", nargs="*", default=list(SETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split-key", default="twinkeel")
    given = parser.parse_args()
    settings = f"{given.seconds:g} s, seed {given.seed}, split key {given.split_key!r}"
    print(f"{os.cpu_count()} processors, {settings}, intervals of {LEVEL:.0%}\n")
    print("| data | rows | model | RMSE | Twinkeel's lead | coverage | width | row, ms | seconds |")
    print("|-|-|-|-|-|-|-|-|-|")
    for name in given.only:
        compare(read(name, Path(given.data), given.split_key), given.seconds, given.seed)


def read(name: str, folder: Path, key: str) -> Task:
    one = SETS[name]
    header = None if one.names else 0
    frame = pd.read_csv(folder / one.path, header=header, names=one.names)
    frame = frame[frame[one.target].notna()]
    X = frame.drop(columns=[one.target, *(c for c in one.drop if c in frame)])
    held_out = split(from_frame(X), options=SplitOptions(), key=key).held_out
    return Task(name, X, frame[one.target].to_numpy(dtype=float), held_out)


def compare(task: Task, seconds: float, seed: int) -> None:
    y, first = task.y[task.held_out], None
    for name, learn in (
        (f"Twinkeel, {seconds:g} s", lambda: twinkeel(task, seconds, seed)),
        ("CatBoost, defaults", lambda: catboost_default(task, seed)),
        ("LightGBM, defaults", lambda: lightgbm_default(task, seed)),
    ):
        began = time.perf_counter()
        found = learn()
        took = time.perf_counter() - began
        first = first or found
        lead = "" if found is first else lead_text(y, first.prediction, found.prediction)
        print(
            f"| {task.name} | {len(task.y):,} | {name} | {rmse(y, found.prediction):.5g} "
            f"| {lead} | "
            f"{intervals_text(y, found)} | {took:.1f} |",
            flush=True,
        )
        if found.notes:
            print(f"<!-- {task.name}: {found.notes} -->", flush=True)


def twinkeel(task: Task, seconds: float, seed: int) -> Found:
    table = from_frame(task.X)
    judged = table.take(task.held_out)
    problem = Problem(
        table=table.take(~task.held_out),
        target=task.y[~task.held_out],
        objective=Amounts(interval=LEVEL),
        check=judged,
    )
    trained = train(problem, limits=Limits(time=seconds), seed=seed)
    served = trained.predictor()
    answers = served.answers(judged.columns, len(judged))
    row = judged.rows(0, 1)
    served.call(row)
    began = time.perf_counter()
    for _ in range(200):
        served.call(row)
    ms = (time.perf_counter() - began) * 1e3 / 200
    return Found(answers[:, 0], answers[:, 1:], ms, " ".join(trained.card.notes))


def catboost_default(task: Task, seed: int) -> Found:
    texts = [name for name in task.X if task.X[name].dtype.kind not in "iufb"]
    X = task.X.copy()
    X[texts] = X[texts].astype(object).where(X[texts].notna(), "missing")
    model = catboost.CatBoostRegressor(
        cat_features=texts, random_seed=seed, verbose=False, allow_writing_files=False
    )
    model.fit(X[~task.held_out], task.y[~task.held_out])
    return Found(model.predict(X[task.held_out]))


def lightgbm_default(task: Task, seed: int) -> Found:
    X = task.X.copy()
    for name in X:
        if X[name].dtype.kind not in "iufb":
            X[name] = X[name].astype("category")
    X.columns = [f"c{i}" for i in range(X.shape[1])]  # it refuses some names
    model = lightgbm.LGBMRegressor(random_state=seed, verbosity=-1)
    model.fit(X[~task.held_out], task.y[~task.held_out])
    return Found(model.predict(X[task.held_out]))


def rmse(y: np.ndarray, prediction: np.ndarray) -> float:
    return float(np.sqrt(np.mean((y - prediction) ** 2)))


def intervals_text(y: np.ndarray, found: Found) -> str:
    if found.intervals is None or found.ms is None:
        return " | | "
    low, high = found.intervals.T
    inside = ((low <= y) & (y <= high)).mean()
    return f"{inside:.3f} | {(high - low).mean():.4g} | {found.ms:.2f}"


def lead_text(y: np.ndarray, ours: np.ndarray, peer: np.ndarray) -> str:
    """By how much our RMSE is smaller than the peer's, in percent of the peer's."""
    rng = np.random.default_rng(0)
    leads = []
    for _ in range(1000):
        rows = rng.integers(len(y), size=len(y))
        leads.append(1 - rmse(y[rows], ours[rows]) / rmse(y[rows], peer[rows]))
    low, high = np.quantile(leads, [0.025, 0.975])
    return f"{1 - rmse(y, ours) / rmse(y, peer):+.1%} ({low:+.1%} to {high:+.1%})"


if __name__ == "__main__":
    main()
