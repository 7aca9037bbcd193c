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


@dataclass(frozen=True)
class Budget:
    """A limit that began to run at `started`."""

    started: float
    """`time.monotonic()`."""
    seconds: float | None
    """Seconds for the search itself; None counts work instead."""
    work: int
    finish: float = 0.0
    """Seconds kept beyond these for finishing."""

    @classmethod
    def begin(cls, limits: Limits, units: int) -> Budget:
        """Start the clock now, for a list of so many units."""
        default = units if limits.time is not None else min(DEFAULT_WORK, units)
        finish = 0.0 if limits.time is None else _kept(limits.time)
        seconds = None if limits.time is None else limits.time - finish
        return cls(time.monotonic(), seconds, min(limits.work or default, units), finish)

    @property
    def used(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds that remain; infinite where work is counted."""
        return float("inf") if self.seconds is None else max(self.seconds - self.used, 0.0)

    @property
    def last(self) -> float:
        """Seconds that remain of the whole limit, finishing included."""
        if self.seconds is None:
            return float("inf")
        return max(self.seconds + self.finish - self.used, 0.0)

    def until(self, share: float) -> Callable[[], bool]:
        """Whether a share of what is left now is over, to be asked later."""
        if self.seconds is None:
            return _never
        end = time.monotonic() + share * self.left
        return lambda: time.monotonic() >= end

    def finishing(self, share: float) -> Callable[[], bool]:
        """Whether a share of the time kept for finishing is over, to be asked later."""
        if self.seconds is None:
            return _never
        end = time.monotonic() + share * self.finish
        return lambda: time.monotonic() >= end

    def over(self, share: float) -> Callable[[], bool]:
        """Whether a share of the whole limit is over, to be asked later."""
        if self.seconds is None:
            return _never
        end = self.started + share * (self.seconds + self.finish)
        return lambda: time.monotonic() >= end


def _kept(seconds: float) -> float:
    usual = min(max(_FINISH * seconds, _FINISH_AT_LEAST), _FINISH_AT_MOST)
    return min(usual, _FINISH_OF_LITTLE * seconds)


def _never() -> bool:
    return False
