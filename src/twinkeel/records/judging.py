"""How a version is judged: cases, the evidence on them, scores, gates and verdicts."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from twinkeel.records.base import Json, Record

Direction: TypeAlias = Literal["higher", "lower"]

Outcome: TypeAlias = Literal["pass", "fail", "inconclusive", "not applicable"]

_CLOSE = 1e-6
"""Processors differ in the last digits."""


class Cases(Record, frozen=True, kw_only=True):
    """What a version is judged on: inputs with their expectation, by column.

    All sequences have one entry per case. `units` names what was held out together (a hash of
    the row's id, its group or its contents): cases of one unit are resampled together, and no
    version may have learned from a unit that judges it.
    """

    ids: tuple[str, ...]
    units: tuple[str, ...]
    inputs: dict[str, list[Json]]
    expected: list[Json]
    slices: dict[str, list[str]] = {}
    weight: list[float] | None = None
    time: list[str | float] | None = None
    """For a forward split: the moment of each, ISO 8601 texts or all numbers."""
    cutoff: str | float | None = None
    """For a forward split: every case is later than this, every row learned from is not."""
    rule: str = ""
    """What the units depend on besides the rows (`Split.rule`): a version judges and is judged only
    under the rule that it was built with."""

    def __len__(self) -> int:
        return len(self.ids)

    def after(self, cutoff: str | float | None) -> list[int]:
        """The places of the cases that are later than a cutoff; of all without time or cutoff.

        Of a text and a number neither is known to be later.
        """
        if self.time is None or cutoff is None:
            return list(range(len(self)))
        if isinstance(cutoff, str):
            return [i for i, one in enumerate(self.time) if isinstance(one, str) and one > cutoff]
        return [i for i, one in enumerate(self.time) if not isinstance(one, str) and one > cutoff]


class Evidence(Record, frozen=True, kw_only=True):
    """Every case with a version's output; scores, paired tests and reports derive from it."""

    ids: tuple[str, ...]
    units: tuple[str, ...]
    expected: list[Json]
    outputs: dict[str, list[Json]]
    slices: dict[str, list[str]] = {}
    weight: list[float] | None = None
    timings: dict[str, list[float]] = {}
    """Repeated measurements that no recomputation can reproduce, such as `latency_ms`."""
    context: dict[str, Json] = {}
    """What the scores need beyond the cases: classes, threshold, costs."""

    @classmethod
    def of(
        cls,
        cases: Cases,
        outputs: dict[str, list[Json]],
        *,
        timings: dict[str, list[float]] | None = None,
        context: dict[str, Json] | None = None,
    ) -> Evidence:
        """The evidence of `outputs`, each with one entry per case, in the order of the cases."""
        return cls(
            ids=cases.ids,
            units=cases.units,
            expected=cases.expected,
            outputs=outputs,
            slices=cases.slices,
            weight=cases.weight,
            timings=timings or {},
            context=context or {},
        )

    def __len__(self) -> int:
        return len(self.ids)


def close(one: Json, other: Json) -> bool:
    """Whether two values are the same; numbers may be a millionth apart, of 1 or their own size."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(one == other)


class Score(Record, frozen=True, kw_only=True):
    """One measured number with its 95% interval."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    direction: Direction
    slice: str | None = None
    """`gender=Female` for one group, `gender` for a difference between groups."""
    timing: bool = False
    note: str | None = None
    """Why there is no value or no interval."""

    @property
    def key(self) -> str:
        """The name as gates write it: `roc_auc[gender=Female]`."""
        return self.name if self.slice is None else f"{self.name}[{self.slice}]"


class Scorecard(Record, frozen=True, kw_only=True):
    """All scores of one version on one set of cases."""

    scores: tuple[Score, ...]

    def get(self, key: str) -> Score | None:
        """The score with this key, or None."""
        return next((score for score in self.scores if score.key == key), None)


class Gate(Record, frozen=True, kw_only=True):
    """A condition on one score: at least, at most, or not worse than production by a margin."""

    key: str
    test: Literal[">=", "<=", "not worse by"]
    bound: float

    @property
    def text(self) -> str:
        """The gate as `twinkeel.toml` writes it."""
        return f"{self.test} {self.bound:g}"


class Verdict(Record, frozen=True, kw_only=True):
    """What a gate says of a version."""

    gate: Gate
    outcome: Outcome
    score: Score | None
    """The judged score; for `not worse by`, the paired difference, positive where better."""
    sentence: str
    """The verdict in words."""
    needed: int | None = None
    """When inconclusive: about how many cases would decide."""
