"""Rounds: looking at what is in production again and again, in a process of its own.

`python -m twinkeel.lifecycle.rounds FOLDER` is what `serve --monitor` keeps beside the server. Owns
when to look: soon after the start, then a few times in every cycle, and never for more than a small
share of the time. It ends when its standard input does, so when its server is gone, however that
ended; a look that runs then has seconds left. What goes wrong is told and tried again with the next
look. Says what it has to say on standard output, a line of JSON each: what is for the log, and that
it has looked.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from twinkeel.config import Config, load, seconds
from twinkeel.errors import TwinkeelError, UnknownName
from twinkeel.lifecycle.monitor import monitor
from twinkeel.lifecycle.move import place
from twinkeel.lifecycle.pulse import Looked
from twinkeel.records import Alert, Record
from twinkeel.store.store import Store

_log = logging.getLogger("twinkeel.lifecycle.rounds")
_LOOKS = 24
"""Looks in one cycle: more would find no new window."""
_LONGEST, _SHORTEST = 3_600.0, 1.0
"""Seconds between two looks."""
_SETTLE = 5.0
"""Seconds from the start to the first look, at most: a server starts first."""
_REST = 30.0
"""How many times longer than a look the time to the next one is, at least."""
_GRACE = 3.0
"""Seconds that a look has left when the server is gone."""


class Said(Record, frozen=True, kw_only=True, tag=True):
    """One line of the log, on its way to the server's."""

    level: int
    """As `logging` counts them."""
    text: str


@dataclass(frozen=True)
class Rounds:
    """Looks at the components of a project."""

    config: Config
    store: Store
    heard: Callable[[Looked], None] = lambda _: None
    """Told of every look."""

    def look(self) -> bool:
        """Look once at everything in production; whether that went well."""
        try:
            monitor(self.config, self.store, tell=told)
        except UnknownName:  # nothing is released yet
            return True
        except TwinkeelError as error:
            _log.warning("monitoring: %s", error)
            return False
        except Exception as error:  # noqa: BLE001  the process that monitors must not end
            # The type alone: the message of an error may hold a row.
            _log.error("monitoring: %s; tried again with the next look", type(error).__name__)
            return False
        return True

    def run(self, stop: threading.Event) -> None:
        """Look soon, and then again and again until `stop` is set."""
        cycle = seconds(self.config.monitor.cycle, "[monitor] cycle")
        least = min(max(cycle / _LOOKS, _SHORTEST), _LONGEST)
        pause = min(least, _SETTLE)
        while not stop.wait(pause):
            began = time.monotonic()
            well = self.look()
            pause = max(least, _REST * (time.monotonic() - began))
            self.heard(Looked(well=well, pause=pause))


def told(alert: Alert) -> None:
    """An alert in the log, on one line."""
    _log.warning("alert %s@%d: %s", alert.component, alert.number, alert.signal.sentence)


class _Lines(logging.Handler):
    """Sends records to the server."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        _tell(Said(level=record.levelno, text=record.getMessage()))


def _tell(what: Said | Looked) -> None:
    """Write one line to the server; nothing where it is gone."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
        sys.stdout.buffer.flush()
    except OSError:
        return


def main(folder: str) -> None:
    """Look at the project in `folder` until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the server's: it ends this process
    logger = logging.getLogger("twinkeel")
    logger.handlers[:] = [_Lines()]
    logger.propagate = False
    stop = threading.Event()

    def ended() -> None:
        while os.read(0, 1):  # no buffer: its lock would abort an interpreter that ends before
            pass
        stop.set()
        time.sleep(_GRACE)
        os._exit(1)  # a look still runs: what it writes is written whole or not at all

    threading.Thread(target=ended, name="twinkeel-server-gone", daemon=True).start()
    try:
        config = load(Path(folder))
        at = place(config.store)
        with Store.open(config.root, url=at.url, bundles=at.bundles) as store:
            Rounds(config, store, _tell).run(stop)
    except TwinkeelError as error:
        _log.error("monitoring: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1])
