"""Serves a trained regressor: contract, one ONNX graph, an interval around each prediction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.answers import Answers
from twinkeel.learn.graph import MARGIN, PREDICTION, SPREAD
from twinkeel.learn.links import Logarithm
from twinkeel.learn.model import AmountCard
from twinkeel.learn.predictors.base import Columns, Floats, Predictor
from twinkeel.learn.targets import Explained
from twinkeel.records import Explanation, Field, Output, Rows, Signature

NAMES = ("prediction", "low", "high")
"""Of the answers, in order."""


class AmountPredictor(Predictor[AmountCard]):
    """A loaded regressor."""

    reads: ClassVar[type[AmountCard]] = AmountCard
    gives: ClassVar[str] = "prediction and interval"

    @cached_property
    def signature(self) -> Signature:
        """The contract's columns in; the prediction and the ends of its interval out."""
        outputs = tuple(Field(name=name, type="number") for name in NAMES)
        label = Field(name="label", type="number")
        return Signature(inputs=self.contract.fields(), outputs=outputs, label=label)

    @property
    def level(self) -> float:
        """The share of rows whose target the interval is to hold."""
        return self.card.interval.level

    def call(self, rows: Rows) -> list[Output]:
        """One output per row: prediction, low and high.

        Raises ContractError naming the row and the column.
        """
        if not rows:
            return []
        conformed = self.contract.read_rows(rows)
        found = self.run(conformed.values, len(rows)).tolist()
        return [
            Output(
                values=dict(zip(NAMES, values, strict=True)),
                warnings=tuple(conformed.warnings.get(row, ())),
            )
            for row, values in enumerate(found)
        ]

    def call_columns(self, columns: Columns, n: int) -> Answers:
        """As `call`, for rows given by column."""
        conformed = self.contract.read(columns, n)
        found = self.run(conformed.values, n)
        return Answers(dict(zip(NAMES, found.T, strict=True)), conformed.warnings)

    def run(self, values: Mapping[str, NDArray[Any]], n: int) -> Floats:
        """(n, 3) prediction, low and high of columns that the contract has read already."""
        prediction, spread = self._run(values, n, PREDICTION, SPREAD)
        return with_interval(self.card, prediction[:, 0], spread[:, 0].astype(float), values)

    def explain(self, rows: Rows) -> list[Explanation]:
        """For each row, the columns' contributions to its prediction, in the target's units."""
        if not rows:
            return []
        effects, (margin,) = self._taken_apart(rows, MARGIN)
        return [
            self._explanation(row, Explained(self._explainer.base, effects[i], margin[i]))
            for i, row in enumerate(rows)
        ]

    def differences(self, expected: Floats, served: Floats) -> Floats:
        """The largest difference, in the target's standard deviations; through a logarithm, of
        the amount's own size where that is larger."""
        own = np.abs(expected) if isinstance(self.card.link, Logarithm) else 0.0
        size = np.maximum(self.card.scale, own)
        found: Floats = (np.abs(expected - served) / size).max(axis=1)
        return found

    def _explanation(self, row: Mapping[str, Any], margins: Explained) -> Explanation:
        found = self.card.link.explained(margins)
        return Explanation(
            of=self.card.target,
            unit="units",
            base=float(found.base[0]),
            total=float(found.total[0]),
            contributions=self._contributions(row, found.effects[:, 0]),
        )


def with_interval(
    card: AmountCard, prediction: Floats, spread: Floats, values: Mapping[str, NDArray[Any]]
) -> Floats:
    """(n, 3) predictions with the low and the high end of their intervals."""
    return np.column_stack([prediction, card.interval.between(prediction, spread, values)])
