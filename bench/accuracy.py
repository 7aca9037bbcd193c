"""ROC AUC and log loss on Telco and Adult beside CatBoost's and LightGBM's defaults, same split.

    python bench/accuracy.py [--seconds 120] [--data CUSTOMERS.csv] [--adult FOLDER]
        [--split-key KEY]

A fifth of the rows is held out by the hash of their contents, keyed with `--split-key`. The
peers get native categories, their own handling of missing values and their default settings;
LightGBM and CatBoost fit once on all the other rows. Differences carry a 95% interval from 1,000
paired bootstrap resamples.
`--adult` is a folder with UCI's adult-train.csv and adult-test.csv, which this repository does
not hold.
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
from sklearn.metrics import log_loss, roc_auc_score

from twinkeel.data.split import SplitOptions, split
from twinkeel.data.table import from_frame
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.objectives.classes import Classes
from twinkeel.records import Limits

ROOT = Path(__file__).parents[1]
ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
]


@dataclass(frozen=True)
class Task:
    name: str
    X: pd.DataFrame
    y: np.ndarray
    held_out: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--data", default=ROOT / "examples/telecom/data/customers.csv")
    parser.add_argument("--adult", help="folder with adult-train.csv and adult-test.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split-key", default="twinkeel")
    given = parser.parse_args()
    tasks = [telco(Path(given.data), given.split_key)]
    if given.adult:
        tasks.append(adult(Path(given.adult), given.split_key))
    settings = f"{given.seconds:g} s, seed {given.seed}, split key {given.split_key!r}"
    print(f"{os.cpu_count()} processors, {settings}\n")
    print("| data | model | ROC AUC | Twinkeel's lead | log loss | seconds |\n|-|-|-|-|-|-|")
    for task in tasks:
        compare(task, given.seconds, given.seed)


def telco(path: Path, key: str = "twinkeel") -> Task:
    frame = pd.read_csv(path)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return task("telco", frame.drop(columns=["customerID"]), "Churn", "Yes", key)


def adult(folder: Path, key: str = "twinkeel") -> Task:
    parts = [
        pd.read_csv(folder / name, header=None, names=ADULT, skipinitialspace=True, na_values="?")
        for name in ("adult-train.csv", "adult-test.csv")
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["income"] = frame["income"].str.rstrip(".")
    return task("adult", frame, "income", ">50K", key)


def task(name: str, frame: pd.DataFrame, target: str, positive: str, key: str) -> Task:
    X, y = frame.drop(columns=[target]), (frame[target] == positive).to_numpy()
    held_out = split(from_frame(X), options=SplitOptions(), key=key).held_out
    return Task(name, X, y, held_out)


def compare(task: Task, seconds: float, seed: int) -> None:
    found = {}
    for name, learn in (
        (f"Twinkeel, {seconds:g} s", lambda: twinkeel(task, seconds, seed)),
        ("CatBoost, defaults", lambda: catboost_default(task, seed)),
        ("LightGBM, defaults", lambda: lightgbm_default(task, seed)),
    ):
        began = time.perf_counter()
        probability = learn()
        found[name] = probability, time.perf_counter() - began
    y = task.y[task.held_out]
    ours = next(iter(found.values()))[0]
    for name, (probability, took) in found.items():
        lead = "" if probability is ours else lead_text(y, ours, probability)
        print(
            f"| {task.name} | {name} | {roc_auc_score(y, probability):.4f} | {lead} | "
            f"{log_loss(y, probability):.4f} | {took:.1f} |",
            flush=True,
        )


def twinkeel(task: Task, seconds: float, seed: int) -> np.ndarray:
    table = from_frame(task.X)
    learned, judged = table.take(~task.held_out), table.take(task.held_out)
    labels = np.where(task.y, "yes", "no").astype(object)[~task.held_out]
    problem = Problem(table=learned, target=labels, objective=Classes(positive="yes"), check=judged)
    trained = train(problem, limits=Limits(time=seconds), seed=seed)
    return trained.predictor().answers(judged.columns, len(judged))[:, 1]


def catboost_default(task: Task, seed: int) -> np.ndarray:
    texts = [name for name in task.X if task.X[name].dtype.kind not in "iufb"]
    X = task.X.copy()
    X[texts] = X[texts].astype(object).where(X[texts].notna(), "missing")
    model = catboost.CatBoostClassifier(
        cat_features=texts, random_seed=seed, verbose=False, allow_writing_files=False
    )
    model.fit(X[~task.held_out], task.y[~task.held_out].astype(int))
    return model.predict_proba(X[task.held_out])[:, 1]


def lightgbm_default(task: Task, seed: int) -> np.ndarray:
    X = task.X.copy()
    for name in X:
        if X[name].dtype.kind not in "iufb":
            X[name] = X[name].astype("category")
    model = lightgbm.LGBMClassifier(random_state=seed, verbosity=-1)
    model.fit(X[~task.held_out], task.y[~task.held_out])
    return model.predict_proba(X[task.held_out])[:, 1]


def lead_text(y: np.ndarray, ours: np.ndarray, peer: np.ndarray) -> str:
    rng = np.random.default_rng(0)
    leads = []
    for _ in range(1000):
        rows = rng.integers(len(y), size=len(y))
        leads.append(roc_auc_score(y[rows], ours[rows]) - roc_auc_score(y[rows], peer[rows]))
    low, high = np.quantile(leads, [0.025, 0.975])
    return f"{roc_auc_score(y, ours) - roc_auc_score(y, peer):+.4f} ({low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    main()
