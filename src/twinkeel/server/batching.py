"""Calls from many callers -> few calls of a version.

While a version computes, the calls that arrive wait in its queue; when it is done they go
together as one batch, so that sixteen callers cost little more than one. Nobody waits for a
batch to fill. Large calls, and kinds that stream or cost money, go
side by side instead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from twinkeel.lifecycle.serve import Answer, Asked, Live

_ROWS = 256
"""A batch takes callers until it has this many rows; a call of more is made by itself."""

Future = asyncio.Future[list[Answer]]


@dataclass
class _Queue:
    waiting: deque[tuple[Asked, Future]] = field(default_factory=deque)
    busy: bool = False


class Batcher:
    """Calls released versions in threads, several callers at a time. For one event loop."""

    def __init__(self, live: Live, threads: ThreadPoolExecutor) -> None:
        self._live = live
        self._threads = threads
        self._queues: dict[str, _Queue] = {}

    async def call(self, component: str, asked: Asked) -> list[Answer]:
        """One recorded answer per row; raises what `Live.call` raises."""
        loop = asyncio.get_running_loop()
        traits = self._live.find(component).traits
        if traits.streams or traits.costs_money or len(asked.rows) > _ROWS:
            return await loop.run_in_executor(self._threads, self._live.call_one, component, asked)
        queue = self._queues.setdefault(component, _Queue())
        future: Future = loop.create_future()
        queue.waiting.append((asked, future))
        if not queue.busy:
            self._send(component, queue)
        return await future

    def _send(self, component: str, queue: _Queue) -> None:
        taken = _take(queue.waiting)
        queue.busy = bool(taken)
        if not taken:
            return
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, self._live.call_many, component, [asked for asked, _ in taken]
        )
        futures = [future for _, future in taken]
        work.add_done_callback(lambda done: self._deliver(component, queue, futures, done))

    def _deliver(
        self,
        component: str,
        queue: _Queue,
        futures: list[Future],
        done: asyncio.Future[list[list[Answer] | Exception]],
    ) -> None:
        self._send(component, queue)
        error = done.exception()
        results = done.result() if error is None else [error] * len(futures)
        for future, result in zip(futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)


def _take(waiting: deque[tuple[Asked, Future]]) -> list[tuple[Asked, Future]]:
    """The next callers, those who gave up left out."""
    taken: list[tuple[Asked, Future]] = []
    rows = 0
    while waiting and (not taken or rows + len(waiting[0][0].rows) <= _ROWS):
        asked, future = waiting.popleft()
        if not future.done():
            taken.append((asked, future))
            rows += len(asked.rows)
    return taken
