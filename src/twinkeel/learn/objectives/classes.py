"""Learning classes: calibrated probabilities, a decision by rule, and sets that hold the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import ConfigError, InputError
from twinkeel.learn import calibrate
from twinkeel.learn.budget import Budget
from twinkeel.learn.calibrate import UNCALIBRATED, Calibration, surprise
from twinkeel.learn.material import Material
from twinkeel.learn.model import ClassCard, ClassMember
from twinkeel.learn.objectives.base import Adjusted, Finished, Fresh, Learned, Objective
from twinkeel.learn.objectives.labels import classes_of, indices
from twinkeel.learn.objectives.rules import Rule
from twinkeel.learn.objectives.sets import Judged, covering
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.learn.sets import Sets
from twinkeel.learn.targets import Floats, Index, Loss, Targets

_STATISTICS = 8
"""At most so many classes get a statistic each: the most frequent ones."""
_NAMED = 5
"""A note names at most so many classes."""


@dataclass(frozen=True)
class ClassLoss(Loss):
    """Log loss over classes, numbered from 0; of two, margins are the second one's log-odds."""

    classes: int
    names: tuple[str, ...] = ()
    own: OwnLoss | None = None

    @property
    def name(self) -> str:
        """`binary` for two classes, else `multiclass`; `own` for the user's."""
        if self.own is not None:
            return "own"
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

    def uncalibrated(self, margin: Floats, targets: Targets) -> Floats:  # noqa: ARG002  # as it is
        """Probabilities by margins as log-odds."""
        return UNCALIBRATED.outputs(margin)

    def certain(self, y: NDArray[Any]) -> Floats:
        """Each row's class has probability 1."""
        return np.asarray(y[:, None] == np.arange(self.classes), dtype=np.float64)

    def scores(self, outputs: Floats) -> Floats:
        """Probabilities: of two classes only the second one's."""
        return outputs[:, 1] if self.classes == 2 else outputs

    def told(self, loss: float) -> str:
        """Log loss."""
        return f"log loss {loss:.4f}"

    def each(self, outputs: Floats, targets: Targets) -> Floats:
        """Log losses of (n, classes) probabilities."""
        return surprise(outputs, targets.y)


@dataclass(frozen=True)
class Classes(Objective):
    """Two classes or more, given as texts; "" is missing."""

    missing: ClassVar[str] = "a class"

    positive: str | None = None
    rule: Rule = field(default_factory=Rule)
    """How decisions are made."""
    coverage: float = 0.9
    """The share of rows whose true class a set is to hold, above 0 and below 1."""
    sensitive: tuple[str, ...] = ()
    """Columns of the table in each of whose groups sets are to hold that share of each class."""
    own: OwnLoss | None = None
    """What is minimised instead of log loss, of two classes: raw scores are log-odds, before they
    are calibrated."""

    def known(self, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a row has a class."""
        return np.asarray(target != "", dtype=bool)

    def strata(self, target: NDArray[Any]) -> NDArray[Any]:
        """The classes."""
        return target.astype(str)

    def targets(self, target: NDArray[Any], weight: Floats) -> Targets:
        """Class numbers; raises InputError for fewer than two classes, ConfigError for a rule
        that does not fit them."""
        names = classes_of(target, self.positive)
        self.rule.check(len(names))
        self.rule.matrix(names)
        if self.own is not None and len(names) > 2:
            raise ConfigError(
                f"{self.own.where} needs a target of two classes; this one has {len(names)}."
            )
        return Targets(indices(target, names), weight, ClassLoss(len(names), names, self.own))

    def settled(self, material: Material, budget: Budget) -> tuple[Loss, tuple[str, ...]]:  # noqa: ARG002  # one loss serves
        """Log loss; a note on classes that no row can judge."""
        loss = material.targets.loss
        assert isinstance(loss, ClassLoss)
        alone = np.flatnonzero(np.bincount(material.targets.y, minlength=loss.classes) == 1)
        if len(alone) == 0:
            return loss, ()
        named = ", ".join(repr(loss.names[i]) for i in alone[:_NAMED])
        rest = f" and {len(alone) - _NAMED} more" if len(alone) > _NAMED else ""
        return loss, (f"A class of one row is learned from and judged by none: {named}{rest}.",)

    def finish(self, learned: Learned) -> Finished:
        """The ensemble with its decision and its sets."""
        ensemble, loss = learned.ensemble, learned.material.targets.loss
        head = ensemble.function.head
        assert isinstance(loss, ClassLoss)
        assert isinstance(head, Calibration)  # what ClassLoss made
        costs = self.rule.matrix(loss.names)
        decision, why = self.rule.decision(ensemble.out_of_fold, ensemble.targets, loss.names)
        judged = Judged(
            ensemble.out_of_fold,
            ensemble.targets,
            {name: cells[ensemble.rows] for name, cells in learned.material.values.items()},
        )
        sets, where = covering(judged, loss.names, self.coverage, self.sensitive)
        card = ClassCard(
            classes=loss.names,
            positive=loss.names[1] if loss.classes == 2 else None,
            decision=decision,
            costs=None if costs is None else tuple(tuple(map(float, row)) for row in costs),
            calibration=head,
            sets=sets,
            feature_columns=learned.owners,
            importance=learned.importance,
            members=tuple(
                ClassMember(
                    name=one.name,
                    weight=one.weight,
                    log_loss=one.loss,
                    low=one.low,
                    high=one.high,
                    trees=one.trees,
                    milliseconds=one.milliseconds,
                )
                for one in ensemble.standings
            ),
            folds=ensemble.folds,
            rows=len(learned.material.targets.y),
            log_loss=ensemble.loss,
            notes=(*learned.notes, *why, *where),
        )
        space = learned.material.space
        return Finished(
            card, ensemble.function, ClassPredictor, lambda values: ensemble.outputs(space, values)
        )

    def recalibrated(self, predictor: Predictor[Any], fresh: Fresh) -> Adjusted:
        """A new calibration, and the threshold and the sets that go with it."""
        assert isinstance(predictor, ClassPredictor)
        targets = self._told(predictor, fresh)
        margin = predictor.log_odds(fresh.table.columns, len(fresh.table))
        head = calibrate.fit(margin, targets, fresh.parts())
        found = head.outputs(margin)
        card = msgspec.structs.replace(
            predictor.card, calibration=head, sets=self._resettled(predictor, fresh, found, targets)
        )
        return Adjusted(self._redecided(card, found, targets), head, margin.shape[1])

    def rethresholded(self, predictor: ClassPredictor, fresh: Fresh) -> Adjusted:
        """The same probabilities with the threshold that is best on fresh rows.

        Raises InputError where the decision is no choice of threshold.
        """
        targets = self._told(predictor, fresh)
        found, _ = predictor.probabilities(fresh.table.columns, len(fresh.table))
        card = self._redecided(predictor.card, found, targets)
        if card is predictor.card:
            why = "the costs say where it is" if self.rule.costs else "the most probable is taken"
            raise InputError(f"there is no threshold to choose: {why}.")
        return Adjusted(card)

    def _redecided(self, card: ClassCard, found: Floats, targets: Targets) -> ClassCard:
        """With the best threshold for these probabilities, if one is chosen at all."""
        if not self.rule.chooses(len(card.classes)):
            return card
        decision, why = self.rule.decision(found, targets, card.classes)
        return msgspec.structs.replace(card, decision=decision, notes=(*card.notes, *why))

    def _resettled(
        self, predictor: ClassPredictor, fresh: Fresh, found: Floats, targets: Targets
    ) -> Sets | None:
        """The sets for these probabilities, if there are any."""
        if predictor.card.sets is None:
            return None
        values = predictor.contract.read(fresh.table.columns, len(fresh.table)).values
        judged = Judged(found, targets, values)
        return covering(judged, predictor.classes, self.coverage, self.sensitive).sets

    def _told(self, predictor: ClassPredictor, fresh: Fresh) -> Targets:
        names = predictor.classes
        there = set(fresh.target.tolist())
        if there != set(names):
            other = sorted(there ^ set(names))[0]
            known = "is new" if other in there else "does not occur among them"
            raise InputError(f"the new rows tell nothing: the class {other!r} {known}.")
        return Targets(indices(fresh.target, names), fresh.weight, ClassLoss(len(names), names))
