"""Where folds are fitted: on threads of this process, in processes here, or on a Ray cluster.

Whoever fits a fold, its files become a step of the search, written here: a search that was killed
goes on from them with any sort of workers, and equal work gives equal bytes. What fits in a
process of its own may also be held to an amount of memory, and be ended without harm.
"""

from __future__ import annotations

import math
import os
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from twinkeel.config import shown
from twinkeel.errors import BuildError
from twinkeel.learn.budget import slowness
from twinkeel.learn.families.base import Effort, Family, Fold, Settings, Unfit
from twinkeel.learn.libraries import import_for_fitting
from twinkeel.learn.memory import THIS, resident, within
from twinkeel.learn.places import Cluster, Here, Place
from twinkeel.records import Limits, Record

Step = Callable[[str, Callable[[Path], None]], Path]
Files = dict[str, bytes]

FITTED, MARGIN = "fitted.json", "margin.npy"
LEAST = 400 * 10**6
"""Bytes that a process needs for the libraries and a small table."""
_PATIENCE = 1.5
"""Seconds of a processor, after its time is over, that a fold is waited for: then its process is
ended."""
_AHEAD = 2
"""Jobs per process that are sent before one is done."""


class Fitted(Record, frozen=True):
    """What is noted of a fitted fold."""

    seconds: float
    """From data to margin, on one thread."""


class Died(Exception):
    """A process ended, or was ended, before its fold was fitted: its text says why."""


class _Abandoned(Exception):
    """A fold was given up before it was fitted: what its family wrote is no finished step."""


@dataclass(frozen=True)
class Job:
    """One fold of one candidate."""

    key: str
    """Names its step."""
    family: Family
    settings: Settings
    fold: Callable[[], Fold]
    seed: int
    end: float
    """The moment, as `time.monotonic()`, at which the time for it is over."""
    to_the_end: bool = False
    """Whether what its end stops is given up, as if the family could not learn from it."""


class Pool(ABC):
    """What fits folds, `size` of them side by side, each on one thread."""

    size: int

    @abstractmethod
    def fit(self, jobs: Sequence[Job], step: Step) -> list[Path | None]:
        """The finished step of each job, in order; None where its family cannot learn from it.

        Raises Died where a process ended; what the other ones finished is kept.
        """


@contextmanager
def hired(limits: Limits) -> Iterator[Pool]:
    """The workers that the limits ask for, until they are not needed any more.

    Raises MissingExtra where Ray is not installed, BuildError where the memory is too little for
    one process.
    """
    if limits.workers == "threads" and limits.memory is None:
        yield _Threads(os.cpu_count() or 1)
        return
    with ExitStack() as stack:
        size, place = _placed(limits, stack)
        if limits.memory is not None:
            size = min(size, affordable(limits))
        stack.callback(place.end)
        yield _Processes(place, size, limits)


def _placed(limits: Limits, stack: ExitStack) -> tuple[int, Place]:
    """How many processors there are, and the place that has them until the stack is closed."""
    if limits.workers == "ray":
        from twinkeel.learn.cluster import cluster

        return stack.enter_context(cluster()), Cluster()
    scratch = tempfile.TemporaryDirectory(prefix="twinkeel-", ignore_cleanup_errors=True)
    size = os.cpu_count() or 1
    return size, Here(size, Path(stack.enter_context(scratch)))


def affordable(limits: Limits) -> int:
    """How many processes there is memory for; raises BuildError where there is none for one."""
    if limits.memory is None:
        return os.cpu_count() or 1
    held, unit = resident(), limits.memory_unit
    if limits.memory < held + LEAST:
        raise BuildError(
            f"memory_limit is {shown(limits.memory, unit)}, and learning takes more: this process "
            f"holds {shown(held, unit, up=True)} and one that learns needs {shown(LEAST, unit)}. "
            f"Raise it to {shown(held + LEAST, unit, up=True)} at least; many rows need more."
        )
    return (limits.memory - held) // LEAST


class _Threads(Pool):
    """Threads of this process: nothing to start, and nothing to send."""

    def __init__(self, size: int) -> None:
        self.size = size

    def fit(self, jobs: Sequence[Job], step: Step) -> list[Path | None]:
        """Fit side by side; no thread outlives this, however it ends: native code that still runs
        while Python is taken down crashes. What goes wrong, Ctrl+C too, ends the others first."""
        ended = threading.Event()
        with _single(), ThreadPoolExecutor(self.size) as pool:
            try:
                tasks = [pool.submit(self._one, job, step, ended) for job in jobs]
                return [task.result() for task in tasks]
            except BaseException:
                ended.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _one(self, job: Job, step: Step, ended: threading.Event) -> Path | None:
        def work(folder: Path) -> None:
            _fit(job, folder, time.monotonic, ended.is_set)
            if ended.is_set():
                raise _Abandoned

        try:
            return step(job.key, work)
        except Unfit:
            return None


class _Processes(Pool):
    """Processes other than this one, wherever their place is."""

    def __init__(self, place: Place, size: int, limits: Limits) -> None:
        self.size = size
        self._place = place
        self._limits = limits
        self._started = False

    def fit(self, jobs: Sequence[Job], step: Step) -> list[Path | None]:
        """Fit what is no finished step yet; files come back as soon as a fold is fitted."""
        waiting = [job for job in jobs if _finished(job, step) is None]
        unfit = self._fit(waiting, step) if waiting else set()
        return [None if job.key in unfit else _finished(job, step) for job in jobs]

    def _fit(self, jobs: Sequence[Job], step: Step) -> set[str]:
        """Fit and keep; returns the keys of those that cannot be fitted."""
        memory, unfit = self._share(), set()
        try:
            for key, files in self._made(jobs, memory):
                if files is None:
                    unfit.add(key)
                else:
                    step(key, _writer(files))
        except BaseException as error:
            self._place.end()
            self._started = False
            if isinstance(error, self._place.deaths()):
                raise Died(self._why(memory)) from error
            raise
        return unfit

    def _made(self, jobs: Sequence[Job], memory: int | None) -> Iterator[tuple[str, Files | None]]:
        """What the processes give, in the order in which it is made; few jobs wait with their
        data. Raises Died where the time of all is over."""
        self._start()
        end = max(time.monotonic(), *(job.end for job in jobs)) + _PATIENCE * slowness()
        left, called = iter(jobs), set[Future[tuple[str, Files | None]]]()
        while True:
            for job in islice(left, _AHEAD * self.size - len(called)):
                called.add(self._place.submit(_elsewhere, _sent(job), memory, THIS))
            if not called:
                return
            seconds = max(end - time.monotonic(), 0.0)
            done, called = wait(
                called,
                timeout=seconds if np.isfinite(seconds) else None,
                return_when=FIRST_COMPLETED,
            )
            if not done:
                raise Died("it did not end when its time was over")
            yield from (one.result() for one in sorted(done, key=_has_failed))

    def _start(self) -> None:
        """Have the processes there: starting them is no fold's time."""
        if not self._started:
            wait([self._place.submit(import_for_fitting) for _ in range(self.size)])
            self._started = True

    def _share(self) -> int | None:
        """Bytes that one process may hold now: an equal part of what this one leaves."""
        if self._limits.memory is None:
            return None
        return max(self._limits.memory - resident(), 0) // self.size

    def _why(self, memory: int | None) -> str:
        if memory is None:
            return "a process that learned it ended: the machine's memory may have been used up"
        share = shown(memory, self._limits.memory_unit)
        return f"learning it took more than its {share} of the memory_limit"


def _has_failed(called: Future[Any]) -> bool:
    return called.exception() is not None


def _single() -> AbstractContextManager[object]:
    """One thread for what numpy and others compute: folds are fitted side by side instead."""
    from threadpoolctl import (  # type: ignore[import-untyped]  # no stubs
        threadpool_limits,
    )

    limited: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limited


def _sent(job: Job) -> Job:
    """The job with its data, and with its end by the clock that all machines share."""
    fold, left = job.fold(), job.end - time.monotonic()
    return replace(job, fold=_Given(fold), end=time.time() + left)


@dataclass(frozen=True)
class _Given:
    """Data that is there already; a function that can be sent."""

    fold: Fold

    def __call__(self) -> Fold:
        return self.fold


def _elsewhere(job: Job, memory: int | None, asking: str) -> tuple[str, Files | None]:
    """Fit in this process, which is ended where it holds more memory; None for Unfit."""
    with (
        within(memory, asking),
        _single(),
        tempfile.TemporaryDirectory(prefix="twinkeel-") as scratch,
    ):
        folder = Path(scratch)
        try:
            _fit(job, folder, time.time)
        except Unfit:
            return job.key, None
        found = (path for path in folder.rglob("*") if path.is_file())
        return job.key, {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _fit(
    job: Job,
    folder: Path,
    clock: Callable[[], float],
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """Fit one fold until its end by this `clock`, or until all is `ended`, and write it into
    `folder`, with its margin on the judged rows."""

    def left() -> float:
        return -math.inf if ended() else job.end - clock()

    began = time.monotonic()
    fold = job.fold()
    effort = Effort(job.seed, lambda: left() <= 0, left)
    job.family.fit(fold, job.settings, effort, folder)
    if job.to_the_end and effort.stop():
        raise Unfit
    model = job.family.load(folder, fold.width)
    np.save(folder / MARGIN, model.margin(fold.X_valid), allow_pickle=False)
    fitted = Fitted(seconds=time.monotonic() - began)
    (folder / FITTED).write_bytes(msgspec.json.encode(fitted))


def _writer(files: Files) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    return work


def _finished(job: Job, step: Step) -> Path | None:
    """The step of a job, if it is finished."""

    def work(_: Path) -> None:
        raise _Abandoned

    try:
        return step(job.key, work)
    except _Abandoned:
        return None
