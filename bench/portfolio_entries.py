"""What one more entry brings to the beginning of the list, on tables of a few thousand rows.

    python bench/portfolio_entries.py --data FOLDER [--work FOLDER] [--minutes M] [--rows N]

A smaller question than that of `portfolio.py`, whose fitting and judging it uses: the first four
families are given, and one entry is added to them. CatBoost and the net learn for less time than in
the list. The loss is of the ensemble that is selected out of fold, on rows that had no say; below 0
is a gain. Nothing is chosen by these sets, so each of them is one that is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import portfolio
from portfolio import Fitted, arguments, fit_all, plain, read
from threadpoolctl import threadpool_limits

from twinkeel.learn.families.cat import Cat
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.net import Net
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.portfolio import Candidate

BASE = ("linear", "lightgbm", "catboost", "net-pieces")
ADDED = (
    *("lightgbm-wide", "lightgbm-small", "lightgbm-random", "lightgbm-random-large"),
    *("lightgbm-large", "catboost-shallow"),
)
OPEN = (
    *("wine_quality", "phoneme", "segmentation", "spambase", "credit", "churn", "537_houses"),
    *("yeast", "nyc_taxis", "elec2", "abalone", "yrbss", "lending_club", "cmc", "201_pol", "ames"),
    *("optdigits", "dna", "574_house_16H", "insurance"),
)


def pool() -> list[Candidate]:
    """The four families, and what may be added."""

    def light(**settings: float) -> dict:
        common = {"iterations": 2000, "patience": 50, "learning_rate": 0.05}
        bagged = {"bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0}
        return common | bagged | settings

    cat = {"iterations": 1000, "patience": 40, "border_count": 64, "learning_rate": 0.12}
    net = {"passes": 48, "steps": 1500, "rate": 0.002, "decay": 0.02, "dropout": 0.1}
    large = {"num_leaves": 128, "feature_fraction": 0.7, "min_data_in_leaf": 5}
    random = {"extra_trees": True, "feature_fraction": 0.6, "num_leaves": 31}
    boosted = {
        "lightgbm": light(num_leaves=16, feature_fraction=0.7),
        "lightgbm-wide": light(learning_rate=0.03, num_leaves=31, feature_fraction=0.5),
        "lightgbm-small": light(num_leaves=8, feature_fraction=0.4),
        "lightgbm-random": light(**random),
        "lightgbm-random-large": light(
            **random | large | {"num_leaves": 96, "feature_fraction": 0.8}
        ),
        "lightgbm-large": light(**large),
    }
    return [
        Candidate("linear", Regularised(), {"C": 0.5, "iterations": 100}),
        Candidate("catboost", Cat(), cat | {"depth": 6}),
        Candidate("net-pieces", Net(), net | {"units": 128, "pieces": 16}),
        Candidate("catboost-shallow", Cat(), cat | {"depth": 4}),
        *(Candidate(name, Light(), settings) for name, settings in boosted.items()),
    ]


def main() -> None:
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    portfolio.pool, portfolio.OPEN, portfolio.CELLS = pool, OPEN, 10**9
    if not given.table:
        with threadpool_limits(limits=1):
            fit_all(given)
    sets = read(given.work)
    if not sets:
        print("No set is whole yet.")
        return
    print(f"{len(sets)} sets: {', '.join(one.name for one in sets)}\n")
    print(f"| {', '.join(BASE)}, and | mean | median | better, worse |\n|-|-|-|-|")
    for name in ADDED:
        row(sets, name)


def row(sets: Sequence[Fitted], name: str) -> None:
    """One entry beside the four."""
    before, after = (
        np.array([plain(one, tuple(sorted(names))) for one in sets])
        for names in (BASE, (*BASE, name))
    )
    change = after / before - 1
    print(
        f"| {name} | {change.mean():+.2%} | {np.median(change):+.2%} "
        f"| {(change < 0).sum()}, {(change > 0).sum()} |"
    )


if __name__ == "__main__":
    main()
