"""What the store remembers: versions, their evaluations and releases, and events."""

from __future__ import annotations

import re
from typing import Literal

from twinkeel.errors import UsageError
from twinkeel.records.base import Json, Record
from twinkeel.records.findings import Finding
from twinkeel.records.judging import Outcome, Scorecard, Verdict

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


class Origin(Record, frozen=True, kw_only=True):
    """Data that a version came from, as it was when it was read."""

    name: str
    """The source's name."""
    place: str
    """Where it is: a path, a database without its password, a query, `a frame`."""
    digest: str
    """sha256 of the data, in hex."""
    rows: int | None = None
    """How many rows it has; None where it was not read as a table."""
    sampled: int | None = None
    """How many of the rows were taken; None where all were."""
    query: str | None = None


class Remedied(Record, frozen=True, kw_only=True):
    """What a version was made from production for, when it was rebuilt."""

    name: str
    """What was done: recalibrate, refit, search."""
    of: str
    """The version in production then, `churn@6`."""
    alert: str | None = None
    """The id of the open alert that it answers."""
    why: str
    """Why this was chosen, in sentences."""


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
    origins: tuple[Origin, ...] = ()
    """The source, and before it the sources that its query reads."""
    notes: tuple[str, ...] = ()
    """What a person should know of the data and of what was done about it."""
    findings: tuple[Finding, ...] = ()
    """What checks of the data found before anything was learned."""
    seconds: float = 0.0
    remedy: Remedied | None = None
    """Where it was chosen by a rebuild."""


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


class Event(Record, frozen=True, kw_only=True):
    """One served call, what joins it later by `about`, or a minute's calls without an answer."""

    id: str
    kind: Literal["call", "feedback", "label", "shadow", "unanswered"]
    """A `shadow` is the other version's answer to the call `about`, while one is on trial.
    `unanswered` counts the calls of a minute that were refused or failed, without their inputs."""
    component: str
    at: str
    number: int | None = None
    about: str | None = None
    status: int = 200
    ms: float | None = None
    cost: float | None = None
    who: str | None = None
    """The name of the key that was used; of a label or feedback, who said so."""
    case: str | None = None
    """The id that the caller's row has, kept where labels or feedback are joined by it."""
    inputs: dict[str, Json] | None = None
    output: Json = None
    warnings: int = 0
    """How many things were unusual about the input."""
