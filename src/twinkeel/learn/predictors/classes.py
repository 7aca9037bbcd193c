"""Serves a trained classifier: contract, one ONNX graph, a decision, a set of classes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.answers import Answers
from twinkeel.learn.graph import LOG_ODDS, PROBABILITIES
from twinkeel.learn.model import ClassCard
from twinkeel.learn.predictors.base import Columns, Floats, Predictor
from twinkeel.records import Explanation, Field, Json, Output, Rows, Signature

ROUNDING = 5e-6
"""Probabilities that are no further apart differ by how numbers are rounded."""


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

    @property
    def level(self) -> float | None:
        """The share of rows whose true class a set is to hold; None without sets."""
        return None if self.card.sets is None else self.card.sets.level

    @cached_property
    def signature(self) -> Signature:
        """The contract's columns in; a class, probabilities and a set of classes out."""
        each = (
            Field(name=f"probabilities.{name}", type="number", low=0.0, high=1.0)
            for name in self.classes
        )
        outputs = (
            Field(name="prediction", type="category", values=self.classes),
            Field(name="probability", type="number", low=0.0, high=1.0),
            *each,
            *self._beside(),
        )
        label = Field(name="label", type="category", values=self.classes)
        return Signature(inputs=self.contract.fields(), outputs=outputs, label=label)

    def call(self, rows: Rows) -> list[Output]:
        """One output per row: prediction, its or the positive class's probability, all, and a set.

        A row that is left to a person has no prediction. Raises ContractError naming the row and
        the column.
        """
        if not rows:
            return []
        conformed = self.contract.read_rows(rows)
        found = self.run(conformed.values, len(rows))
        return [
            Output(values=values, warnings=tuple(conformed.warnings.get(row, ())))
            for row, values in enumerate(self._said(found, conformed.values))
        ]

    def call_columns(self, columns: Columns, n: int) -> Answers:
        """As `call`, for rows given by column."""
        conformed = self.contract.read(columns, n)
        found = self.run(conformed.values, n).astype(np.float64)
        return Answers(self._columns(found, conformed.values), conformed.warnings)

    def sets(self, columns: Columns, n: int) -> NDArray[np.bool_] | None:
        """(n, classes) which classes are in the set of each row; None without sets."""
        values = self.contract.read(columns, n).values
        return self._members(self.run(values, n), values)

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
        """The largest difference in probability; infinite where the decision differs and does not
        hang on a rounding."""
        found: Floats = np.abs(expected - served).max(axis=1)
        decision, apart = self.card.decision, ~(found < ROUNDING)
        found[apart & (decision.choose(expected) != decision.choose(served))] = np.inf
        found[apart & (decision.answers(expected) != decision.answers(served))] = np.inf
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

    def _beside(self) -> list[Field]:
        """What is given beside the decision and the probabilities."""
        found = []
        if self.card.sets is not None:
            found.append(Field(name="set", type="category", values=self.classes, many=True))
        if self.card.decision.abstains:
            found.append(Field(name="abstained", type="boolean"))
        return found

    def _members(
        self, found: Floats, values: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.bool_] | None:
        return None if self.card.sets is None else self.card.sets.members(found, values)

    def _columns(self, found: Floats, values: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """All that is said of rows of probabilities, by output."""
        decision, names = self.card.decision, np.array(self.classes, dtype=object)
        chosen = decision.choose(found)
        looked_at = chosen if self.positive is None else np.ones_like(chosen)
        said = {
            "prediction": names[chosen],
            "probability": found[np.arange(len(found)), looked_at],
            **{f"probabilities.{name}": found[:, k] for k, name in enumerate(self.classes)},
        }
        members = self._members(found, values)
        if members is not None:
            said["set"] = _listed(members, self.classes)
        if decision.abstains:
            answered = decision.answers(found)
            said["abstained"] = ~answered
            said["prediction"][~answered] = None
        return said

    def _said(self, found: Floats, values: Mapping[str, NDArray[Any]]) -> list[dict[str, Json]]:
        """For each row of probabilities all that is said of it."""
        decision, names = self.card.decision, self.classes
        chosen = decision.choose(found).tolist()
        said: list[dict[str, Json]] = [
            {
                "prediction": names[k],
                "probability": row[k if self.positive is None else 1],
                "probabilities": dict(zip(names, row, strict=True)),
            }
            for row, k in zip(found.tolist(), chosen, strict=True)
        ]
        members = self._members(found, values)
        if members is not None:
            for one, inside in zip(said, members.tolist(), strict=True):
                one["set"] = [name for name, there in zip(names, inside, strict=True) if there]
        if decision.abstains:
            for one, answered in zip(said, decision.answers(found).tolist(), strict=True):
                one["abstained"] = not answered
                one["prediction"] = one["prediction"] if answered else None
        return said


def _listed(members: NDArray[np.bool_], names: tuple[str, ...]) -> NDArray[np.object_]:
    """(n,) the JSON of each row's set, written once for every different set."""
    different, place = np.unique(np.packbits(members, axis=1), axis=0, return_inverse=True)
    inside = np.unpackbits(different, axis=1, count=len(names)).astype(bool)
    sets = [[name for name, there in zip(names, row, strict=True) if there] for row in inside]
    texts = np.array([msgspec.json.encode(one).decode() for one in sets], dtype=object)
    return np.asarray(texts[place.reshape(-1)])
