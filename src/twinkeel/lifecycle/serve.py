"""Serve: the released versions, held loaded, called, and every call recorded.

Owns which version answers: a thread watches the shelf's mark, loads what is newly released and
swaps one reference, so that a call sees either the old versions or the new ones and none fails
in between. A version that does not load leaves the last good one in place. Refuses to hand out
an event id that was not recorded, and to let a full disk stop the answers.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec

from twinkeel import plugins
from twinkeel.config import Config, EventsTable
from twinkeel.data.types import plain
from twinkeel.errors import EnvironmentProblem, StoreError, TwinkeelError, UnknownName, UsageError
from twinkeel.kinds.base import Cites, Converses, Explains
from twinkeel.lifecycle.candidate import Asking, Candidate, ask_row, candidates, key_of, talk
from twinkeel.lifecycle.shelf import Held, ProjectShelf, Shelf
from twinkeel.lifecycle.unanswered import Unanswered
from twinkeel.records import (
    Document,
    Event,
    Explanation,
    Message,
    Output,
    Record,
    Rows,
    VersionRef,
    now,
)
from twinkeel.store.events import EventLog, new_id
from twinkeel.store.store import Store

_log = logging.getLogger(__name__)
_POLL = 0.25
"""Seconds between looks at the shelf's mark."""
_RETRY = 30.0
"""Seconds until a release that did not load is tried again."""
_JUDGE = 10.0
"""Seconds between looks at what is on trial, at least."""
_REST = 20.0
"""How many times longer than a look the time to the next one is, at least."""
_MOVE = 2.0
"""Seconds for which events gather before they go into SQL."""


class Answer(Record, frozen=True, kw_only=True):
    """One answered row."""

    event: str | None
    """The id that feedback and labels refer to; None where the call could not be recorded."""
    held: Held
    """The version that answered."""
    output: Output
    ms: float
    """How long the version took, for the whole call."""

    @property
    def ref(self) -> str:
        """The version's name, `churn@7`."""
        return str(self.held.ref)


class Asked(Record, frozen=True, kw_only=True):
    """One caller's rows."""

    rows: Rows
    who: str | None = None
    number: str | None = None
    """The version that must answer, as the caller wrote it; None for what is in production."""


class _Said(Record, frozen=True, kw_only=True):
    """What is kept of a caller's row."""

    inputs: dict[str, Any] | None
    who: str | None
    case: str | None = None


class _Given(NamedTuple):
    """What a version answered."""

    held: Held
    output: Output
    ms: float


@dataclass
class Live:
    """The released versions, ready for calls from any thread."""

    shelf: Shelf
    events: EventLog
    keep: EventsTable = field(default_factory=EventsTable)
    degraded: str | None = field(default=None, init=False)
    """Why events are not being recorded, while they are not."""
    pending: int = field(default=0, init=False)
    """Events of this process that are not in SQL yet."""
    unreachable: str | None = field(default=None, init=False)
    """Why the store does not answer, while it does not: events then wait in the log."""
    problems: Mapping[str, str] = field(default_factory=dict, init=False)
    """Component -> why its newest release is not the one that answers."""

    def __post_init__(self) -> None:
        self._held: Mapping[str, Held] = {}
        self._candidates: Mapping[str, Candidate] = {}
        self._due = 0.0
        self._mark: int | None = None
        self._retry = 0.0
        self._count = threading.Lock()
        self._unanswered = Unanswered(self.record)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, config: Config, store: Store) -> Live:
        """The released versions of a project; `start` loads them."""
        return cls(ProjectShelf(config, store), store.events, keep=config.events)

    def start(self) -> None:
        """Load what is released, then keep up with new releases until `close`; once."""
        if self._thread is not None:
            return
        self.refresh()
        self._thread = threading.Thread(target=self._watch, name="twinkeel-live", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching and move the last events into SQL."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for candidate in self._candidates.values():
            candidate.close()
        self._unanswered.write(all_of_it=True)
        self._attempt(self.move)

    @property
    def held(self) -> tuple[Held, ...]:
        """The versions that answer now, by component."""
        return tuple(self._held.values())

    def serves(self, component: str) -> bool:
        """Whether a version of `component` answers now."""
        return component in self._held

    def find(self, component: str) -> Held:
        """The version of `component` that answers now.

        Raises UnknownName where there is none, EnvironmentProblem where it does not load.
        """
        held = self._held.get(component)
        if held is None:
            raise self._missing(component)
        return held

    def call(self, component: str, rows: Rows, who: str | None = None) -> list[Answer]:
        """One recorded answer per row, in order. Raises ContractError, UnknownName."""
        return self.call_one(component, Asked(rows=rows, who=who))

    def call_one(self, component: str, asked: Asked) -> list[Answer]:
        """Answer one caller; raises what `call` raises."""
        answers = self.call_many(component, [asked])[0]
        if isinstance(answers, Exception):
            raise answers
        return answers

    def call_many(self, component: str, asked: Sequence[Asked]) -> list[list[Answer] | Exception]:
        """Answer several callers in one go; one whose rows cannot be answered gets the error."""
        held = self.find(component)
        rows = [row for one in asked for row in one.rows]
        started = time.perf_counter()
        try:
            for one in asked:
                held.check_number(one.number)
            outputs = held.servable.call(rows)
        except Exception as error:  # noqa: BLE001  one caller's failure is not another's
            if len(asked) == 1:
                self._unanswered.count(held.ref, error)
                return [error]
            return [self.call_many(component, [one])[0] for one in asked]
        ms = (time.perf_counter() - started) * 1000
        found = iter(outputs)
        return [
            [self._answer(_Given(held, next(found), ms), row, one) for row in one.rows]
            for one in asked
        ]

    def explain(self, component: str, rows: Rows) -> tuple[VersionRef, list[Explanation]]:
        """The version and one explanation per row; raises UsageError where it cannot explain."""
        held = self.find(component)
        if not isinstance(held.servable, Explains):
            raise UsageError(f"{held.ref} does not explain its answers.")
        return held.ref, held.servable.explain(rows)

    def converse(
        self, component: str, messages: Sequence[Message], who: str | None = None
    ) -> Answer:
        """The recorded answer to a conversation; raises InputError, UnknownName, UsageError.

        What people say in a conversation is private: stored where `[events] sensitive` says so.
        """
        held = self.find(component)
        if not isinstance(held.servable, Converses):
            raise UsageError(f"{held.ref} does not converse: call it with its inputs.")
        started = time.perf_counter()
        try:
            output = held.servable.converse(messages)
        except Exception as error:
            self._unanswered.count(held.ref, error)
            raise
        ms = (time.perf_counter() - started) * 1000
        kept = self.keep.inputs and self.keep.sensitive
        inputs = {"messages": msgspec.to_builtins(messages)} if kept else {}
        said = _Said(inputs=inputs if self.keep.inputs else None, who=who)
        first = messages[0].text if messages else ""
        return self._beside(_Given(held, output, ms), said, Asking(talk(messages), first))

    def document(self, component: str, name: str) -> Document:
        """A document that answers of `component` cite; raises UnknownName, UsageError."""
        held = self.find(component)
        if not isinstance(held.servable, Cites):
            raise UsageError(f"{held.ref} does not cite documents.")
        return held.servable.document(name)

    def record(self, event: Event) -> bool:
        """Append an event; False, and `degraded` says why, where the store cannot take it."""
        try:
            self.events.append(event)
        except (StoreError, OSError) as error:
            if self.degraded is None:
                _log.warning("events are not being recorded: %s", error)
            self.degraded = f"events are not being recorded: {error}"
            return False
        self.degraded = None
        with self._count:
            self.pending += 1
        return True

    def move(self) -> None:
        """Take the events written so far into SQL."""
        before = self.pending
        self.events.move()
        with self._count:
            self.pending -= before

    def refresh(self) -> None:
        """Load what was released since the last look, and swap it in."""
        mark = self.shelf.mark()
        again = bool(self.problems) and time.monotonic() > self._retry
        if mark == self._mark and not again:
            return
        held: dict[str, Held] = {}
        problems: dict[str, str] = {}
        for name in self.shelf.names():
            self._refresh_one(name, held, problems)
        self._held, self.problems, self._mark = held, problems, mark
        self._candidates = candidates(self.shelf, self._candidates, self.record)
        self._retry = time.monotonic() + _RETRY

    def _refresh_one(self, name: str, held: dict[str, Held], problems: dict[str, str]) -> None:
        before = self._held.get(name)
        try:
            ref = self.shelf.current(name)
            if ref is not None and before is not None and before.ref == ref:
                held[name] = before
            elif ref is not None:
                held[name] = self.shelf.load(ref)
                _log.info("serving %s", ref)
        except TwinkeelError as error:
            problems[name] = str(error)
            _log.error("%s: its newest release is not served: %s", name, error)
        except Exception as error:  # noqa: BLE001  a kind may fail in any way
            problems[name] = f"loading it failed with {type(error).__name__}"
            _log.exception("%s: its newest release is not served", name)
        if name in problems and before is not None:
            held[name] = before

    def _watch(self) -> None:
        self._attempt(self.move)  # what a process that was killed left behind
        moved = time.monotonic()
        while not self._stop.wait(_POLL):
            self._attempt(self._look)
            self._unanswered.write()
            if self.pending and not self.unreachable and time.monotonic() - moved > _MOVE:
                self._attempt(self.move)
                moved = time.monotonic()
            self._judge()

    def _judge(self) -> None:
        """Look at what is on trial now and then, and never for more than a small share of time."""
        began = time.monotonic()
        if not self._candidates or began < self._due:
            return
        for name in tuple(self._candidates):
            self._attempt(partial(self.shelf.judge, name))
        self._due = began + max(_JUDGE, _REST * (time.monotonic() - began))

    def _look(self) -> None:
        """Refresh; a store that does not answer is told once, not at every look."""
        try:
            self.refresh()
        except TwinkeelError as error:
            if self.unreachable is None:
                _log.warning("%s; what is loaded keeps answering", str(error).rstrip("."))
            self.unreachable = str(error)
            return
        if self.unreachable is not None:
            _log.info("the store answers again")
        self.unreachable = None

    def _attempt(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except (TwinkeelError, OSError) as error:
            _log.warning("%s; tried again later", error)
        except Exception as error:  # noqa: BLE001  the thread that watches must not end
            # Frames alone: the message of an error of the store may hold a row.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("%s; tried again later\n%s", type(error).__name__, frames)

    def _answer(self, given: _Given, row: Mapping[str, Any], one: Asked) -> Answer:
        held = given.held
        case = None if held.id is None or row.get(held.id) is None else plain(row[held.id])
        said = _Said(inputs=self._stored(held, row), who=one.who, case=case)
        if held.ref.component not in self._candidates:
            return self._recorded(given, said)
        # A call of many rows, and one that names a version, is answered by one version.
        alone = len(one.rows) == 1 and one.number is None
        return self._beside(given, said, Asking(ask_row(row), key_of(held, row), alone))

    def _beside(self, given: _Given, said: _Said, asking: Asking) -> Answer:
        """The answer to a call, with what a candidate on trial says to it."""
        held = given.held
        candidate = self._candidates.get(held.ref.component)
        beside = candidate is not None and candidate.trial.against == held.ref.number
        if candidate is None or not beside or not candidate.chosen(asking.key):
            return self._recorded(given, said)
        if not (asking.alone and candidate.answers):
            answer = self._recorded(given, said)
            if answer.event is not None:
                candidate.shadow(answer.event, asking.ask)
            return answer
        found = candidate.canary(asking.ask)
        answer = self._recorded(_Given(candidate.held, *found) if found else given, said)
        if answer.event is not None and found:
            candidate.kept(answer.event, held.ref.number, given.output, given.ms)
        elif answer.event is not None:
            candidate.kept(answer.event, candidate.trial.number, None, None)
            self._due = 0.0
        return answer

    def _recorded(self, given: _Given, said: _Said) -> Answer:
        held, output, ms = given
        event = Event(
            id=new_id(),
            kind="call",
            component=held.ref.component,
            at=now(),
            number=held.ref.number,
            ms=round(ms, 3),
            who=said.who,
            inputs=said.inputs,
            case=said.case,
            output=output.values,
            warnings=len(output.warnings),
        )
        recorded = self.record(event)
        return Answer(event=event.id if recorded else None, held=held, output=output, ms=ms)

    def _stored(self, held: Held, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What of a row may be stored: the version's own inputs, without the sensitive ones."""
        if not self.keep.inputs:
            return None
        names = held.inputs if self.keep.sensitive else held.open_inputs
        return {name: value for name, value in row.items() if name in names}

    def _missing(self, component: str) -> TwinkeelError:
        names = self.shelf.names()
        if component in self.problems:
            return EnvironmentProblem(
                f"{component} cannot be served: its release does not load; the log says why."
            )
        if component in names:
            return UnknownName(f"{component} has no release yet: run twinkeel release {component}.")
        near = plugins.suggestion(component, names)
        return UnknownName(f"There is no component {component!r}{near}")
