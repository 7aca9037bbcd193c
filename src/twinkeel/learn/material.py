"""What every candidate learns from, and what becomes of one: the rows encoded, and a fitted bag.

Owns the data of a fold. Fits nothing and chooses nothing: `search` fits, `plan` chooses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.around import Candidate
from twinkeel.learn.encode import Matrix, Values
from twinkeel.learn.families.base import Fold, Model, Settings
from twinkeel.learn.folds import Split, everything
from twinkeel.learn.linear import Linear
from twinkeel.learn.nets import Nets
from twinkeel.learn.prepare import Space
from twinkeel.learn.targets import Targets
from twinkeel.learn.trees import Trees
from twinkeel.learn.workers import Pool, Step

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """What every candidate learns from."""

    space: Space
    X: Matrix
    """(n, F) encoded rows."""
    values: Values
    targets: Targets
    splits: tuple[Split, ...]
    frame: Linear
    """Fill and range of the F features."""
    seed: int
    workers: Pool
    """What fits the folds."""
    groups: NDArray[Any] | None = None
    """(n,) rows of one group belong together."""
    time: NDArray[Any] | None = None
    """(n,) sortable moments: what is judged is later than what is learned from."""

    @property
    def whole(self) -> int:
        """The number of the fold that is all rows."""
        return len(self.splits)

    @cached_property
    def digest(self) -> str:
        """Names what is learned from: the same for the same rows, features, targets and folds, and
        for the same loss, of the user's own as it is now."""
        targets, own = self.targets, self.targets.loss.own
        loss = (targets.loss.name, None if own is None else own.mark)
        names = [feature.name for feature in self.space.features]
        found = hashlib.blake2b(repr((self.seed, loss, names)).encode(), digest_size=8)
        parts = [part for split in self.splits for part in (split.train, split.valid)]
        for values in (self.X, targets.loss.learned(targets.y), targets.weight, *parts):
            found.update(np.ascontiguousarray(values).data)
        return found.hexdigest()

    def named(self, step: Step) -> Step:
        """Steps whose keys say what was learned from: a search that finds finished ones may be of
        other rows or features."""
        return lambda key, work: step(f"{key}.{self.digest}", work)

    def fold(self, number: int) -> Fold:
        """The data of one fold, statistics of the target out of fold."""
        split = everything(len(self.X), self.seed) if number == self.whole else self.splits[number]
        seen = self.space.seen(number)
        train, valid = self.targets.take(split.train), self.targets.take(split.valid)
        return Fold(
            X=self.space.training(self.X, self.values, self.targets, split.train, number),
            y=self.targets.loss.learned(train.y),
            weight=train.weight,
            X_valid=self.X[np.ix_(split.valid, seen)],
            y_valid=self.targets.loss.learned(valid.y),
            weight_valid=valid.weight,
            loss=self.targets.loss,
            frame=self.frame.at(seen),
        )


class Placed(NamedTuple):
    """A model and the fold whose features it sees."""

    fold: int
    model: Model


@dataclass(frozen=True)
class Bag:
    """One candidate, fitted on the first folds; its prediction is the mean of its models', or that
    of one model of all rows."""

    candidate: Candidate
    models: tuple[Model, ...]
    margin: Floats
    """(judged rows, k) out-of-fold margins, fold after fold."""
    seconds: float
    whole: Placed | None = None
    """The model of all rows, where there is one."""

    @property
    def served(self) -> tuple[Placed, ...]:
        """The models that answer."""
        if self.whole is not None:
            return (self.whole,)
        return tuple(Placed(fold, model) for fold, model in enumerate(self.models))

    @cached_property
    def again(self) -> Settings:
        """Settings to learn the same from all rows."""
        return self.candidate.family.whole(self.candidate.settings, self.models)

    @cached_property
    def trees(self) -> int:
        """How many trees a row goes through."""
        return sum(model.trees for _, model in self.served)

    @cached_property
    def cost(self) -> int:
        """How many trees take a row as long."""
        return sum(model.cost for _, model in self.served)

    @cached_property
    def parts(self) -> tuple[Trees | Linear | Nets, ...]:
        """Each model that answers as plain arrays."""
        return tuple(model.parts() for _, model in self.served)
