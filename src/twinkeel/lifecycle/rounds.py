"""Rounds: monitoring beside a server, in a thread of its own.

Owns when to look: a few times in every cycle, and never for more than a small share of the time,
since looking and answering share a processor. What goes wrong is logged and tried again with the
next look; the server does not notice.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from twinkeel.config import Config, seconds
from twinkeel.errors import TwinkeelError, UnknownName
from twinkeel.lifecycle.monitor import monitor
from twinkeel.records import Alert
from twinkeel.store.store import Store

_log = logging.getLogger(__name__)
_LOOKS = 24
"""Looks in one cycle: more would find no new window."""
_LONGEST, _SHORTEST = 3_600.0, 1.0
"""Seconds between two looks."""
_REST = 30.0
"""How many times longer than a look the time to the next one is, at least."""


@dataclass
class Rounds:
    """Looks again and again while inside."""

    config: Config
    store: Store
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        cycle = seconds(self.config.monitor.cycle, "[monitor] cycle")
        self.pause = min(max(cycle / _LOOKS, _SHORTEST), _LONGEST)
        self._thread = threading.Thread(target=self._run, name="twinkeel-monitor", daemon=True)

    def __enter__(self) -> Rounds:
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
        """Look once at everything in production."""
        try:
            monitor(self.config, self.store, tell=told)
        except UnknownName:  # nothing is released yet
            return
        except TwinkeelError as error:
            _log.warning("monitoring: %s", error)
        except Exception as error:  # noqa: BLE001  the thread that monitors must not end
            # The type alone: the message of an error may hold a row.
            _log.error("monitoring: %s; tried again with the next look", type(error).__name__)

    def _run(self) -> None:
        pause = self.pause
        while not self._stop.wait(pause):
            began = time.monotonic()
            self.look()
            pause = max(self.pause, _REST * (time.monotonic() - began))


def told(alert: Alert) -> None:
    """An alert in the log, on one line."""
    _log.warning("alert %s@%d: %s", alert.component, alert.number, alert.signal.sentence)
