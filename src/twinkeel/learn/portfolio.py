"""The fixed list of what is tried, in order: cheap first, then diverse, then more of the same.

A unit of work is one candidate fitted on every fold, so a work limit of 3 is one of each family.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twinkeel.learn.families.base import Family, Settings
from twinkeel.learn.families.cat import Cat
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.logistic import Logistic


@dataclass(frozen=True)
class Candidate:
    """One configuration of one family."""

    name: str
    """Names its steps: lower case letters, digits and dashes."""
    family: Family
    settings: Settings = field(default_factory=dict)


_LIGHT = {"iterations": 1000, "patience": 40, "verbosity": -1}
_CAT = {"iterations": 1000, "patience": 40}

PORTFOLIO: tuple[Candidate, ...] = (
    Candidate("linear", Logistic(), {"C": 0.1, "iterations": 200}),
    Candidate(
        "lightgbm",
        Light(),
        _LIGHT
        | {
            "learning_rate": 0.05,
            "num_leaves": 16,
            "min_data_in_leaf": 20,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
        },
    ),
    Candidate("catboost", Cat(), _CAT | {"learning_rate": 0.06, "depth": 6}),
    Candidate(
        "lightgbm-wide",
        Light(),
        _LIGHT
        | {
            "learning_rate": 0.05,
            "num_leaves": 48,
            "min_data_in_leaf": 40,
            "feature_fraction": 0.4,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
        },
    ),
    Candidate("catboost-shallow", Cat(), _CAT | {"learning_rate": 0.08, "depth": 4}),
    Candidate(
        "lightgbm-random",
        Light(),
        _LIGHT
        | {
            "learning_rate": 0.05,
            "num_leaves": 24,
            "min_data_in_leaf": 10,
            "feature_fraction": 0.5,
            "extra_trees": True,
            "lambda_l2": 1.0,
        },
    ),
    Candidate(
        "catboost-deep", Cat(), _CAT | {"learning_rate": 0.06, "depth": 8, "l2_leaf_reg": 8.0}
    ),
)
