"""What a bundle's `model.json` says: everything about a classifier but its arrays and its graph.

Light: serving reads it.
"""

from __future__ import annotations

from twinkeel.learn.calibrate import Calibration
from twinkeel.learn.decide import Decision
from twinkeel.records import Record

CONTRACT, MODEL, GRAPH = "contract.json", "model.json", "model.onnx"
TREES, LINEAR = "trees", "linear"
"""Files and folders of a bundle."""


class Member(Record, frozen=True):
    """One candidate of the search and what became of it."""

    name: str
    weight: float
    """Its share of the ensemble; 0 if it was not taken."""
    log_loss: float
    """Out of fold, uncalibrated."""
    trees: int


class Card(Record, frozen=True, kw_only=True):
    """A classifier in words and numbers."""

    format: int = 1
    classes: tuple[str, ...]
    """In the order of the probabilities; of two, the positive one is the second."""
    positive: str | None
    decision: Decision
    costs: tuple[tuple[float, ...], ...] | None
    calibration: Calibration
    feature_columns: tuple[int, ...]
    """For each encoded feature, the position of its column in the contract."""
    importance: dict[str, float]
    """Mean absolute contribution of each column to the log-odds, largest first."""
    members: tuple[Member, ...]
    folds: int
    rows: int
    log_loss: float
    """Of the calibrated ensemble, out of fold."""
    notes: tuple[str, ...]
    """What was decided on the way, one sentence each."""
