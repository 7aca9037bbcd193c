"""Serves a trained classifier: contract, one ONNX graph, a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.graph import LOG_ODDS, PROBABILITIES
from twinkeel.learn.model import ClassCard
from twinkeel.learn.predictors.base import Columns, Floats, Predictor
from twinkeel.records import Explanation, Field, Output, Rows, Signature


class ClassPredictor(Predictor[ClassCard]):
    """A loaded classifier."""

    reads: ClassVar[type[ClassCard]] = ClassCard
    gives: ClassVar[str] = "probabilities"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.card.classes

    @property
    def positive(self) -> str | None:
        """Of two classes, the one that is looked for."""
        return self.card.positive

    @property
    def threshold(self) -> float | None:
        """Of two classes, the probability from which the positive one is decided for."""
        return self.card.decision.threshold

    @property
    def costs(self) -> list[list[float]] | None:
        """What deciding for a class (column) costs where another is true (row)."""
        return None if self.card.costs is None else [list(row) for row in self.card.costs]

    @cached_property
    def signature(self) -> Signature:
        """The contract's columns in; a class and probabilities out."""
        each = (
            Field(name=f"probabilities.{name}", type="number", low=0.0, high=1.0)
            for name in self.classes
        )
        outputs = (
            Field(name="prediction", type="category", values=self.classes),
            Field(name="probability", type="number", low=0.0, high=1.0),
            *each,
        )
        label = Field(name="label", type="category", values=self.classes)
        return Signature(inputs=self.contract.fields(), outputs=outputs, label=label)

    def call(self, rows: Rows) -> list[Output]:
        """One output per row: prediction, its or the positive class's probability, and all.

        Raises ContractError naming the row and the column.
        """
        if not rows:
            return []
        conformed = self.contract.read_rows(rows)
        found = self.run(conformed.values, len(rows))
        chosen = self.card.decision.choose(found).tolist()
        warnings = conformed.warnings
        return [
            self._output(values, k, tuple(warnings.get(row, ())))
            for row, (values, k) in enumerate(zip(found.tolist(), chosen, strict=True))
        ]

    def probabilities(self, columns: Columns, n: int) -> tuple[Floats, dict[int, list[str]]]:
        """(n, classes) probabilities of rows given by column, and warnings by row."""
        conformed = self.contract.read(columns, n)
        return self.run(conformed.values, n), conformed.warnings

    def run(self, values: Mapping[str, NDArray[Any]], n: int) -> Floats:
        """(n, classes) probabilities of columns that the contract has read already."""
        return self._run(values, n, PROBABILITIES)[0]

    def log_odds(self, columns: Columns, n: int) -> Floats:
        """(n, k) uncalibrated log-odds: k is 1 for two classes, else one per class."""
        return self._run(self.contract.read(columns, n).values, n, LOG_ODDS)[0]

    def explain(self, rows: Rows) -> list[Explanation]:
        """For each row, the columns' contributions to its uncalibrated log-odds.

        Of two classes the positive one is explained, of more the one predicted, against the
        average of all classes.
        """
        if not rows:
            return []
        effects, (log_odds, found) = self._taken_apart(rows, LOG_ODDS, PROBABILITIES)
        chosen = self.card.decision.choose(found)
        return [
            self._explanation(row, effects[i], log_odds[i], int(chosen[i]))
            for i, row in enumerate(rows)
        ]

    def differences(self, expected: Floats, served: Floats) -> Floats:
        """The largest difference in probability; infinite where the decision differs."""
        found: Floats = np.abs(expected - served).max(axis=1)
        decision = self.card.decision
        found[decision.choose(expected) != decision.choose(served)] = np.inf
        return found

    def _explanation(self, row: Any, effects: Floats, log_odds: Floats, chosen: int) -> Explanation:
        k = chosen if len(log_odds) > 1 else 0
        of = self.classes[chosen] if len(log_odds) > 1 else self.classes[1]
        return Explanation(
            of=of,
            unit="log-odds",
            base=float(self._explainer.base[k]),
            total=float(log_odds[k]),
            contributions=self._contributions(row, effects[:, k]),
        )

    def _output(self, values: Sequence[float], k: int, warnings: tuple[str, ...]) -> Output:
        answer = {
            "prediction": self.classes[k],
            "probability": values[k if self.positive is None else 1],
            "probabilities": dict(zip(self.classes, values, strict=True)),
        }
        return Output(values=answer, warnings=warnings)
