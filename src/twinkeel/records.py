"""The frozen records that cross module borders, in the order in which data flows.

Config (its own module) -> Case -> Evidence -> Score -> Verdict -> Version -> Release -> Event.
They hold plain JSON-ready values only, so each can be stored, sent and shown as it is; a change
returns a new record (`msgspec.structs.replace`). Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from twinkeel.errors import UsageError

Json: TypeAlias = Any
"""A JSON value; `Any` because this is the wire border."""

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""A table by column: name to values, every column of the same length."""

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""A table by row; a key that is absent differs from one that is None."""

FieldType: TypeAlias = Literal["number", "integer", "boolean", "category", "text", "date"]
Direction: TypeAlias = Literal["higher", "lower"]
Outcome: TypeAlias = Literal["pass", "fail", "inconclusive", "not applicable"]


def now() -> str:
    """The present moment, ISO 8601 in UTC with microseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every record: immutable, keyword-only, JSON-ready."""


# ------------------------------------------------------------------------------ signature


class Field(Record, frozen=True, kw_only=True):
    """One named input or output of a version."""

    name: str
    """For an output, `probabilities.Yes` is the entry `Yes` of the value `probabilities`."""
    type: FieldType
    required: bool = False
    """An input that must be present in every call."""
    values: tuple[str, ...] | None = None
    """The categories seen while learning, for a `category`."""
    low: float | None = None
    high: float | None = None
    """The range seen while learning, for numbers; for dates, days since 1970-01-01."""
    example: Json = None
    private: bool = False
    """An input in people's own words: stored only where `[events] sensitive` says so."""


class Signature(Record, frozen=True, kw_only=True):
    """What a version takes and gives: every face (HTTP, CLI, Python, form) comes from it."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]


# ------------------------------------------------------------------------------ answers


class Message(Record, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


class Document(Record, frozen=True, kw_only=True):
    """A document that answers are taken from, as a reader opens it."""

    name: str
    """As citations name it: its path within the source."""
    title: str
    media: str
    """Its media type, such as `text/markdown` or `application/pdf`."""
    text: str
    """What the offsets of citations count in, by code point."""
    original: bytes | None = None
    """The file itself, where a browser can show it at a page."""


class Output(Record, frozen=True, kw_only=True):
    """A version's answer to one input."""

    values: dict[str, Json]
    warnings: tuple[str, ...] = ()
    """What was unusual about the input, one sentence each."""


class Contribution(Record, frozen=True, kw_only=True):
    """How far one input moved one answer."""

    name: str
    value: Json
    contribution: float


class Explanation(Record, frozen=True, kw_only=True):
    """Why a version answered as it did: `base + sum(contributions) == total`."""

    of: str
    """What is explained, such as the class `Yes`."""
    unit: str
    """The unit of base, total and contributions, such as `log-odds`."""
    base: float
    total: float
    contributions: tuple[Contribution, ...]
    """Largest effect first."""


# ------------------------------------------------------------------------------ evidence


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
    time: list[str] | None = None
    cutoff: str | None = None
    """For a forward split: every case is later than this, every row learned from is not."""
    rule: str = ""
    """What the units depend on besides the rows (`Split.rule`): a version judges and is judged only
    under the rule that it was built with."""

    def __len__(self) -> int:
        return len(self.ids)


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


# ------------------------------------------------------------------------------ versions

_REFERENCE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)@([1-9][0-9]{0,8})")


class VersionRef(Record, frozen=True, kw_only=True):
    """A version's name, `churn@7`."""

    component: str
    number: int

    @classmethod
    def parse(cls, text: str) -> VersionRef:
        """Read `churn@7`; raises UsageError for anything else."""
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is not a version: expected COMPONENT@NUMBER, as churn@7.")
        return cls(component=match[1], number=int(match[2]))

    def __str__(self) -> str:
        return f"{self.component}@{self.number}"


class Lineage(Record, frozen=True, kw_only=True):
    """Where a version came from: enough to say why it differs from another."""

    source: str
    source_digest: str
    rows: int
    rows_learned: int
    learned_digest: str
    """The stored object that lists the units that were learned from."""
    options: dict[str, Json]
    seed: int
    split: dict[str, Json]
    """How cases were held out: method, key, share, cutoff."""
    depends_on: dict[str, str] = {}
    """Other versions that this one uses, `churn` to `churn@7`."""
    packages: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    """What a person should know of the data and of what was done about it."""
    seconds: float = 0.0


class Version(Record, frozen=True, kw_only=True):
    """The immutable result of one build."""

    component: str
    number: int
    kind: str
    bundle: str
    """The bundle's digest: sha256 of its manifest, in hex."""
    bundle_bytes: int
    created: str
    lineage: Lineage

    @property
    def ref(self) -> VersionRef:
        """The version's name."""
        return VersionRef(component=self.component, number=self.number)


class Evaluation(Record, frozen=True, kw_only=True):
    """One judgement of one version: its evidence, scores and verdicts."""

    component: str
    number: int
    created: str
    cases_digest: str
    evidence_digest: str
    scorecard: Scorecard
    verdicts: tuple[Verdict, ...]
    against: int | None = None
    """Production's number at the time, for `not worse by`."""
    against_digest: str | None = None
    """Production's evidence on the same cases."""

    @property
    def outcome(self) -> Outcome:
        """The worst verdict: fail, then inconclusive, else pass."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        worst: tuple[Outcome, ...] = ("fail", "inconclusive")
        return next((outcome for outcome in worst if outcome in outcomes), "pass")


class Release(Record, frozen=True, kw_only=True):
    """One change of what is in production; the newest one holds."""

    sequence: int
    component: str
    number: int
    previous: int | None
    action: Literal["release", "rollback"]
    at: str
    who: str
    override: str | None = None
    """The reason given for releasing what had not passed."""


# ------------------------------------------------------------------------------ events


class Event(Record, frozen=True, kw_only=True):
    """One served call, or the feedback or label that joins it later by `about`."""

    id: str
    kind: Literal["call", "feedback", "label"]
    component: str
    at: str
    number: int | None = None
    about: str | None = None
    status: int = 200
    ms: float | None = None
    cost: float | None = None
    who: str | None = None
    """The name of the key that was used."""
    inputs: dict[str, Json] | None = None
    output: Json = None


# ------------------------------------------------------------------------------ long work


class Limits(Record, frozen=True, kw_only=True):
    """What a build may use; None is no limit."""

    time: float | None = None
    """Seconds."""
    work: int | None = None
    """Units of a fixed list of work, so that the same seed gives the same version."""
    memory: int | None = None
    """Bytes: a build whose estimated need is larger is refused; what it uses is not capped."""
    spend: float | None = None
    """Money, in the currency of the providers' bills."""


class Tick(Record, frozen=True, kw_only=True):
    """One step of progress."""

    stage: str
    """What is being done, a few words: `training`, `evaluating`."""
    fraction: float | None = None
    """How much of the stage is done, 0 to 1, where it can be known."""
    detail: str = ""


Progress: TypeAlias = Callable[[Tick], None]


def silent(_: Tick) -> None:
    """A progress that shows nothing."""
