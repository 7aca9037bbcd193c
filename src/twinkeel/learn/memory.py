"""How much memory this process holds, and ending it when that is more than it may.

Measured, not estimated: the resident set, as the operating system counts it. Refuses to end a
process that works for itself: only one that works for another may be ended.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

THIS = uuid4().hex
"""Names this process among all, also those of other machines."""
TOO_MUCH = 77
"""Exit code of a process that held more memory than it may."""
_EVERY = 0.02
"""Seconds between two looks."""
_STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of memory that this process holds; at its peak where the system does not tell now."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def within(memory: int | None, asking: str) -> Iterator[None]:
    """End this process at once if it holds more than `memory` bytes while inside.

    `asking` is the `THIS` of the process that it works for: it never ends itself.
    """
    if memory is None or asking == THIS:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            if resident() > memory:
                os._exit(TOO_MUCH)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
