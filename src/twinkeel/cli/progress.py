"""Progress of long work: one live line on a terminal, and anywhere else a line for what is
new, about one in a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twinkeel.records import Progress, Tick

if TYPE_CHECKING:
    from rich.console import Console

_PAUSE = 1.0
"""Seconds between two lines of one stage."""


@contextmanager
def display(console: Console, limit: float | None = None) -> Iterator[Progress]:
    """Show ticks on `console` while inside; `limit` is the time limit in seconds, if any."""
    if not console.is_interactive:
        yield _lines(console, limit)
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    bars = Bars(
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[clock]}", markup=False),
        TextColumn("{task.fields[detail]}", markup=False, table_column=Column(no_wrap=True)),
        console=console,
        transient=True,
    )
    clock = _Clock(limit)
    task = bars.add_task("starting", total=None, clock=clock, detail="")

    def show(tick: Tick) -> None:
        bars.update(
            task,
            description=tick.stage,
            total=None if tick.fraction is None else 1.0,
            completed=tick.fraction or 0.0,
            detail=tick.detail,
        )

    with bars:
        yield show


class _Clock:
    """The time since the start, read anew whenever it is drawn."""

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._started = time.monotonic()

    def __str__(self) -> str:
        passed = time.monotonic() - self._started
        if self._limit is None:
            return _time(passed)
        if passed > self._limit:
            return f"{_time(passed)}, past the limit of {_time(self._limit)}"
        return f"{_time(self._limit - passed)} left of {_time(self._limit)}"


def _lines(console: Console, limit: float | None) -> Progress:
    started = printed = time.monotonic()
    stage, seen, late = "", set[tuple[str, str]](), False

    def show(tick: Tick) -> None:
        nonlocal stage, printed, late
        moment = time.monotonic()
        if limit is not None and not late and moment - started > limit:
            late = True
            console.print(f"The time_limit of {_time(limit)} is past: {tick.stage} goes on.")
        if (tick.stage, tick.detail) in seen:
            return
        if tick.stage == stage and moment - printed < _PAUSE:
            return
        seen.add((tick.stage, tick.detail))
        stage, printed = tick.stage, moment
        detail = f": {tick.detail}" if tick.detail else ""
        passed = moment - started
        left = "" if limit is None or late else f", {_time(max(0.0, limit - passed))} left"
        console.print(f"[{passed:6.1f} s{left}] {tick.stage}{detail}", soft_wrap=True)

    return show


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
