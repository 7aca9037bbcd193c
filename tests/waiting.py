"""Waiting in tests: until something is so, however slow the machine is.

The patience is only spent where it never comes true, so it costs a test that passes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 240.0
"""Seconds after which something that must come is given up."""


def eventually(check: Callable[[], bool]) -> bool:
    """Whether `check` comes true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return check()
