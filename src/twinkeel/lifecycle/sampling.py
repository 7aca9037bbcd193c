"""Sampling: which calls a look reads, where there are too many to read each.

Owns that what was judged stays the same: a cycle that a look has judged is read with the same share
of its calls, the same ones, by every later look, however traffic grows. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.traffic import CELLS
from twinkeel.records import Look, Sampled
from twinkeel.stats.tails import Floats
from twinkeel.store.sample import STEPS, Sample, Share

MOST = 200_000
"""Calls that are read one by one; of more, a fair part is."""


def sampled(calls: int, last: Look | None) -> tuple[Sampled, ...]:
    """How `calls` are read after the look `last`: cycles that it judged as before."""
    step = next((step for step in STEPS if calls / step <= MOST), STEPS[-1])
    if last is None or not last.sampled:
        return (Sampled(cycle=0, step=step),)
    if last.sampled[-1].step == step:
        return last.sampled
    kept = tuple(one for one in last.sampled if one.cycle < last.cycles)
    if kept and kept[-1].step == step:
        return kept
    return (*kept, Sampled(cycle=last.cycles, step=step))


def asked(parts: Sequence[Sampled], start: str, cycle: float) -> Sample:
    """What to ask the store for; `start` is the release. What has an earlier time is read too."""
    first, *later = parts
    begins = [shifted(start, one.cycle * cycle) for one in later]
    return (
        Share("", first.step),
        *(Share(at, one.step) for at, one in zip(begins, later, strict=True)),
    )


def each_stands_for(parts: Sequence[Sampled], cycles: int) -> Floats:
    """How many calls one that was read stands for, by cell."""
    found = np.ones(cycles)
    for one in parts:
        found[one.cycle :] = one.step
    return np.repeat(found, CELLS)


def part_read(parts: Sequence[Sampled], start: str, cycle: float) -> tuple[str, ...]:
    """A note where not every call was read."""
    last = parts[-1]
    if last.step == 1:
        return ()
    since = f" since {shifted(start, last.cycle * cycle)[:16].replace('T', ' ')} UTC"
    when = since if last.cycle else ""
    return (f"One call in {last.step} was read{when}, chosen by its id: there are many.",)
