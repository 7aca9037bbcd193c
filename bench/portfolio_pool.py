"""The configurations that `portfolio.py` chooses from: the list of today, defaults that were tuned
elsewhere (Holzmueller et al., arXiv 2407.04491), and random draws.
"""

from __future__ import annotations

import numpy as np
from portfolio_families import Extreme, Forest

from twinkeel.learn.families.cat import Cat
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.portfolio import PORTFOLIO, Candidate


def pool() -> list[Candidate]:
    """Candidates: of today's list, tuned elsewhere, and drawn at random."""
    return [*PORTFOLIO, *tuned(), *drawn(np.random.default_rng(20260101))]


def tuned() -> list[Candidate]:
    boosted = {"iterations": 2000, "patience": 50}
    light = boosted | {"bagging_freq": 1, "min_sum_hessian_in_leaf": 1e-7}
    cat = boosted | {
        "l2_leaf_reg": 1e-5,
        "bootstrap_type": "Bernoulli",
        "subsample": 0.9,
        "border_count": 128,
        "learning_rate": 0.08,
    }
    extreme = boosted | {"reg_lambda": 0.0}
    forest = {"trees": 60, "leaves": 128, "rows": 3, "features": 0.5}
    return [
        Candidate("linear-strict", Regularised(), {"C": 0.02, "iterations": 100}),
        Candidate(
            "lightgbm-td-class",
            Light(),
            light
            | {
                "learning_rate": 0.04,
                "num_leaves": 50,
                "min_data_in_leaf": 40,
                "bagging_fraction": 0.75,
            },
        ),
        Candidate(
            "lightgbm-td-amount",
            Light(),
            light
            | {
                "learning_rate": 0.05,
                "num_leaves": 100,
                "min_data_in_leaf": 3,
                "bagging_fraction": 0.7,
            },
        ),
        Candidate(
            "catboost-td-class",
            Cat(),
            cat | {"depth": 7, "random_strength": 0.8, "leaf_estimation_iterations": 1},
        ),
        Candidate(
            "xgboost-td-class",
            Extreme(),
            extreme
            | {
                "learning_rate": 0.08,
                "max_depth": 6,
                "min_child_weight": 5e-6,
                "subsample": 0.65,
                "colsample_bylevel": 0.9,
            },
        ),
        Candidate(
            "xgboost-td-amount",
            Extreme(),
            extreme
            | {"learning_rate": 0.05, "max_depth": 9, "min_child_weight": 2.0, "subsample": 0.7},
        ),
        Candidate("extra-trees", Forest(), forest | {"random": True}),
        Candidate("random-forest", Forest(), forest | {"random": False}),
        Candidate(
            "extra-trees-small",
            Forest(),
            forest | {"random": True, "leaves": 32, "rows": 8, "features": 1.0},
        ),
    ]


def drawn(rng: np.random.Generator) -> list[Candidate]:
    """Random settings of each family, in ranges around what is usual."""

    def log(low: float, high: float) -> float:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 4)

    def light() -> dict:
        return {
            "iterations": 2000,
            "patience": 50,
            "learning_rate": log(0.02, 0.12),
            "num_leaves": int(log(4, 128)),
            "min_data_in_leaf": int(log(2, 60)),
            "feature_fraction": round(rng.uniform(0.3, 1.0), 2),
            "bagging_fraction": round(rng.uniform(0.6, 1.0), 2),
            "bagging_freq": 1,
            "lambda_l2": log(0.01, 20),
            "extra_trees": bool(rng.random() < 0.3),
        }

    def cat() -> dict:
        return {
            "iterations": 2000,
            "patience": 50,
            "border_count": 128,
            "learning_rate": log(0.03, 0.15),
            "depth": int(rng.integers(3, 7)),
            "l2_leaf_reg": log(0.5, 20),
            "random_strength": log(0.3, 5),
            "bootstrap_type": "Bernoulli",
            "subsample": round(rng.uniform(0.6, 1.0), 2),
        }

    def extreme() -> dict:
        return {
            "iterations": 2000,
            "patience": 50,
            "learning_rate": log(0.02, 0.15),
            "max_depth": int(rng.integers(3, 10)),
            "min_child_weight": log(0.01, 10),
            "subsample": round(rng.uniform(0.5, 1.0), 2),
            "colsample_bynode": round(rng.uniform(0.4, 1.0), 2),
            "reg_lambda": log(0.01, 10),
        }

    def forest() -> dict:
        return {
            "trees": 60,
            "leaves": int(log(24, 256)),
            "rows": int(log(1, 12)),
            "features": round(rng.uniform(0.3, 1.0), 2),
            "random": bool(rng.random() < 0.7),
        }

    plans = ((Light(), light, 3), (Cat(), cat, 3), (Extreme(), extreme, 3), (Forest(), forest, 2))
    return [
        Candidate(f"{family.name}-draw{number}", family, draw())
        for family, draw, count in plans
        for number in range(count)
    ]
