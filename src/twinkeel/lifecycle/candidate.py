"""A candidate in the serving process: which calls it gets, and how both answers are recorded.

Owns the share: one case always goes the same way, by a keyed hash. Production has always answered
before the candidate is asked, so nothing that the candidate does can fail a call: in the shadow it
works in a thread of its own and is dropped where it cannot keep up; as a canary its answer goes
out, or production's where it fails.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twinkeel.data.types import Unreadable, plain
from twinkeel.errors import UsageError
from twinkeel.kinds.base import Converses
from twinkeel.lifecycle.shelf import Held, Shelf
from twinkeel.records import Event, Message, Output, Trial, VersionRef, now
from twinkeel.store.events import new_id

_log = logging.getLogger(__name__)
_WAITING = 1_000
"""Calls that may wait for a shadow; more are not asked."""
Ask = Callable[[Held], Output]


class Asking(NamedTuple):
    """How another version is asked the same."""

    ask: Ask
    key: str
    """What names the case."""
    alone: bool = True
    """Whether another version's answer may go out."""


@dataclass
class Candidate:
    """One version on trial, loaded beside production."""

    trial: Trial
    held: Held
    record: Callable[[Event], bool]
    failed: bool = field(default=False, init=False)
    """Whether it failed as a canary: it answers nobody any more."""

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="twinkeel-shadow")
        self._waiting = threading.Semaphore(_WAITING)

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def chosen(self, key: str) -> bool:
        """Whether the case of this name belongs to the share."""
        return not self.failed and _place(self.trial.id, key) < self.trial.share

    @property
    def answers(self) -> bool:
        """Whether its answers go out."""
        return self.trial.mode == "canary" and not self.failed

    def shadow(self, about: str, ask: Ask) -> None:
        """Ask the candidate about a call that was answered, some time later."""
        if not self._waiting.acquire(blocking=False):
            return
        try:
            self._threads.submit(self._asked, about, ask)
        except RuntimeError:  # it was closed meanwhile
            self._waiting.release()

    def canary(self, ask: Ask) -> tuple[Output, float] | None:
        """The candidate's answer and its milliseconds; None where production's must do."""
        started = time.perf_counter()
        try:
            return ask(self.held), (time.perf_counter() - started) * 1000
        except Exception as error:  # noqa: BLE001  a candidate may fail in any way
            _log.error("%s failed as a canary with %s", self.trial.ref, type(error).__name__)
            self.failed = True
            return None

    def kept(self, about: str, number: int, output: Output | None, ms: float | None) -> None:
        """Record the other version's answer to a call; None is a failure."""
        self.record(
            Event(
                id=new_id(),
                kind="shadow",
                component=self.trial.component,
                at=now(),
                number=number,
                about=about,
                status=500 if output is None else 200,
                ms=None if ms is None else round(ms, 3),
                output=None if output is None else output.values,
            )
        )

    def _asked(self, about: str, ask: Ask) -> None:
        started = time.perf_counter()
        output: Output | None = None
        try:
            output = ask(self.held)
        except Exception as error:  # noqa: BLE001  a candidate may fail in any way
            _log.warning("%s failed in the shadow with %s", self.trial.ref, type(error).__name__)
        finally:
            self._waiting.release()
        self.kept(about, self.trial.number, output, (time.perf_counter() - started) * 1000)


def candidates(
    shelf: Shelf, before: Mapping[str, Candidate], record: Callable[[Event], bool]
) -> dict[str, Candidate]:
    """What is on trial now, loaded; what is on trial no more is closed."""
    found: dict[str, Candidate] = {}
    for name in shelf.names():
        trial = shelf.trial(name)
        old = before.get(name)
        if trial is not None and old is not None and old.trial.id == trial.id:
            found[name] = old
        elif trial is not None and (made := _loaded(shelf, trial, record)) is not None:
            found[name] = made
    for name, old in before.items():
        if found.get(name) is not old:
            old.close()
    return found


def _loaded(shelf: Shelf, trial: Trial, record: Callable[[Event], bool]) -> Candidate | None:
    ref = VersionRef(component=trial.component, number=trial.number)
    try:
        made = Candidate(trial, shelf.load(ref), record)
    except Exception as error:  # noqa: BLE001  a candidate may fail in any way
        _log.error("%s, which is on trial, does not load: %s", ref, type(error).__name__)
        return None
    _log.info("%s is on trial as a %s", ref, trial.mode)
    return made


def ask_row(row: Mapping[str, Any]) -> Ask:
    """Asks a version one row."""
    return lambda held: held.servable.call([row])[0]


def talk(messages: Sequence[Message]) -> Ask:
    """Asks a version to go on with a conversation."""

    def ask(held: Held) -> Output:
        if not isinstance(held.servable, Converses):
            raise UsageError(f"{held.ref} does not converse.")
        return held.servable.converse(messages)

    return ask


def key_of(held: Held, row: Mapping[str, Any]) -> str:
    """What names a row's case: its id where there is one, else all that the version reads."""
    if held.key is not None and row.get(held.key) is not None:
        return _text(row[held.key])
    return "\0".join(f"{name}={_text(row.get(name))}" for name in sorted(held.inputs))


def _text(cell: object) -> str:
    try:
        return plain(cell)
    except Unreadable:
        return repr(cell)


def _place(trial: str, key: str) -> float:
    """A number from 0 to 1 that is the same whenever this case comes."""
    digest = hashlib.blake2b(key.encode(), key=trial.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
