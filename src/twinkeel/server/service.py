"""What every route works with: the released versions, the events, the keys, the limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from twinkeel.config import ServerTable
from twinkeel.lifecycle.desk import Desk
from twinkeel.lifecycle.pulse import Pulse
from twinkeel.lifecycle.serve import Live
from twinkeel.server.batching import Batcher
from twinkeel.server.limits import Limits
from twinkeel.server.metrics import Metrics
from twinkeel.server.rebuilding import Rebuilds
from twinkeel.server.security import Borders, Keyring
from twinkeel.store.events import EventLog

_THREADS = 8


@dataclass
class Service:
    """One server's state. Made once; routes read it and count in `metrics`."""

    name: str
    """The project's name."""
    live: Live
    events: EventLog
    keyring: Keyring
    table: ServerTable
    host: str
    """Where it listens."""
    desk: Desk | None = None
    """The project, where it can be watched and changed; None for a version served by itself."""
    rebuilds: Rebuilds | None = None
    """What rebuilds components when asked to; None where `desk` is."""
    pulse: Pulse | None = None
    """Whether the process that monitors beside this server looks; None where there is none."""
    key_advice: str = "make one with twinkeel keys create NAME"
    """What to do where there is no key and one is needed."""

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        self.limits = Limits.of(self.table)
        self.borders = Borders(self.table, self.host)
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="twinkeel-call")
        self.batcher = Batcher(self.live, self.threads)
        self.joining = threading.Lock()
