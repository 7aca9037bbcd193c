"""How long each stage of a build or a fit took, and what to say where a time limit was not kept.

Listens to the ticks of progress and hands them on; times nothing that does not tick.
"""

from __future__ import annotations

import time

from twinkeel.records import Progress, Tick

_OVER, _SECOND = 0.05, 1.0
"""A limit is kept to this share of it, or to so many seconds where that is more."""
_TOLD = 0.01
"""Stages of a smaller share of the time are not told."""


class Stages:
    """A progress that notes when each stage began."""

    def __init__(self, progress: Progress, *, began: float | None = None) -> None:
        """The clock starts now, or ran since `began`, a `time.monotonic()`."""
        self._progress = progress
        self._began = self._last = time.monotonic() if began is None else began
        self._stage = "starting"
        self._seconds: dict[str, float] = {}

    def __call__(self, tick: Tick) -> None:
        """Note the stage and hand the tick on."""
        if tick.stage != self._stage:
            self._end(tick.stage)
        self._progress(tick)

    def overrun(self, limit: float | None) -> str | None:
        """A sentence where it has taken longer by now than a limit of so many seconds promises."""
        took = self.seconds()
        if limit is None or took <= limit + max(_OVER * limit, _SECOND):
            return None
        parts = (
            f"{name} {seconds:.1f} s"
            for name, seconds in self._seconds.items()
            if seconds >= _TOLD * took
        )
        return f"It took {took:.1f} s of a time_limit of {limit:g} s: {', '.join(parts)}."

    def seconds(self) -> float:
        """How long it has taken by now."""
        self._end(self._stage)
        return self._last - self._began

    def _end(self, coming: str) -> None:
        now = time.monotonic()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._last
        self._last, self._stage = now, coming
