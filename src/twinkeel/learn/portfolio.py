"""The fixed list of what is tried, in order: cheap first, then diverse, then more of the same.

A unit of work is one candidate fitted on every fold, so a work limit of 4 is one of each family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinkeel.learn.around import Candidate, near
from twinkeel.learn.families.base import Setting
from twinkeel.learn.families.cat import Cat
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.net import Net
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.preference import BALANCED

__all__ = ["PORTFOLIO", "Candidate", "Portfolio", "chosen"]


@dataclass(frozen=True)
class Portfolio:
    """What a search tries."""

    listed: tuple[Candidate, ...]
    goes_on: bool
    """Whether what works best is tried with other settings once the list is done."""
    price: float = BALANCED.price
    """The share of the loss that one more tree must gain, for the search to count it as one."""

    def __len__(self) -> int:
        return len(self.listed)


def _light(**settings: Setting) -> dict[str, Setting]:
    common: dict[str, Setting] = {
        "iterations": 2000,
        "patience": 50,
        "learning_rate": 0.05,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
    }
    return common | settings


def _cat(**settings: Setting) -> dict[str, Setting]:
    common: dict[str, Setting] = {"iterations": 2000, "patience": 50, "border_count": 128}
    return common | settings


def _net(**settings: Setting) -> dict[str, Setting]:
    common: dict[str, Setting] = {
        "passes": 128,
        "steps": 8000,
        "rate": 0.002,
        "decay": 0.02,
        "dropout": 0.1,
    }
    return common | settings


PORTFOLIO: tuple[Candidate, ...] = (
    Candidate("linear", Regularised(), {"C": 0.5, "iterations": 100}, share=0.3),
    Candidate("lightgbm", Light(), _light(num_leaves=16, feature_fraction=0.7), share=0.4),
    Candidate("catboost", Cat(), _cat(learning_rate=0.08, depth=6), share=0.7),
    Candidate("net", Net(), _net(units=256, pieces=0), share=0.5),
    Candidate("net-pieces", Net(), _net(units=128, pieces=16), share=0.5),
    Candidate(
        "lightgbm-wide",
        Light(),
        _light(learning_rate=0.03, num_leaves=31, feature_fraction=0.5),
    ),
    Candidate("catboost-shallow", Cat(), _cat(learning_rate=0.1, depth=4)),
    Candidate("lightgbm-small", Light(), _light(num_leaves=8, feature_fraction=0.4)),
    Candidate(
        "lightgbm-random", Light(), _light(num_leaves=31, feature_fraction=0.6, extra_trees=True)
    ),
    Candidate("catboost-slow", Cat(), _cat(learning_rate=0.03, depth=5)),
    Candidate(
        "lightgbm-slow",
        Light(),
        _light(learning_rate=0.015, num_leaves=16, feature_fraction=0.4),
    ),
    Candidate("catboost-deep", Cat(), _cat(learning_rate=0.06, depth=8, l2_leaf_reg=8.0)),
)


def chosen(names: Sequence[str]) -> Portfolio:
    """The candidates of these names and no others; for no names, the list and what is near it.

    A name that is not known any more is left out; where none is left, it is as for no names.
    """
    found = tuple(one for one in map(_named, dict.fromkeys(names)) if one is not None)
    return Portfolio(found or PORTFOLIO, goes_on=not found)


def learning(portfolio: Portfolio, own: OwnLoss | None) -> tuple[Portfolio, tuple[str, ...]]:
    """What can learn a loss of the user's own, if there is one, and a sentence on what cannot."""
    if own is None:
        return portfolio, ()
    able = [one for one in portfolio.listed if one.family.own_losses]
    able = able or [one for one in PORTFOLIO if one.family.own_losses]
    names = dict.fromkeys(one.family.name for one in PORTFOLIO if not one.family.own_losses)
    note = f"Learned by {own.name}, which {' and '.join(names)} cannot: they were left out."
    return replace(portfolio, listed=tuple(able)), (note,)


def _named(name: str) -> Candidate | None:
    """The candidate of this name: in the list, or near one that is known."""
    for listed in PORTFOLIO:
        if listed.name == name:
            return listed
    before, _, number = name.rpartition("-")
    parent = _named(before) if before and number.isdecimal() else None
    if parent is None or not parent.family.spans:
        return None
    return near(parent, int(number))
