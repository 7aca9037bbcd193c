"""Learning classes: calibrated probabilities, and a decision by threshold or by cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import InputError
from twinkeel.learn import calibrate
from twinkeel.learn.budget import Budget
from twinkeel.learn.calibrate import UNCALIBRATED, Calibration, log_loss
from twinkeel.learn.decide import Decision, by_costs, by_f1
from twinkeel.learn.model import ClassCard, ClassMember
from twinkeel.learn.objectives.base import Adjusted, Finished, Fresh, Learned, Objective
from twinkeel.learn.objectives.labels import Costs, classes_of, cost_matrix, indices
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.learn.search import Material
from twinkeel.learn.targets import Floats, Index, Loss, Targets

_STATISTICS = 8
"""At most so many classes get a statistic each: the most frequent ones."""


@dataclass(frozen=True)
class ClassLoss(Loss):
    """Log loss over classes, numbered from 0; of two, margins are the second one's log-odds."""

    classes: int
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`binary` for two classes, else `multiclass`."""
        return "binary" if self.classes == 2 else "multiclass"

    @property
    def width(self) -> int:
        """One log-odds for two classes, else one margin per class."""
        return 1 if self.classes == 2 else self.classes

    def learned(self, y: NDArray[Any]) -> NDArray[Any]:
        """The class numbers as they are."""
        return y

    def enough(self, y: NDArray[Any]) -> bool:
        """Whether every class occurs."""
        return len(np.unique(y)) == self.classes

    def strata(self, y: NDArray[Any]) -> Index:
        """The classes."""
        return y.astype(np.intp)

    def indicators(self, y: NDArray[Any]) -> Floats:
        """One column per class whose statistics are worth a feature."""
        if self.classes == 2:
            return np.asarray(y == 1, dtype=np.float64)[:, None]
        common = np.argsort(-np.bincount(y, minlength=self.classes), kind="stable")[:_STATISTICS]
        return np.asarray(y[:, None] == np.sort(common), dtype=np.float64)

    def head(self, margin: Floats, targets: Targets, part: Index) -> Calibration:
        """The smooth map with the least log loss."""
        return calibrate.fit(margin, targets, part)

    def plain(self, margin: Floats, targets: Targets) -> float:
        """Log loss of margins as log-odds."""
        return self.of(UNCALIBRATED.outputs(margin), targets)

    def of(self, outputs: Floats, targets: Targets) -> float:
        """Log loss of (n, classes) probabilities."""
        return log_loss(outputs, targets.y, targets.weight)


@dataclass(frozen=True)
class Classes(Objective):
    """Two classes or more, given as texts; "" is missing."""

    missing: ClassVar[str] = "a class"

    positive: str | None = None
    costs: Costs | None = None
    decide: Literal["f1", "likeliest"] = "f1"
    """Without costs and with two classes: the best F1, or the more probable class."""

    def known(self, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a row has a class."""
        return np.asarray(target != "", dtype=bool)

    def strata(self, target: NDArray[Any]) -> NDArray[Any]:
        """The classes."""
        return target.astype(str)

    def targets(self, target: NDArray[Any], weight: Floats) -> Targets:
        """Class numbers; raises InputError for fewer than two classes."""
        names = classes_of(target, self.positive)
        return Targets(indices(target, names), weight, ClassLoss(len(names), names))

    def settled(self, material: Material, budget: Budget) -> tuple[Loss, tuple[str, ...]]:  # noqa: ARG002  # one loss serves
        """Log loss."""
        return material.targets.loss, ()

    def finish(self, learned: Learned) -> Finished:
        """The ensemble with its decision."""
        ensemble, loss = learned.ensemble, learned.material.targets.loss
        head = ensemble.function.head
        assert isinstance(loss, ClassLoss)
        assert isinstance(head, Calibration)  # what ClassLoss made
        costs = None if self.costs is None else cost_matrix(self.costs, loss.names)
        card = ClassCard(
            classes=loss.names,
            positive=loss.names[1] if loss.classes == 2 else None,
            decision=self._decision(learned, costs),
            costs=None if costs is None else tuple(tuple(map(float, row)) for row in costs),
            calibration=head,
            feature_columns=learned.owners,
            importance=learned.importance,
            members=tuple(
                ClassMember(name=one.name, weight=one.weight, log_loss=one.loss, trees=one.trees)
                for one in ensemble.standings
            ),
            folds=ensemble.folds,
            rows=len(learned.material.targets.y),
            log_loss=ensemble.loss,
            notes=learned.notes,
        )
        space = learned.material.space
        return Finished(
            card, ensemble.function, ClassPredictor, lambda values: ensemble.outputs(space, values)
        )

    def recalibrated(self, predictor: Predictor[Any], fresh: Fresh) -> Adjusted:
        """A new calibration, and the threshold that goes with it."""
        assert isinstance(predictor, ClassPredictor)
        targets = self._told(predictor, fresh)
        margin = predictor.log_odds(fresh.table.columns, len(fresh.table))
        head = calibrate.fit(margin, targets, fresh.parts())
        found = head.outputs(margin)
        card = msgspec.structs.replace(predictor.card, calibration=head)
        return Adjusted(self._redecided(card, found, targets), head, margin.shape[1])

    def rethresholded(self, predictor: ClassPredictor, fresh: Fresh) -> Adjusted:
        """The same probabilities with the threshold that is best on fresh rows.

        Raises InputError where the decision is no choice of threshold.
        """
        targets = self._told(predictor, fresh)
        found, _ = predictor.probabilities(fresh.table.columns, len(fresh.table))
        card = self._redecided(predictor.card, found, targets)
        if card is predictor.card:
            why = "the costs say where it is" if self.costs else "the most probable class is taken"
            raise InputError(f"there is no threshold to choose: {why}.")
        return Adjusted(card)

    def _redecided(self, card: ClassCard, found: Floats, targets: Targets) -> ClassCard:
        """With the best threshold for these probabilities, if one is chosen at all."""
        if self.costs is not None or self.decide == "likeliest" or len(card.classes) > 2:
            return card
        decision = by_f1(found[:, 1], targets.y == 1, targets.weight)
        return msgspec.structs.replace(card, decision=decision)

    def _told(self, predictor: ClassPredictor, fresh: Fresh) -> Targets:
        names = predictor.classes
        there = set(fresh.target.tolist())
        if there != set(names):
            other = sorted(there ^ set(names))[0]
            known = "is new" if other in there else "does not occur among them"
            raise InputError(f"the new rows tell nothing: the class {other!r} {known}.")
        return Targets(indices(fresh.target, names), fresh.weight, ClassLoss(len(names), names))

    def _decision(self, learned: Learned, costs: Floats | None) -> Decision:
        if costs is not None:
            return by_costs(costs)
        outputs, targets = learned.ensemble.out_of_fold, learned.ensemble.targets
        if outputs.shape[1] > 2:
            return Decision()
        if self.decide == "likeliest":
            return Decision(threshold=0.5)
        return by_f1(outputs[:, 1], targets.y == 1, targets.weight)
