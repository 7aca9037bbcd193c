"""A kind that multiplies: small enough to know every answer of, registered as a stranger's is."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from twinkeel.errors import ContractError
from twinkeel.kinds.base import Built, Kind, Options, Task
from twinkeel.records import (
    Cases,
    Contribution,
    Evidence,
    Explanation,
    Field,
    Output,
    Rows,
    Signature,
)

SIGNATURE = Signature(
    inputs=(
        Field(name="amount", type="number", required=True, low=0, high=100, example=20.5),
        Field(name="plan", type="category", values=("basic", "plus"), example="plus"),
        Field(name="gender", type="category", values=("Female", "Male"), example="Female"),
        Field(name="active", type="boolean", example=True),
        Field(name="months", type="integer", low=0, high=72, example=12),
        Field(name="joined", type="date", example="2024-05-01"),
        Field(name="note", type="text", example="called twice <b>this week</b>"),
    ),
    outputs=(
        Field(name="tier", type="category", values=("high", "low")),
        Field(name="total", type="number"),
        Field(name="shares.high", type="number", low=0, high=1),
        Field(name="shares.v1.0", type="number", low=0, high=1),
    ),
)


class ToyOptions(Options, frozen=True, kw_only=True):
    sensitive: tuple[str, ...] = ()


class Model:
    """total = factor * amount; the note `sleep` takes a second, a negative factor fails."""

    signature = SIGNATURE

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def call(self, rows: Rows) -> list[Output]:
        return [self._one(index, row) for index, row in enumerate(rows)]

    def explain(self, rows: Rows) -> list[Explanation]:
        return [self._why(index, row) for index, row in enumerate(rows)]

    def _one(self, index: int, row: Any) -> Output:
        if row.get("note") == "sleep":
            time.sleep(1.0)
        if row.get("note") == "defect":
            raise ZeroDivisionError(f"a secret row: {row}")
        if self.factor < 0:
            raise ZeroDivisionError(f"a secret row: {row}")
        total = self.factor * self._amount(index, row)
        unseen = row.get("plan") not in (None, "basic", "plus")
        return Output(
            values={
                "tier": "high" if total > 50 else "low",
                "total": total,
                "shares": {"high": 0.25, "v1.0": 0.75},
            },
            warnings=(f"plan {row['plan']!r} was not seen while learning",) if unseen else (),
        )

    def _amount(self, index: int, row: Any) -> float:
        amount = row.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ContractError(f"row {index}: amount must be a number, got {amount!r}.")
        return float(amount)

    def _why(self, index: int, row: Any) -> Explanation:
        amount = self._amount(index, row)
        parts = [("amount", amount, 0.02 * amount), ("plan", row.get("plan"), -0.4)]
        parts += [("months", row.get("months"), -0.15), ("note", row.get("note"), 0.05)]
        found = tuple(Contribution(name=n, value=v, contribution=c) for n, v, c in parts)
        total = -0.2 + sum(part.contribution for part in found)
        return Explanation(of="high", unit="log-odds", base=-0.2, total=total, contributions=found)


class Toy(Kind[ToyOptions]):
    name = "toy"
    runtime = "toy"
    options = ToyOptions

    def load(self, bundle: Any) -> Model:
        return Model(**bundle.json("model.json", dict[str, float]))

    def cases(self, task: Task[ToyOptions]) -> Cases:
        return Cases(ids=("a",), units=("a",), inputs={"amount": [1.0]}, expected=["low"])

    def build(self, task: Task[ToyOptions]) -> Built:
        (task.bundle / "model.json").write_bytes(msgspec.json.encode({"factor": 2.0}))
        return Built(rows=1, learned=())

    def evaluate(self, servable: Any, cases: Cases) -> Evidence:
        raise NotImplementedError

    def measures(self, evidence: Evidence) -> list[Any]:
        return []

    def losses(self, calls: Any, labels: Any) -> list[float]:
        """1 where another tier turned out to be true."""
        return [
            float(out.get("tier") != label)
            for out, label in zip(calls.outputs, labels, strict=True)
        ]
