"""Quick models, which decide something beside the search and are not kept.

They are fitted where folds are, so that they are held to the same time and memory; what cannot be
fitted within them decides nothing.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twinkeel.learn.workers import Died, Job, Pool, Step


@contextmanager
def fitted(workers: Pool, jobs: Sequence[Job]) -> Iterator[list[Path] | None]:
    """The folder of each job, gone afterwards; None where one of them could not be fitted."""
    with tempfile.TemporaryDirectory(prefix="twinkeel-") as scratch:
        try:
            folders = workers.fit(jobs, unkept(Path(scratch)))
        except Died:
            folders = [None]
        found = [folder for folder in folders if folder is not None]
        yield found if len(found) == len(jobs) else None


def turns(end: float, count: int, size: int) -> list[float]:
    """The moment, as `time.monotonic()`, at which each of `count` jobs must end, `size` of them
    side by side, for all to have as long and to be done at `end`."""
    now, rounds = time.monotonic(), -(-count // size)
    return [now + (end - now) * (i // size + 1) / rounds for i in range(count)]


def unkept(folder: Path) -> Step:
    """Steps that live as long as a folder."""

    def step(key: str, work: Callable[[Path], None]) -> Path:
        done = folder / key
        if not done.is_dir():
            filling = folder / f"{key}~"
            shutil.rmtree(filling, ignore_errors=True)
            filling.mkdir(parents=True)
            work(filling)
            filling.rename(done)
        return done

    return step
