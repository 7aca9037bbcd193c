"""One model of all rows against the bags of folds that it stands for: loss on held-out rows, trees
and the time of one row.

    python bench/whole.py --data FOLDER [--work 5] [--rows 6000] [--prefer balanced] [SET ...]

FOLDER holds the open sets of `tabular_sets.py`. The same folds are learned once and served twice:
by bags, which is what is left where models of all rows cost infinitely much, and by models of all
rows, which is what is taken where they cost nothing. At most so many rows are learned from.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from tabular_sets import SETS, TARGET, prepare

from twinkeel.data.table import Table, from_frame
from twinkeel.learn import whole
from twinkeel.learn.engine import Problem, Trained, train
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.objectives.classes import Classes
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.learn.preference import Preference
from twinkeel.records import Limits

NAMES = (
    *("credit", "telco_churn", "adult", "titanic", "spambase", "phoneme"),
    *("vehicle", "satimage", "cmc", "ames", "california", "abalone", "insurance", "wine_quality"),
)
"""Six of two classes, three of more, five of amounts."""
_CALLS = 200
COLUMNS = (
    "| set | rows | loss, bags | all rows | ratio | trees, bags | all rows | ms, bags | all rows |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=NAMES)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--work", type=int, default=5)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--prefer", default="balanced")
    given = parser.parse_args()
    print(COLUMNS)
    print("|-|-|-|-|-|-|-|-|-|", flush=True)
    ratios = []
    for name in given.sets:
        with tempfile.TemporaryDirectory() as scratch:
            ratios.append(measure(name, given, Path(scratch)))
    worse = sum(ratio > 1 for ratio in ratios)
    print(f"\nRatio: median {np.median(ratios):.4f}; above 1 on {worse} of {len(ratios)} sets.")


def measure(name: str, given: argparse.Namespace, scratch: Path) -> float:
    place = prepare(SETS[name], 0, given.data, scratch)
    learned, judged = (pd.read_parquet(place / f"{part}.parquet") for part in ("train", "test"))
    if len(learned) > given.rows:
        learned = learned.sample(given.rows, random_state=0).reset_index(drop=True)
    amounts = SETS[name].task == "regression"
    target = learned.pop(TARGET)
    problem = Problem(
        table=from_frame(learned),
        target=target.to_numpy(float) if amounts else target.astype(str).to_numpy(object),
        objective=Amounts() if amounts else Classes(),
        preference=Preference(given.prefer),
    )
    truth, rows = judged.pop(TARGET), from_frame(judged)
    bags, once = (served(problem, given.work, scratch, price) for price in (np.inf, -1.0))
    losses = [loss(one, rows, truth.to_numpy()) for one in (bags, once)]
    times = [milliseconds(one, rows) for one in (bags, once)]
    print(
        f"| {name} | {len(learned):,} | {losses[0]:.5g} | {losses[1]:.5g} "
        f"| {losses[1] / losses[0]:.4f} | {len(bags.function.parts.trees):,} "
        f"| {len(once.function.parts.trees):,} | {times[0]:.2f} | {times[1]:.2f} |",
        flush=True,
    )
    return losses[1] / losses[0]


def served(problem: Problem, work: int, folder: Path, price: float) -> Trained:
    """The model where a bag is worth so much of its loss more than one model."""

    def step(key, fit):
        if not (folder / key).is_dir():
            (folder / key).mkdir()
            fit(folder / key)
        return folder / key

    usual, whole.PRICE = whole.PRICE, price
    try:
        return train(problem, limits=Limits(work=work), step=step)
    finally:
        whole.PRICE = usual


def loss(trained: Trained, rows: Table, truth: np.ndarray) -> float:
    """Log loss, or root mean squared error."""
    predictor = trained.predictor()
    found = predictor.answers(rows.columns, len(rows))
    if isinstance(predictor, ClassPredictor):
        place = [predictor.classes.index(str(one)) for one in truth]
        return float(-np.log(np.maximum(found[np.arange(len(found)), place], 1e-15)).mean())
    return float(np.sqrt(((found[:, 0] - truth.astype(float)) ** 2).mean()))


def milliseconds(trained: Trained, rows: Table) -> float:
    """Median of single calls, another row each."""
    predictor, found = trained.predictor(), []
    for row in rows.rows(0, _CALLS):
        began = time.perf_counter()
        predictor.call([row])
        found.append((time.perf_counter() - began) * 1e3)
    return float(np.median(found))


if __name__ == "__main__":
    main()
