"""Calls that got no answer, counted: those that a version refused and those on which it failed.

Owns what is kept of them: how many in a minute, never what was asked. However many come, a version
has one event a minute, so a flood cannot fill the disk. A process that is killed forgets the
minute that it was counting.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twinkeel.errors import InputError, TwinkeelError
from twinkeel.records import Event, VersionRef, now
from twinkeel.store.events import new_id

KIND: Final = "unanswered"
REFUSED, FAILED = "refused", "failed"
_INTERVAL = 60.0
"""Seconds that one event counts."""


@dataclass
class Unanswered:
    """Counts from any thread; `record` gets at most one event a minute and version."""

    record: Callable[[Event], bool]
    _counts: Counter[tuple[VersionRef, str]] = field(default_factory=Counter, init=False)
    _due: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def count(self, ref: VersionRef, error: Exception) -> None:
        """Count one call: inputs that are not as they must be are refused, a defect is a failure.

        What says nothing of the version, such as a name that is not there, is not counted.
        """
        if isinstance(error, TwinkeelError) and not isinstance(error, InputError):
            return
        with self._lock:
            if not self._counts:
                self._due = time.monotonic() + _INTERVAL
            self._counts[ref, REFUSED if isinstance(error, InputError) else FAILED] += 1

    def write(self, *, all_of_it: bool = False) -> None:
        """Record what was counted once its minute is over, or at once."""
        with self._lock:
            if not self._counts or not (all_of_it or time.monotonic() >= self._due):
                return
            counts, self._counts = self._counts, Counter()
        for ref in dict.fromkeys(ref for ref, _ in counts):
            self.record(
                Event(
                    id=new_id(),
                    kind=KIND,
                    component=ref.component,
                    number=ref.number,
                    at=now(),
                    output={what: counts[ref, what] for what in (REFUSED, FAILED)},
                )
            )
