"""What an objective does for the engine: reads the target, and finishes what was learned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.data.table import Table
from twinkeel.learn.assemble import Ensemble
from twinkeel.learn.budget import Budget
from twinkeel.learn.compile import Function
from twinkeel.learn.encode import Values
from twinkeel.learn.explain import Owner
from twinkeel.learn.material import Material
from twinkeel.learn.model import Card
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.targets import Floats, Head, Index, Loss, Targets
from twinkeel.learn.workers import Step

Answers = Callable[[Values], Floats]
"""What the libraries that learned say of contract-checked columns, as `Predictor.run`."""


@dataclass(frozen=True)
class Learned:
    """What a search has come to."""

    contract: Contract
    material: Material
    ensemble: Ensemble
    owners: tuple[Owner, ...]
    """For each encoded feature, the position of its column in the contract, or of both."""
    importance: dict[str, float]
    notes: tuple[str, ...]
    budget: Budget
    step: Step


@dataclass(frozen=True)
class Finished:
    """All that is served, before it is compiled."""

    card: Card
    function: Function
    serves: type[Predictor[Any]]
    answers: Answers


@dataclass(frozen=True)
class Fresh:
    """n rows that a model has not learned from."""

    table: Table
    target: NDArray[Any]
    weight: Floats
    seed: int = 0

    def parts(self, count: int = 5) -> Index:
        """(n,) a part for each row, at random."""
        return np.random.default_rng(self.seed).permutation(len(self.target)) % count


@dataclass(frozen=True)
class Adjusted:
    """A model that answers otherwise with the same trees and weights."""

    card: Card
    head: Head | None = None
    """The new map from margins to answers; None where it stays."""
    width: int = 1
    """How many margins there are."""


class Objective(ABC):
    """A sort of target. Instances hold options alone."""

    missing: ClassVar[str]
    """What a row lacks whose target is not known, as in "a class"."""

    own: OwnLoss | None = None
    """A loss of the user's own."""

    @abstractmethod
    def known(self, target: NDArray[Any]) -> NDArray[np.bool_]:
        """(n,) whether a row has a target."""

    @abstractmethod
    def strata(self, target: NDArray[Any]) -> NDArray[Any]:
        """(n,) values of which each is kept in its share when rows are drawn at random."""

    @abstractmethod
    def targets(self, target: NDArray[Any], weight: Floats) -> Targets:
        """The target as numbers. Raises InputError or ConfigError where it cannot be learned."""

    @abstractmethod
    def settled(self, material: Material, budget: Budget) -> tuple[Loss, tuple[str, ...]]:
        """The loss to learn with, once the rows are encoded, and sentences on why."""

    @abstractmethod
    def finish(self, learned: Learned) -> Finished:
        """The ensemble with what only this objective adds."""

    @abstractmethod
    def recalibrated(self, predictor: Predictor[Any], fresh: Fresh) -> Adjusted:
        """The model with its head, and what is decided by it, fitted anew on fresh rows.

        Raises InputError where these rows cannot tell.
        """
