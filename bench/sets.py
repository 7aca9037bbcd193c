"""Coverage of 90% prediction sets on Adult, for each class and sex, beside plain split conformal.

    python bench/sets.py --data FOLDER [--seconds 60] [--seed 0]

FOLDER holds adult-train.csv and adult-test.csv, the official split; this repository does not hold
them. Plain split conformal is scikit-learn's histogram gradient boosting learned on four fifths of
the training rows, with one threshold on the probability of the true class from the last fifth, as
in its tutorials. Intervals are Wilson's, 95%. No set is left empty on either side.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from twinkeel.learn import TabularClassifier
from twinkeel.stats.intervals import wilson

LEVEL = 0.9
INPUTS = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status"]
INPUTS += ["occupation", "relationship", "race", "sex", "capital_gain", "capital_loss"]
INPUTS += ["hours_per_week", "native_country"]
NAMES = [*INPUTS, "income"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    learned, judged = (read(given.data / f"adult-{part}.csv") for part in ("train", "test"))
    y, sex = judged["income"].to_numpy(), judged["sex"].to_numpy()
    print(f"{len(learned):,} rows learned, {len(judged):,} judged, seed {given.seed}\n")
    print("| sets | cases | n | coverage | 95% interval | mean size | one class |")
    print("|-|-|-|-|-|-|-|", flush=True)
    for name, inside, seconds in (
        ("Twinkeel", *timed(lambda: twinkeel(learned, judged, given.seconds, given.seed))),
        ("plain split conformal", *timed(lambda: plain(learned, judged, given.seed))),
    ):
        tell(name, inside, y, sex)
        print(f"<!-- {name}: {seconds:.0f} s -->", flush=True)


def read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, names=NAMES, header=None, skipinitialspace=True, na_values="?")
    frame["income"] = frame["income"].str.rstrip(".")
    return frame


def timed(work):
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def twinkeel(learned: pd.DataFrame, judged: pd.DataFrame, seconds: float, seed: int) -> np.ndarray:
    model = TabularClassifier(time_limit=seconds, coverage=LEVEL, random_state=seed)
    model.fit(learned.drop(columns="income"), learned["income"], sensitive=("sex",))
    return model.predict_set(judged.drop(columns="income"))


def plain(learned: pd.DataFrame, judged: pd.DataFrame, seed: int) -> np.ndarray:
    frames = [frame.drop(columns="income") for frame in (learned, judged)]
    for column in frames[0].columns[frames[0].dtypes.map(lambda one: one.kind not in "if")]:
        known = pd.CategoricalDtype(frames[0][column].dropna().unique())
        for frame in frames:
            frame[column] = frame[column].astype(known)
    X, rest, y, kept = train_test_split(
        frames[0], learned["income"], test_size=0.2, random_state=seed, stratify=learned["income"]
    )
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=seed
    ).fit(X, y)
    place = np.searchsorted(model.classes_, kept)
    scores = np.sort(1 - model.predict_proba(rest)[np.arange(len(place)), place])
    most = scores[int(np.ceil((len(scores) + 1) * LEVEL)) - 1]
    found = model.predict_proba(frames[1])
    inside = found >= 1 - most
    empty = ~inside.any(axis=1)
    inside[empty, found[empty].argmax(axis=1)] = True
    return inside


def tell(name: str, inside: np.ndarray, y: np.ndarray, sex: np.ndarray) -> None:
    classes = np.unique(y)
    held = inside[np.arange(len(y)), np.searchsorted(classes, y)]
    parts = {"all": np.ones(len(y), dtype=bool)}
    parts |= {one: y == one for one in classes} | {one: sex == one for one in np.unique(sex)}
    parts |= {f"{k}, {g}": (y == k) & (sex == g) for k in classes for g in np.unique(sex)}
    for part, among in parts.items():
        low, high = wilson(held[among].mean(), int(among.sum()))
        size = inside[among].sum(axis=1)
        print(
            f"| {name} | {part} | {among.sum():,} | {held[among].mean():.3f} "
            f"| {low:.3f} to {high:.3f} | {size.mean():.2f} | {(size == 1).mean():.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
