"""Lessons: labelled calls of production -> more rows for a rebuild to learn from and be judged on.

Owns which calls count: their labels have had their time, nobody disagrees, no sender floods, and
the event holds all that the version was asked. What they are as rows is the kind's business.
Refuses to guess what privacy settings keep out of events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from twinkeel.config import Config, seconds
from twinkeel.data.extended import Extended
from twinkeel.data.sources import Source
from twinkeel.errors import ConfigError
from twinkeel.kinds.base import Lesson
from twinkeel.lifecycle.build import task_for_cases
from twinkeel.lifecycle.components import Component
from twinkeel.lifecycle.labels import Labelled, labelled
from twinkeel.lifecycle.shelf import Held, ProjectShelf
from twinkeel.records import Event, Json, Version, now
from twinkeel.store.store import Store


@dataclass(frozen=True)
class Taught:
    """The source with what calls add to it."""

    source: Source
    rows: int = 0
    """Labelled calls that became rows."""
    notes: tuple[str, ...] = ()


def taught(config: Config, store: Store, what: Component, version: Version) -> Taught:
    """The component's source with its labelled calls as rows, where that is configured.

    Raises ConfigError or InputError where calls cannot be rows.
    """
    if not what.config.rebuild.calls:
        return Taught(task_for_cases(config, store, what, config.root).data)
    held = ProjectShelf(config, store).load(version.ref)
    where = f"[components.{what.name}.rebuild] calls"
    hidden = sorted(held.inputs - held.open_inputs)
    if not config.events.inputs or (hidden and not config.events.sensitive):
        lack = "inputs" if not config.events.inputs else "sensitive"
        missing = "no inputs" if lack == "inputs" else f"no {hidden[0]}, which is sensitive"
        raise ConfigError(
            f"{where}: events hold {missing}: set [events] {lack} = true, or calls = false."
        )
    task = task_for_cases(config, store, what, config.root)
    found = _Calls(what, store, held, frozenset(hidden))
    lessons = tuple(found.lessons())
    rows = what.kind.lessons(task, lessons) if lessons else None
    if lessons and rows is None:
        raise ConfigError(f"{where}: a {what.kind.name} learns nothing from calls: remove it.")
    if rows is None or not len(rows):
        return Taught(task.data, notes=found.notes(0, len(lessons)))
    source = Extended(task.data, rows, f"{len(rows):,} labelled calls of {what.name}")
    return Taught(source, len(rows), found.notes(len(rows), len(lessons)))


@dataclass
class _Calls:
    """The labelled calls of a component, and why some of them do not count."""

    what: Component
    store: Store
    held: Held
    hidden: frozenset[str]
    """Inputs that events have not always held."""
    left: Counter[str] = field(default_factory=Counter)

    def lessons(self) -> Iterator[Lesson]:
        """Every call that counts, with its label."""
        labels = list(self.store.events.each(self.what.name, "label"))
        about = {one.about for one in labels if one.about is not None}
        calls = [one for one in self.store.events.among("id", about) if one.kind == "call"]
        table = self.what.config.labels
        wait = 0.0 if table.maturity is None else seconds(table.maturity, "maturity")
        found = labelled(calls, labels, now=now(), maturity=wait, share=table.share)
        self._count(found)
        for call in calls:
            values = found.values.get(call.id, ())
            if len(values) != 1:
                continue
            inputs = self._inputs(call)
            if inputs is None:
                self.left["lack some of what was asked"] += 1
            else:
                yield Lesson(inputs=inputs, label=values[0], at=call.at)

    def notes(self, rows: int, lessons: int) -> tuple[str, ...]:
        """What became of the labelled calls, in sentences."""
        self.left["say what the source or a newer call says"] = lessons - rows
        said = [f"{count:,} {why}" for why, count in self.left.items() if count]
        told = f"{rows:,} labelled calls are rows as well"
        return (f"{told}; of the others, {', '.join(said)}." if said else f"{told}.",)

    def _count(self, found: Labelled) -> None:
        self.left["have labels that differ"] += found.contradicting
        self.left["are too new for their labels to be final"] += found.immature
        self.left["were labelled only by a sender who is set apart"] += len(
            found.all_values.keys() - found.values.keys()
        )

    def _inputs(self, call: Event) -> dict[str, Json] | None:
        """What was asked, with the case's id where it was kept; None where it is not whole."""
        if call.inputs is None or call.status >= 400 or not self.hidden <= call.inputs.keys():
            return None
        inputs = dict(call.inputs)
        if self.held.id is not None and call.case is not None:
            inputs[self.held.id] = call.case
        return inputs
