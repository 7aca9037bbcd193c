"""How long a loaded version takes, for one row and for many, and how large it is.

Calls that follow one another meet the same load of the machine, so they are no draws of their own:
single rows are timed in blocks with other work between them, and each block is one measurement.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from twinkeel.kinds.base import Servable
from twinkeel.records import Cases

_BLOCKS = 6
"""The fewest whose range is a 95% interval of the median."""
_CALLS = 33
_LEAST_CALLS = 5
_SECONDS = 0.2
"""How long a block of single rows takes at most, beyond the least number of calls."""
_MANY = 10_000
"""Cases that are answered at once, at most: more would be no quicker, and take their time."""
TIMINGS = ("latency_ms", "rows_per_second", "bundle_mb")
"""The names of what is measured."""


def timings(
    servable: Servable,
    cases: Cases,
    *,
    many: Callable[[Mapping[str, Any], int], object],
    size: int,
) -> dict[str, list[float]]:
    """Repeated measurements: the median milliseconds of a single call, contract included, by block;
    rows per second of `many`, which answers so many rows by column; and megabytes, from `size` in
    bytes."""
    count = min(len(cases), _MANY)
    columns = {name: values[:count] for name, values in cases.inputs.items()}
    servable.call([_row(cases, 0)])
    single, speeds = [], []
    for block in range(_BLOCKS):
        single.append(_one_row(servable, cases, block * _CALLS))
        speeds.append(_many_rows(lambda: many(columns, count), count))
    return {
        "latency_ms": single,
        "rows_per_second": speeds,
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


def _many_rows(answered: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    answered()
    return count / (time.perf_counter() - began)


def _row(cases: Cases, i: int) -> dict[str, Any]:
    return {name: values[i] for name, values in cases.inputs.items()}
