"""What a kind is, and what the lifecycle hands to it.

A kind is the one extension point: a class with a name, a typed options record, traits and the
methods of `Kind`, registered under the entry-point group `twinkeel.kinds`. The lifecycle asks
traits and never names a kind. `twinkeel.testing.check_kind` is the acceptance test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from twinkeel.data.answers import Answers
from twinkeel.data.contract import Contract
from twinkeel.data.sources import Source
from twinkeel.data.table import Table
from twinkeel.kinds.signals import Calls, Score, Series, default_signals
from twinkeel.metrics.measure import Measure
from twinkeel.records import (
    Cases,
    Document,
    Evidence,
    Expectations,
    Explanation,
    Finding,
    Json,
    Limits,
    Message,
    Output,
    Progress,
    Record,
    Rows,
    Signature,
    close,
)
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle
from twinkeel.store.shared import Shared


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every kind's options: the keys of `[components.NAME]` that are its own."""

    @property
    def allowed_checks(self) -> tuple[str, ...]:
        """Checks before learning whose findings the user does not want told."""
        return ()

    @property
    def own_code(self) -> tuple[str, ...]:
        """Functions of the project that are called, each as `module:function`."""
        return ()


OptionsT = TypeVar("OptionsT", bound=Options)
MadeT = TypeVar("MadeT")


class Traits(Record, frozen=True, kw_only=True):
    """What the lifecycle must know of a kind without naming it."""

    streams: bool = False
    """Its servable can answer piece by piece."""
    costs_money: bool = False
    """A call may be billed: `spend_limit` applies."""
    needs_labels: bool = True
    """Its cases need an expectation."""
    stochastic: bool = False
    """The same input can get another answer."""
    incremental: bool = False
    """Building it again costs only what changed in its source: `serve --watch` does it."""


@runtime_checkable
class Servable(Protocol):
    """A loaded version, ready for calls. Loading it imports nothing that only training needs."""

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""
        ...

    def call(self, rows: Rows) -> list[Output]:
        """One output per row, in order. Raises ContractError naming the row and the column."""
        ...


@runtime_checkable
class CallsColumns(Protocol):
    """A servable that can also answer a whole table by column, which is many times as fast."""

    def call_columns(self, columns: Mapping[str, Any], n: int) -> Answers:
        """The answers to `n` rows, given as one array per column: the same as `call` gives.

        Raises ContractError naming the row and the column.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """A servable that can also say why."""

    def explain(self, rows: Rows) -> list[Explanation]:
        """One explanation per row, in order."""
        ...


@runtime_checkable
class ReadsColumns(Protocol):
    """A servable whose inputs are columns: it can be shown, compared and pinned what it reads."""

    @property
    def contract(self) -> Contract:
        """The columns that it reads, and how."""
        ...


@runtime_checkable
class Weighs(Protocol):
    """A servable that knows how much each of its columns matters."""

    @property
    def importance(self) -> Mapping[str, float]:
        """How far each column moves what is predicted, on average and without direction."""
        ...


@runtime_checkable
class Converses(Protocol):
    """A servable that answers conversations; the chat faces come from this."""

    def converse(self, messages: Sequence[Message]) -> Output:
        """The answer to the last message, which is a user's, in the light of those before it.

        Its values have `answer` (text), and may have `abstained` (whether `answer` only says
        that there is none), `confidence` (0 to 1) and `citations`: a list of objects with
        `document`, `title`, `start`, `end` (code points into the document's text), `quote`,
        and where they are known `page`, `box` and `headings`. Raises InputError.
        """
        ...


@runtime_checkable
class Cites(Protocol):
    """A servable whose citations can be opened."""

    def document(self, name: str) -> Document:
        """The document that a citation names; raises UnknownName."""
        ...


def _any_contract(_contract: Contract) -> None:
    """For a project that keeps no contract."""


@dataclass(frozen=True)
class Once:
    """What is made once for a task and kept as long as it: reading the same rows, for example."""

    _kept: dict[Hashable, Any] = field(default_factory=dict)

    def __call__(self, key: Hashable, make: Callable[[], MadeT]) -> MadeT:
        """What `make()` gives, made the first time that `key` is asked for; not to be changed."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: MadeT = self._kept[key]
        return kept


@dataclass(frozen=True)
class Task(Generic[OptionsT]):
    """One build of one component, as its kind sees it."""

    component: str
    options: OptionsT
    data: Source
    """The component's source; reading it twice gives the same rows."""
    root: Path
    """The project's folder, which paths in the options are relative to."""
    split_key: str
    """The project's key for the keyed hash that holds cases out."""
    bundle: Path
    """An empty folder to fill with all that a server needs."""
    progress: Progress
    limits: Limits
    seed: int
    started: float
    """`time.monotonic()` at which the limits began to run."""
    work: Path
    """A folder for `step`, kept until the build succeeds."""
    step: Callable[[str, Callable[[Path], None]], Path]
    """`step(key, work)`: run `work(folder)` once and return the folder that it filled; a build
    that was killed and is started again finds the finished folder and skips the work."""
    shared: Shared
    """`shared(name, key, make)`: the contents of the bundle's file `name`, made by `make()` unless
    any build has made it under `key` before; stored once, whatever bundles refer to it."""
    resolve: Callable[[str], Servable]
    """Load a version that this one depends on; it is recorded in the lineage."""
    expectations: Expectations = field(default_factory=Expectations)
    """What the source's rows were held to; a kind whose versions read rows puts it into their
    contract, so that served rows are held to it as well."""
    once: Once = field(default_factory=Once)
    """`once(key, make)`: what `make()` gives, made once for all that one build or rebuild does with
    these options. The key holds what else it depends on: the data, for example."""
    agree: Callable[[Contract], None] = field(default_factory=lambda: _any_contract)
    """`agree(contract)`: told what a version will read as soon as that is known, before it learns;
    raises ContractError where it would break the callers that the project keeps a contract for."""
    apart: frozenset[str] = frozenset()
    """Units that nothing may learn from, whether they judge here or not: trusted cases."""


@dataclass(frozen=True)
class Built:
    """What a build tells the lifecycle beyond the bundle that it filled."""

    rows: int
    """What there was to learn from and to judge on: rows of a table, questions."""
    learned: Sequence[str]
    """The units that were learned from, as in `Cases.units`."""
    split: dict[str, Any] = field(default_factory=dict)
    """How cases were held out: method, share, cutoff, and the rule, as in `Cases.rule`."""
    notes: Sequence[str] = ()
    """What a person should know of the data and of what was done about it, a sentence each."""
    findings: Sequence[Finding] = ()
    """What checks of the data found before anything was learned."""


@dataclass(frozen=True)
class Decided:
    """What a version made of each case of its evidence: one entry per case."""

    losses: Sequence[float]
    """How wrong it was; 0 is right."""
    words: Sequence[str] | None = None
    """What it decided; None where its outputs are no decision, such as amounts."""
    names: Sequence[str] | None = None
    """What a person knows the cases by; by default their ids."""


@dataclass(frozen=True)
class Production:
    """What is in production, as a remedy sees it."""

    ref: str
    """Its name, `churn@7`."""
    bundle: Bundle
    learned: frozenset[str]
    """The units that it learned from."""


@dataclass(frozen=True)
class Remedy(Generic[OptionsT]):
    """One way of making a version that fits the newest data better than production does."""

    name: str
    """In lower case: letters, digits and dashes."""
    text: str
    """What it does, in a few words."""
    build: Callable[[Task[OptionsT], Production], Built]
    """As `Kind.build`; raises InputError where it cannot be done with this data."""
    inherits: bool = False
    """Whether its version goes on from production's, and so has learned what that has."""
    steps: str = ""
    """Names the steps that it keeps, by default its own. Remedies of one name find each other's
    finished ones, so their keys say all that the work depends on beyond the task."""


@dataclass(frozen=True)
class Lesson:
    """A call of production, and what turned out to be true of it."""

    inputs: Mapping[str, Json]
    """What was asked, with the case's id where it was kept."""
    label: Json
    at: str
    """When it was asked, ISO 8601 in UTC."""


class Kind(ABC, Generic[OptionsT]):
    """A kind of component. Instances hold no state."""

    name: ClassVar[str]
    traits: ClassVar[Traits] = Traits()
    runtime: ClassVar[str]
    """What loads its bundles, such as `onnx`; the manifest records it."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Distributions that serving it needs beyond those that Twinkeel and its own package need."""
    options: type[OptionsT]

    @abstractmethod
    def cases(self, task: Task[OptionsT]) -> Cases:
        """What the version will be judged on, fixed before it is built."""

    @abstractmethod
    def build(self, task: Task[OptionsT]) -> Built:
        """Learn from `task.data` and fill `task.bundle`; nothing else is written."""

    @abstractmethod
    def load(self, bundle: Bundle) -> Servable:
        """A servable from a verified bundle."""

    @abstractmethod
    def evaluate(self, servable: Servable, cases: Cases) -> Evidence:
        """Every case with the servable's output, in the order of the cases."""

    @abstractmethod
    def measures(self, evidence: Evidence) -> list[Measure]:
        """What can be scored on this evidence; a function of the evidence alone."""

    def own_measures(self, options: OptionsT, root: Path, evidence: Evidence) -> list[Measure]:  # noqa: ARG002
        """What code of the project in `root`, as the component's options name it, measures besides.

        Raises ConfigError where that code is not there or gives no number.
        """
        return []

    def differs(self, servable: Servable, stored: Evidence, again: Evidence) -> Sequence[bool]:  # noqa: ARG002
        """For each case, whether its stored outputs are not what the version answers again.

        What processors round differently is no difference: by default a millionth of a number.
        """
        columns = [(values, again.outputs[name]) for name, values in stored.outputs.items()]
        return [
            not all(close(was[i], came[i]) for was, came in columns) for i in range(len(stored))
        ]

    def decided(self, evidence: Evidence) -> Decided | None:  # noqa: ARG002
        """What was made of each case, so that two versions can be compared case by case.

        None where this kind has nothing to say of single cases.
        """
        return None

    def rehearse(self, task: Task[OptionsT], cases: Cases) -> Evidence | None:  # noqa: ARG002
        """Evidence on these cases as a version of middling quality might give, before one is built.

        Its scores have the names that gates may use, and intervals as wide as so few cases have.
        None where that cannot be known before.
        """
        return None

    def remedies(self) -> Sequence[Remedy[OptionsT]]:
        """What a rebuild may try, cheapest first; by default a whole new build."""
        return (Remedy("search", "build it anew", lambda task, _: self.build(task)),)

    def lessons(self, task: Task[OptionsT], lessons: Sequence[Lesson]) -> Table | None:  # noqa: ARG002
        """Labelled calls as rows with the columns of `task.data`, but for those that it has.

        None where this kind learns nothing from calls; raises InputError where it cannot here.
        """
        return None

    def repeats(self, task: Task[OptionsT]) -> frozenset[str]:  # noqa: ARG002
        """The units of cases that repeat something which is learned from, and so flatter it."""
        return frozenset()

    def propose(self, table: Table, target: str) -> dict[str, Json] | None:  # noqa: ARG002
        """Options to start with when `target` is to be learned from `table`; None if unsuited.

        `gates` among them are suggestions: `twinkeel init` writes them as comments.
        """
        return None

    def signals(self, calls: Calls) -> list[Series]:
        """What to watch of a version's calls; the first output that is a number is the main one.

        The same function reads the cases that judged the version and the calls of production.
        """
        return default_signals(calls)

    def losses(self, calls: Calls, labels: Sequence[Json]) -> Sequence[float] | None:  # noqa: ARG002
        """How wrong each call was, once its label is known: 0 is right; None if unknown here."""
        return None

    def scores(self, calls: Calls, labels: Sequence[Json] | None) -> Sequence[Score]:
        """What monitoring estimates of calls before their labels come, and tests when they do.

        Without `labels`, only what is expected of each call. By default the mean of `losses`.
        """
        found = None if labels is None else self.losses(calls, labels)
        return () if found is None else (Score("loss", "mean", None, found),)

    def report(self, bundle: Bundle, evidence: Evidence) -> list[Section]:  # noqa: ARG002
        """Sections of the HTML report beyond those that every version has."""
        return []
