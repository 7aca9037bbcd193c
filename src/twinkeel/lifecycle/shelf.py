"""Where released versions come from, and one of them as it is held, loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from twinkeel import plugins
from twinkeel.config import Config
from twinkeel.errors import UnknownName
from twinkeel.kinds.base import Converses, Explains, Servable, Traits
from twinkeel.lifecycle import components, versions
from twinkeel.records import Scorecard, Trial, VersionRef
from twinkeel.store.store import Store


@dataclass(frozen=True)
class Held:
    """One released version, loaded."""

    ref: VersionRef
    kind: str
    traits: Traits
    created: str
    servable: Servable
    scorecard: Scorecard | None = None
    private: frozenset[str] = frozenset()
    """Inputs whose values are stored only where `[events] sensitive` says so."""
    id: str | None = None
    """The column of a caller's row by which labels or feedback are joined, kept with each call."""

    key: str | None = None
    """The column that names a case: while a candidate is on trial, a case always goes one way."""

    def check_number(self, number: str | None) -> None:
        """Raises UnknownName where another version than this one is asked for."""
        if number is not None and number != str(self.ref.number):
            wanted = f"{self.ref.component}@{number[:20]}"
            raise UnknownName(f"{wanted} is not in production: {self.ref} is.")

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The names of what the version takes."""
        return frozenset(item.name for item in self.servable.signature.inputs)

    @cached_property
    def open_inputs(self) -> frozenset[str]:
        """The inputs whose values need no word of `[events] sensitive` to be stored."""
        declared = {item.name for item in self.servable.signature.inputs if item.private}
        return self.inputs - self.private - declared

    @property
    def explains(self) -> bool:
        """Whether the version can say why it answered as it did."""
        return isinstance(self.servable, Explains)

    @property
    def converses(self) -> bool:
        """Whether the version answers conversations."""
        return isinstance(self.servable, Converses)


class Shelf(Protocol):
    """Where released versions come from: a project's store, or a packaged folder."""

    def mark(self) -> int:
        """A number that moves with every release and every trial; cheap."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every component that may be served."""
        ...

    def current(self, name: str) -> VersionRef | None:
        """The version in production."""
        ...

    def load(self, ref: VersionRef) -> Held:
        """Load a version; raises TwinkeelError where it cannot be."""
        ...

    def trial(self, name: str) -> Trial | None:
        """The candidate that is tried beside production."""
        ...

    def judge(self, name: str) -> None:
        """Look at a trial, and end it where that is decided."""
        ...


@dataclass(frozen=True)
class ProjectShelf:
    """The releases of a project."""

    config: Config
    store: Store

    def mark(self) -> int:
        """What the store counts releases and trials by."""
        return self.store.mark()

    def names(self) -> tuple[str, ...]:
        """The components that `twinkeel.toml` names."""
        return tuple(self.config.components)

    def current(self, name: str) -> VersionRef | None:
        """The version in production, None before the first release."""
        release = self.store.current(name)
        return None if release is None else VersionRef(component=name, number=release.number)

    def load(self, ref: VersionRef) -> Held:
        """Load a version from its verified bundle."""
        version = self.store.version(ref)
        judged = self.store.evaluation(ref)
        component = components.component(self.config, ref.component)
        return Held(
            ref=ref,
            kind=version.kind,
            traits=plugins.kind(version.kind).traits,
            created=version.created,
            servable=versions.load(self.store, version),
            scorecard=None if judged is None else judged.scorecard,
            private=frozenset(getattr(component.options, "sensitive", ())),
            id=component.config.labels.id or component.config.feedback.id,
            key=component.config.labels.id or getattr(component.options, "id", None),
        )

    def trial(self, name: str) -> Trial | None:
        """The running trial."""
        return self.store.trials.running(name)

    def judge(self, name: str) -> None:
        """Judge the running trial."""
        from twinkeel.lifecycle.trial import judge

        judge(self.config, self.store, name)
