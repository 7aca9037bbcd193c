"""What a bundle's `model.json` says: everything about a model but its arrays and its graph.

Light: serving reads it.
"""

from __future__ import annotations

from typing import ClassVar

from twinkeel.learn.calibrate import Calibration
from twinkeel.learn.decide import Decision
from twinkeel.learn.inputs import SIDE_BY_SIDE
from twinkeel.learn.intervals import Interval
from twinkeel.learn.links import Link
from twinkeel.learn.preference import Point
from twinkeel.learn.sets import Sets
from twinkeel.records import Record

CONTRACT, MODEL, GRAPH = "contract.json", "model.json", "model.onnx"
"""Files of a bundle, beside those of its `Parts`."""


class Member(Record, frozen=True, kw_only=True):
    """One candidate of the search and what became of it."""

    name: str
    weight: float
    """Its share of the ensemble; 0 if it was not taken."""
    trees: int
    low: float | None = None
    high: float | None = None
    """The 95% interval of its loss; None in bundles of before there were intervals."""
    milliseconds: float | None = None
    """What it adds to one row, judged by its size; None in bundles of before that was told."""
    measure: ClassVar[str]
    """What its loss is, in words."""

    @property
    def loss(self) -> float:
        """Out of fold, by itself, uncalibrated: what a member of its sort has for it."""
        raise NotImplementedError


class ClassMember(Member, frozen=True, kw_only=True):
    """A candidate that learned classes."""

    measure: ClassVar[str] = "log loss"
    log_loss: float
    """Out of fold, uncalibrated."""

    @property
    def loss(self) -> float:
        """The log loss."""
        return self.log_loss


class AmountMember(Member, frozen=True, kw_only=True):
    """A candidate that learned an amount."""

    measure: ClassVar[str] = "RMSE"
    rmse: float
    """Root mean squared error, out of fold."""

    @property
    def loss(self) -> float:
        """The root mean squared error."""
        return self.rmse


class Card(Record, frozen=True, kw_only=True):
    """A model in words and numbers."""

    format: int = SIDE_BY_SIDE
    """How the graph is fed (see `inputs`)."""
    feature_columns: tuple[int | tuple[int, int], ...]
    """For each encoded feature, the position of its column in the contract, or of both."""
    importance: dict[str, float]
    """Mean absolute contribution of each column, in the units of explanations, largest first."""
    folds: int
    rows: int
    notes: tuple[str, ...]
    """What was decided on the way, one sentence each."""
    members: tuple[Member, ...]
    """What was tried."""
    frontier: tuple[Point, ...] = ()
    """The ensembles between most accurate and quickest."""
    nets: int = 0
    """How many neural nets there are, of all shapes."""


class ClassCard(Card, frozen=True, kw_only=True):
    """A classifier in words and numbers."""

    classes: tuple[str, ...]
    """In the order of the probabilities; of two, the positive one is the second."""
    positive: str | None
    decision: Decision
    costs: tuple[tuple[float, ...], ...] | None
    calibration: Calibration
    sets: Sets | None = None
    """None in bundles of before there were sets."""
    members: tuple[ClassMember, ...]
    log_loss: float
    """Of the calibrated ensemble, out of fold."""


class AmountCard(Card, frozen=True, kw_only=True):
    """A regressor in words and numbers."""

    learns: str = "amount"
    """Tells this card from a classifier's."""
    target: str
    """What is predicted, as explanations name it."""
    link: Link
    loss: str
    """What was minimised: `squared`, `poisson`, or `own` for the user's."""
    interval: Interval
    scale: float
    """The target's standard deviation."""
    members: tuple[AmountMember, ...]
    rmse: float
    """Root mean squared error of the ensemble, out of fold."""
