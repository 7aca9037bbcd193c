"""Where folds are fitted: on threads of this process, in processes here, or on a Ray cluster.

Whoever fits a fold, its files become a step of the search, written here: a search that was killed
goes on from them with any sort of workers, and equal work gives equal bytes. What fits in a
process of its own may also be held to an amount of memory, and be ended without harm.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from twinkeel.errors import BuildError
from twinkeel.learn.families.base import Effort, Family, Fold, Settings, Unfit
from twinkeel.learn.memory import resident, within
from twinkeel.records import Limits, Record

Step = Callable[[str, Callable[[Path], None]], Path]
Files = dict[str, bytes]

FITTED, MARGIN = "fitted.json", "margin.npy"
_LEAST = 400 * 10**6
"""Bytes that a process needs for the libraries and a small table."""
_PATIENCE = 1.5
"""Seconds after its time is over that a fold is waited for: then its process is ended."""


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
        backend, size = "loky", os.cpu_count() or 1
        if limits.workers == "ray":
            from twinkeel.learn.cluster import cluster

            backend, size = "ray", stack.enter_context(cluster())
        if limits.memory is not None:
            size = min(size, _affordable(limits.memory))
        yield stack.enter_context(_Processes(backend, size, limits.memory))


def _affordable(memory: int) -> int:
    """How many processes there is memory for."""
    left = memory - resident()
    if left < _LEAST:
        raise BuildError(
            f"memory_limit is {memory / 1e9:.1f} GB; this process holds {resident() / 1e9:.1f} GB "
            f"and one that learns needs at least {_LEAST / 1e9:.1f} GB: raise the limit, or give "
            "fewer rows or columns."
        )
    return int(left // _LEAST)


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
            _fit(job, folder, lambda: ended.is_set() or time.monotonic() >= job.end)
            if ended.is_set():
                raise _Abandoned

        try:
            return step(job.key, work)
        except Unfit:
            return None


class _Processes(Pool):
    """Processes through joblib: on this machine, or wherever its backend has them."""

    def __init__(self, backend: str, size: int, memory: int | None) -> None:
        self.size = size
        self._backend = backend
        self._memory = memory
        self._stack = ExitStack()

    def __enter__(self) -> _Processes:
        from joblib import Parallel, parallel_config

        stack = ExitStack()
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="twinkeel-", ignore_cleanup_errors=True)
        )
        placed: dict[str, Any] = {}
        if self._backend == "loky":
            placed = {"temp_folder": scratch, "mmap_mode": "c", "inner_max_num_threads": 1}
        stack.enter_context(parallel_config(self._backend, n_jobs=self.size, **placed))
        self._parallel = stack.enter_context(
            Parallel(return_as=self._as_made(), batch_size=1, pre_dispatch=2 * self.size)
        )
        self._stack = stack
        return self

    def __exit__(self, *ended: object) -> None:
        self._stack.close()

    def fit(self, jobs: Sequence[Job], step: Step) -> list[Path | None]:
        """Fit what is no finished step yet; files come back as soon as a fold is fitted."""
        waiting = [job for job in jobs if _finished(job, step) is None]
        unfit = self._fit(waiting, step) if waiting else set()
        return [None if job.key in unfit else _finished(job, step) for job in jobs]

    def _fit(self, jobs: Sequence[Job], step: Step) -> set[str]:
        """Fit and keep; returns the keys of those that cannot be fitted."""
        from joblib import delayed

        memory, unfit = self._share(), set()
        patience = max(job.end for job in jobs) - time.monotonic() + _PATIENCE
        self._parallel.timeout = patience if np.isfinite(patience) else None
        tasks = (delayed(_elsewhere)(_sent(job), memory) for job in jobs)
        try:
            with closing(self._made(tasks)) as made:
                for key, files in made:
                    if files is None:
                        unfit.add(key)
                    else:
                        step(key, _writer(files))
        except (TimeoutError, multiprocessing.TimeoutError):
            raise Died("it did not end when its time was over") from None
        except self._deaths() as error:
            raise Died(self._why(memory)) from error
        return unfit

    def _as_made(self) -> str:
        """One by one as they are made; from Ray, which cannot, a candidate's folds together."""
        return "list" if self._backend == "ray" else "generator_unordered"

    def _made(self, tasks: Iterable[Any]) -> Generator[tuple[str, Files | None]]:
        """What the processes give; closing it ends them."""
        yield from self._parallel(tasks)

    def _share(self) -> int | None:
        """Bytes that one process may hold now: an equal part of what this one leaves."""
        if self._memory is None:
            return None
        return max(self._memory - resident(), 0) // self.size

    def _why(self, memory: int | None) -> str:
        if memory is None:
            return "a process that learned it ended: the machine's memory may have been used up"
        return f"learning it took more than its {memory / 1e9:.1f} GB of the memory_limit"

    def _deaths(self) -> tuple[type[Exception], ...]:
        """What is raised where a process is gone."""
        if self._backend != "ray":
            return (BrokenExecutor,)
        from ray.exceptions import RayError

        return (RayError,)


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


def _elsewhere(job: Job, memory: int | None) -> tuple[str, Files | None]:
    """Fit in this process, which is ended where it holds more memory; None for Unfit."""
    with (
        within(memory),
        _single(),
        tempfile.TemporaryDirectory(prefix="twinkeel-") as scratch,
    ):
        folder = Path(scratch)
        try:
            _fit(job, folder, lambda: time.time() >= job.end)
        except Unfit:
            return job.key, None
        found = (path for path in folder.rglob("*") if path.is_file())
        return job.key, {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _fit(job: Job, folder: Path, stop: Callable[[], bool]) -> None:
    """Fit one fold until `stop` and write it into `folder`, with its margin on the judged rows."""
    began = time.monotonic()
    fold = job.fold()
    job.family.fit(fold, job.settings, Effort(job.seed, stop), folder)
    if job.to_the_end and stop():
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
