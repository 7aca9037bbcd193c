"""How long a loaded version takes, for one row and for many, and how large it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twinkeel.kinds.base import Servable
from twinkeel.records import Cases

_ONE_ROW_CALLS = 200
_LEAST_CALLS = 20
_SECONDS = 1.0
"""How long single rows are timed at most, beyond the least number of calls."""
_BATCHES = 6
TIMINGS = ("latency_ms", "rows_per_second", "bundle_mb")
"""The names of what is measured."""


def timings(
    servable: Servable, cases: Cases, *, all_cases: Callable[[], object], size: int
) -> dict[str, list[float]]:
    """Repeated measurements: milliseconds of single calls, contract included; rows per second
    of `all_cases`, which answers every case at once; and megabytes, from `size` in bytes."""
    return {
        "latency_ms": _one_row(servable, cases),
        "rows_per_second": _many_rows(all_cases, len(cases)),
        "bundle_mb": [round(size / 1e6, 6)],
    }


def _one_row(servable: Servable, cases: Cases) -> list[float]:
    servable.call([_row(cases, 0)])
    found: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(found) < _ONE_ROW_CALLS and (len(found) < _LEAST_CALLS or time.perf_counter() < end):
        row = _row(cases, len(found) % len(cases))
        began = time.perf_counter()
        servable.call([row])
        found.append((time.perf_counter() - began) * 1e3)
    return found


def _many_rows(all_cases: Callable[[], object], count: int) -> list[float]:
    found = []
    for _ in range(_BATCHES):
        began = time.perf_counter()
        all_cases()
        found.append(count / (time.perf_counter() - began))
    return found


def _row(cases: Cases, i: int) -> dict[str, Any]:
    return {name: values[i] for name, values in cases.inputs.items()}
