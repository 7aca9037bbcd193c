"""Where processes are: on this machine, or on a Ray cluster.

A call always runs in another process than this one, also where there is only one to run it in: a
call that ends its process harms nobody else. Refuses to start any where the system forbids it.
"""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any, TypeVar

from twinkeel.errors import BuildError

ResultT = TypeVar("ResultT")

_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""For libraries that make their threads as they are imported."""


class Place(ABC):
    """Processes that wait for calls."""

    @abstractmethod
    def submit(self, call: Callable[..., ResultT], *arguments: Any) -> Future[ResultT]:
        """Call in another process, as soon as one is free."""

    @abstractmethod
    def end(self) -> None:
        """End what is being called and give up what waits; the next call starts afresh."""

    @abstractmethod
    def deaths(self) -> tuple[type[Exception], ...]:
        """What a call raises whose process is gone."""


class Here(Place):
    """Processes of this machine; large arrays go to them through files in `scratch`."""

    def __init__(self, size: int, scratch: Path) -> None:
        self._size = size
        self._scratch = scratch
        self._executor: Any = None

    def submit(self, call: Callable[..., ResultT], *arguments: Any) -> Future[ResultT]:
        """Call in one of them. Raises BuildError where this process may start none."""
        if self._executor is None:
            self._executor = self._started()
        called: Future[ResultT] = self._executor.submit(call, *arguments)
        return called

    def end(self) -> None:
        """End them all."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.terminate(kill_workers=True)

    def deaths(self) -> tuple[type[Exception], ...]:
        """What the executor says of them."""
        return (BrokenExecutor,)

    def _started(self) -> Any:
        from joblib.executor import get_memmapping_executor

        if multiprocessing.current_process().daemon:
            raise BuildError(
                "Learning in processes, which memory_limit needs too, cannot start one: this "
                "process is a daemon of multiprocessing, which may start none; call it from "
                "another process, or without workers and memory_limit."
            )
        return get_memmapping_executor(
            self._size, env=_ONE_THREAD, temp_folder=str(self._scratch), mmap_mode="c"
        )


class Cluster(Place):
    """Processes of the Ray cluster that this one is connected to."""

    def __init__(self) -> None:
        self._sent: list[Any] = []

    def submit(self, call: Callable[..., ResultT], *arguments: Any) -> Future[ResultT]:
        """Call on a processor of one of its machines."""
        import ray

        sent = ray.remote(max_retries=0)(call).remote(*arguments)
        self._sent.append(sent)
        called: Future[ResultT] = sent.future()
        return called

    def end(self) -> None:
        """End the processes that are at work."""
        import ray

        sent, self._sent = self._sent, []
        for one in sent:
            ray.cancel(one, force=True)

    def deaths(self) -> tuple[type[Exception], ...]:
        """What Ray says of a task whose process or machine is gone."""
        from ray.exceptions import RayError

        return (RayError,)
