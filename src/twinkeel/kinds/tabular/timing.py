"""How long a loaded version takes, for one row and for many, and how large it is.

Calls that follow one another meet the same load of the machine, so they are no draws of their own:
single rows are timed in blocks with other work between them, and each block is one measurement.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from twinkeel.kinds.base import Servable
from twinkeel.records import Cases

_BLOCKS = 6
"""The fewest whose range is a 95% interval of the median."""
_CALLS = 33
_LEAST_CALLS = 5
_SECONDS = 0.2
"""How long a block of single rows takes at most, beyond the least number of calls."""
TIMINGS = ("latency_ms", "rows_per_second", "bundle_mb")
"""The names of what is measured."""


def timings(
    servable: Servable, cases: Cases, *, all_cases: Callable[[], object], size: int
) -> dict[str, list[float]]:
    """Repeated measurements: the median milliseconds of a single call, contract included, by block;
    rows per second of `all_cases`, which answers every case at once; and megabytes, from `size` in
    bytes."""
    servable.call([_row(cases, 0)])
    single, many = [], []
    for block in range(_BLOCKS):
        single.append(_one_row(servable, cases, block * _CALLS))
        many.append(_many_rows(all_cases, len(cases)))
    return {
        "latency_ms": single,
        "rows_per_second": many,
        "bundle_mb": [round(size / 1e6, 6)],
    }


def _one_row(servable: Servable, cases: Cases, first: int) -> float:
    """The median of a block of calls."""
    found: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(found) < _CALLS and (len(found) < _LEAST_CALLS or time.perf_counter() < end):
        row = _row(cases, (first + len(found)) % len(cases))
        began = time.perf_counter()
        servable.call([row])
        found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(found)


def _many_rows(all_cases: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    all_cases()
    return count / (time.perf_counter() - began)


def _row(cases: Cases, i: int) -> dict[str, Any]:
    return {name: values[i] for name, values in cases.inputs.items()}
