"""Pulse: whether a process that should look again and again does, from what is heard of it.

Owns since when nobody looks: since the process ended, since a look failed, or since one was due and
nothing more was heard. Only a look that went well ends that. Starts and ends no process itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from twinkeel.lifecycle.moments import shifted
from twinkeel.records import Record, now

LATE = 300.0
"""Seconds that a look may take, beyond the pause before it, until it is missed."""


class Looked(Record, frozen=True, kw_only=True, tag=True):
    """A process says that it has looked."""

    well: bool
    """Whether nothing went wrong."""
    pause: float
    """Seconds until it looks again."""


@dataclass
class Pulse:
    """What one thread hears and others ask."""

    late: float = LATE
    _down: str | None = field(default=None, init=False)
    _due: float = field(default=float("inf"), init=False)
    """`time.monotonic()` after which a look is missed."""

    @property
    def down(self) -> str | None:
        """Since when nobody looks, ISO 8601 in UTC; None while all is as it should be."""
        known, missed = self._down, time.monotonic() - self._due
        return shifted(now(), -missed) if known is None and missed > 0 else known

    def started(self) -> None:
        """A process was started: it is to look soon."""
        self._due = time.monotonic() + self.late

    def heard(self, look: Looked) -> None:
        """A process has looked."""
        self._down = None if look.well else self._down or now()
        self._due = time.monotonic() + look.pause + self.late

    def ended(self) -> None:
        """A process ended, or could not be started."""
        self._down = self.down or now()
