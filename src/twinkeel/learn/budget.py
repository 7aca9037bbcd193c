"""How much a search may do: seconds of a clock, or units of a fixed list of work.

Only a clock makes a result depend on the machine's speed; without one, the same seed fits the
same models.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from twinkeel.records import Limits

DEFAULT_WORK = 5
"""Units where neither time nor work is limited."""
_FINISH = 0.2
"""Share of the time kept for combining, compiling, explaining and checking ..."""
_FINISH_AT_LEAST, _FINISH_AT_MOST = 1.5, 12.0
"""... and no less, and no more, seconds than these ..."""
_FINISH_OF_LITTLE = 0.4
"""... but never a larger share than this."""


_FINISH_OF_ALL = 0.6
"""... unless finishing turns out to take longer: then at most this share is kept for it."""
_AGAIN_OF_LAST = 0.7
"""Fitting once more what was chosen takes at most this share of all the time that is left."""
_PROBED = 0.03
"""Seconds of a processor that tell how much of it there is."""


@dataclass
class Budget:
    """A limit that began to run at `started`; how much of it is for the search may shrink."""

    started: float
    """`time.monotonic()`."""
    limit: float | None
    """Seconds in all; None counts work instead."""
    work: int
    finish: float = 0.0
    """Seconds of them that are kept for finishing ..."""
    needed: float = 0.0
    """... of which so many are needed once the ensemble is chosen and fitted on all rows."""

    @classmethod
    def begin(cls, limits: Limits, units: int) -> Budget:
        """Start the clock now, for a list of so many units."""
        default = units if limits.time is not None else min(DEFAULT_WORK, units)
        finish = 0.0 if limits.time is None else _kept(limits.time)
        return cls(time.monotonic(), limits.time, limits.work or default, finish)

    def keep(self, seconds: float, *, needed: float = 0.0) -> None:
        """Keep at least so many seconds for finishing, as measured so far; so many of them are
        `needed` once the ensemble is chosen and fitted on all rows."""
        if self.limit is not None:
            most = _FINISH_OF_ALL * self.limit
            self.needed = max(self.needed, min(needed, most))
            self.finish = max(self.finish, min(seconds, most))

    @property
    def seconds(self) -> float | None:
        """Seconds for the search itself; None counts work instead."""
        return None if self.limit is None else self.limit - self.finish

    @property
    def used(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds that remain for the search; infinite where work is counted."""
        return float("inf") if self.limit is None else max(self.last - self.finish, 0.0)

    @property
    def last(self) -> float:
        """Seconds that remain of the whole limit, finishing included."""
        return float("inf") if self.limit is None else max(self.limit - self.used, 0.0)

    @property
    def again(self) -> float:
        """Seconds in which what was chosen may be fitted once more, the search being over."""
        return min(max(self.last - self.needed, 0.0), _AGAIN_OF_LAST * self.last)

    def end(self, share: float) -> float:
        """The moment, as `time.monotonic()`, at which a share of what is left for the search now
        is over."""
        return time.monotonic() + share * self.left

    def until(self, share: float) -> Callable[[], bool]:
        """Whether a share of what is left for the search now is over, to be asked later."""
        return _after(self.end(share))

    def finishing(self, share: float) -> Callable[[], bool]:
        """Whether a share of all that is left now is over, to be asked later."""
        return _after(time.monotonic() + share * self.last)

    def over(self, share: float) -> Callable[[], bool]:
        """Whether a share of the whole limit is over, to be asked later."""
        return _after(float("inf") if self.limit is None else self.started + share * self.limit)


def slowness() -> float:
    """How many times longer work takes now than on a processor of its own; 1 where none waits."""
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < _PROBED:
        pass
    return max((time.monotonic() - began) / _PROBED, 1.0)


def _kept(seconds: float) -> float:
    usual = min(max(_FINISH * seconds, _FINISH_AT_LEAST), _FINISH_AT_MOST)
    return min(usual, _FINISH_OF_LITTLE * seconds)


def _after(moment: float) -> Callable[[], bool]:
    return lambda: time.monotonic() >= moment
