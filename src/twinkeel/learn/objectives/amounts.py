"""Learning an amount: its mean, through the link that does best, and an interval around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import InputError
from twinkeel.learn.amount import AmountLoss, floor, straight
from twinkeel.learn.budget import Budget
from twinkeel.learn.encode import Values
from twinkeel.learn.graph import MARGIN, SPREAD
from twinkeel.learn.intervals import Ends, Interval, quantiles
from twinkeel.learn.links import Logarithm, Straight, righted
from twinkeel.learn.material import Material
from twinkeel.learn.model import AmountCard, AmountMember
from twinkeel.learn.objectives.base import Adjusted, Finished, Fresh, Learned, Objective
from twinkeel.learn.objectives.conformal import calibrated
from twinkeel.learn.objectives.shapes import choose
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.predictors.amounts import AmountPredictor, with_interval
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.targets import Floats, Loss, Targets


@dataclass(frozen=True)
class Amounts(Objective):
    """A number, given as float64; NaN is missing."""

    missing: ClassVar[str] = "a value"

    name: str = "the target"
    """What is predicted, as explanations name it."""
    interval: float = 0.9
    """The share of rows whose target an interval is to hold, above 0 and below 1."""
    sensitive: tuple[str, ...] = ()
    """Columns of the table in each of whose groups the interval is to hold that share."""
    own: OwnLoss | None = None
    """What is minimised instead of squared error: raw scores are amounts."""

    def known(self, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a row has a finite value."""
        return np.asarray(np.isfinite(target), dtype=bool)

    def strata(self, target: NDArray[Any]) -> NDArray[Any]:
        """All rows alike."""
        return np.zeros(len(target), np.intp)

    def targets(self, target: NDArray[Any], weight: Floats) -> Targets:
        """The amounts; raises InputError where there are no two values."""
        if len(target) == 0 or np.ptp(target) == 0:
            found = f"only the value {target[0]:g}" if len(target) else "no value at all"
            raise InputError(
                f"The target has {found}: expected two values or more; give other rows."
            )
        return Targets(target, weight, replace(straight(target, weight), own=self.own))

    def settled(self, material: Material, budget: Budget) -> tuple[Loss, tuple[str, ...]]:
        """Squared error on the amounts, on their logarithms, or Poisson loss: the best of these.

        A loss of the user's own is of the amounts themselves.
        """
        if self.own is not None:
            return material.targets.loss, ()
        return choose(material, budget)

    def finish(self, learned: Learned) -> Finished:
        """The ensemble with intervals."""
        ensemble, material = learned.ensemble, learned.material
        loss, link = material.targets.loss, ensemble.function.head
        assert isinstance(loss, AmountLoss)
        assert isinstance(link, Straight | Logarithm)  # what AmountLoss made
        plain = _interval(self.interval, loss, ensemble.targets.y)
        interval, far, notes = calibrated(learned, plain, self.sensitive)
        card = AmountCard(
            target=self.name,
            link=link,
            loss=loss.name,
            interval=interval,
            scale=float(np.std(ensemble.targets.y)),
            feature_columns=learned.owners,
            importance=learned.importance,
            members=tuple(
                AmountMember(
                    name=one.name,
                    weight=one.weight,
                    rmse=float(np.sqrt(one.loss)),
                    low=float(np.sqrt(one.low)),
                    high=float(np.sqrt(one.high)),
                    trees=one.trees,
                    milliseconds=one.milliseconds,
                )
                for one in ensemble.standings
            ),
            folds=ensemble.folds,
            rows=len(material.targets.y),
            rmse=float(np.sqrt(ensemble.loss)),
            notes=(*learned.notes, *notes),
        )
        function = replace(ensemble.function, spread=far.trees())

        def answers(values: Values) -> Floats:
            prediction = ensemble.outputs(material.space, values)[:, 0]
            return with_interval(card, prediction, far.of(material.space.encode(values)), values)

        return Finished(card, function, AmountPredictor, answers)

    def recalibrated(self, predictor: Predictor[Any], fresh: Fresh) -> Adjusted:
        """A link whose answers are right on average, and the ends of intervals around them."""
        assert isinstance(predictor, AmountPredictor)
        if self.own is not None:
            raise InputError("answers learned by a loss of your own are not put right on average.")
        margin, far = predictor.raw(fresh.table.columns, len(fresh.table), MARGIN, SPREAD)
        link = righted(predictor.card.link, margin[:, 0], fresh.target, fresh.weight)
        interval = predictor.card.interval
        away = interval.stretched(fresh.target) - interval.stretched(link.outputs(margin)[:, 0])
        ends = quantiles(away / far[:, 0], fresh.weight, interval.level)
        interval = msgspec.structs.replace(interval, ends=ends, groupings=())
        return Adjusted(msgspec.structs.replace(predictor.card, link=link, interval=interval), link)


def _interval(level: float, loss: AmountLoss, y: Floats) -> Interval:
    """An interval without ends yet: on which scale they are found."""
    shift = None
    if isinstance(loss.link, Logarithm):
        shift = loss.link.shift if y.min() + loss.link.shift > 0 else 1.0
    return Interval(level=level, shift=shift, floor=floor(y), ends=Ends(0.0, 0.0))
