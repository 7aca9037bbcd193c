"""ROC AUC of several classes without labels, on real sets: error, and coverage of 90% intervals.

    python bench/estimates_classes.py --data FOLDER

Of each set (`pmlb_pack_open`, a class with fewer than 60 rows left out) a boosted model learns from
35% of the rows, 30% are its reference, and 40 windows are drawn from the rest: in each, rows on one
side of the median of a random column come up to three times as often, or half as often. Windows
share rows. A window without a case of each class has no such score and is left out. Prints a
Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from twinkeel.stats import areas, estimates
from twinkeel.stats.bins import number_bins

SETS = ("vehicle", "satimage", "car", "cmc", "yeast", "dna", "segmentation")
FEWEST, WINDOWS, SIZE, COLUMNS = 60, 40, 300, 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "pmlb_pack_open"
    print("| set | classes | AUC | windows | calls | MAE | MAE unchanged | coverage of 90% |")
    print("|-|-|-|-|-|-|-|-|")
    for name in SETS:
        frame = pd.read_csv(folder / f"{name}.tsv.gz", sep="\t")
        target = frame.pop("target")
        kept = (target.map(target.value_counts()) >= FEWEST).to_numpy()
        measure(name, frame.to_numpy(float)[kept], target.to_numpy()[kept])


def measure(name: str, x: np.ndarray, y: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    learn, then, rest = np.split(rng.permutation(len(y)), [int(0.35 * len(y)), int(0.65 * len(y))])
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(x[learn], y[learn])
    chance, classes = model.predict_proba(x), model.classes_
    truth = y[:, None] == classes
    bins = [number_bins(column[then]) for column in x.T[:COLUMNS]]

    def features(rows: np.ndarray) -> np.ndarray:
        columns = zip(bins, x[rows].T, strict=False)
        return estimates.features([(one, one.code(column)) for one, column in columns])

    before, unchanged = features(then), roc_auc_score(y[then], chance[then], multi_class="ovr")
    found = []
    for window in windows(x, rest, rng):
        if len(np.unique(y[window])) < len(classes):
            continue
        weight = estimates.Weights(estimates.density_ratio(before, features(window)))
        made = areas.expected_auc((chance[then], truth[then]), weight, chance[window])
        real = roc_auc_score(y[window], chance[window], multi_class="ovr")
        found.append((made.value - real, unchanged - real, made.low <= real <= made.high))
    away, still, held = np.abs(np.asarray(found, dtype=float)).mean(axis=0)
    calls = min(SIZE, len(rest) // 2)
    print(
        f"| {name} | {len(classes)} | {unchanged:.3f} | {len(found)} | {calls} | {away:.4f} "
        f"| {still:.4f} | {held:.0%} |"
    )


def windows(x: np.ndarray, rest: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    drawn = []
    for _ in range(WINDOWS):
        column = x[rest][:, rng.integers(x.shape[1])]
        low = column <= np.median(column)
        odds = np.where(low, rng.choice([0.5, 1, 2, 3]), 1.0)
        size = min(SIZE, len(rest) // 2)
        drawn.append(rng.choice(rest, size, replace=False, p=odds / odds.sum()))
    return drawn


if __name__ == "__main__":
    main()
