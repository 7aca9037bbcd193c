"""Watch: files that change while serving -> a version built, judged and, if it passes, released.

Owns when to do it: once the files of a source are left alone between two looks, for components in
production whose kind builds only what changed. The ordinary verbs do the work, so a version that
its gates block is not released, and what is in production goes on answering. Refuses to build
again what was built already, so a rollback stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from twinkeel import plugins
from twinkeel.config import Config
from twinkeel.data import opening
from twinkeel.data.sources import Source
from twinkeel.errors import SourceError, TwinkeelError
from twinkeel.lifecycle.build import build
from twinkeel.lifecycle.evaluate import evaluate
from twinkeel.lifecycle.release import release
from twinkeel.records import Tick
from twinkeel.store.store import Store

_log = logging.getLogger(__name__)
_PAUSE = 0.5
"""Seconds between two looks, at least."""
_SHARE = 0.05
"""How much of the time may go into looking, where there are very many files."""
_WHO = "serve --watch"

Tell = Callable[[str], None]
Mark = tuple[tuple[str, int, int, int], ...]
"""Name, time of change in nanoseconds, size and inode of every file."""


class _Stopped(Exception):
    """The server ends, and so does a build that it began."""


@dataclass
class _Watched:
    """One component, with what its source's files were at the last looks."""

    name: str
    seen: Mark | None = None
    """At the last look."""
    settled: Mark | None = None
    """When they were last read."""
    names: tuple[str, ...] = ()


@dataclass
class Watch:
    """Looks at files in a thread of its own while inside; `tell` gets what happens, in words."""

    config: Config
    store: Store
    tell: Tell
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _looked: float = field(default=0.0, init=False)
    """Seconds that the last look at the files took, without the builds that followed."""

    def __post_init__(self) -> None:
        self._watched = [
            _Watched(name)
            for name, table in self.config.components.items()
            if plugins.kind(table.kind).traits.incremental
            and opening.is_here(self.config, table.source)
        ]
        self._thread = threading.Thread(target=self._run, name="twinkeel-watch", daemon=True)

    def __enter__(self) -> Watch:
        names = [one.name for one in self._watched]
        by_hand = sorted(set(self.config.components) - set(names))
        self.tell(f"Watching the files of {', '.join(names) or 'nothing'}.")
        if by_hand:
            self.tell(
                "Not watched, since all of it is built anew or its source is elsewhere: "
                f"{', '.join(by_hand)}."
            )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Look once at the files of every component, and do what has to be done."""
        for one in self._watched:
            try:
                self._look(one)
            except TwinkeelError as error:
                self.tell(f"{one.name} is not built again: {error} What was released goes on.")
            except _Stopped:
                return
            except Exception as error:  # noqa: BLE001  the thread that watches must not end
                _log.exception("%s is not built again", one.name)
                self.tell(
                    f"{one.name} is not built again: {type(error).__name__}; the log says more. "
                    "What was released goes on."
                )

    def _run(self) -> None:
        pause = _PAUSE
        while not self._stop.wait(pause):
            self._looked = 0.0
            self.look()
            pause = max(_PAUSE, self._looked / _SHARE) if self._quiet else _PAUSE

    @property
    def _quiet(self) -> bool:
        """Whether no file has changed at the last look."""
        return all(one.seen == one.settled for one in self._watched)

    def _look(self, one: _Watched) -> None:
        if self.store.current(one.name) is None:
            return
        table = self.config.components[one.name]
        mark = self._mark(table.source)
        before, one.seen = one.seen, mark
        if mark == one.settled or mark != before:
            return
        one.settled = mark
        source = self._source(table.source)
        names = tuple(str(path) for path in source.files)
        renamed = bool(one.names) and names != one.names
        one.names = names
        newest = self.store.latest(one.name)
        if renamed or newest is None or newest.lineage.source_digest != source.digest():
            self._again(one.name, source)

    def _again(self, name: str, source: Source) -> None:
        began = time.monotonic()
        self.tell(f"{source.describe()} has changed: building {name}.")
        version, cases = build(self.config, self.store, name, progress=self._check)
        evaluate(self.config, self.store, version, cases=cases, progress=self._check)
        try:
            release(self.config, self.store, version, who=_WHO)
        except TwinkeelError as error:
            current = self.store.current(name)
            stays = f"{name}@{current.number} goes on answering." if current else ""
            self.tell(f"{version.ref} is built and not released: {error} {stays}")
            return
        self.tell(f"{version.ref} is in production after {time.monotonic() - began:.1f} s.")

    def _source(self, name: str) -> Source:
        return opening.source(self.config, name)

    def _mark(self, name: str) -> Mark:
        """What moves when a file is added, changed or deleted; cheap."""
        began = time.monotonic()
        try:
            return _mark(self._source(name))
        except SourceError:  # no file is left, which a build will say
            return ()
        finally:
            self._looked += time.monotonic() - began

    def _check(self, _: Tick) -> None:
        """A build's progress: the place where it can be ended."""
        if self._stop.is_set():
            raise _Stopped


def _mark(source: Source) -> Mark:
    found = []
    for path in source.files:
        try:
            at = path.stat()
        except OSError:  # deleted since it was listed: the next look will not list it
            continue
        found.append((str(path), at.st_mtime_ns, at.st_size, at.st_ino))
    return tuple(found)
