"""When what is judged, and at which level: how a budget of false alarms is spent.

Time since the release is cut into cycles, whole days unless said otherwise, so that the time of day
cancels out. Windows of 1, 2, 4, ... 32 cycles are judged once each, as they end; the long ones
overlap by half. Each length has a share of the month's budget, spread over the windows of that
length which end in a month, and there over the signals by their weights. One cycle has the largest
share: it has the fewest calls, and longer windows need less to see what lasts.

A test at level a of a true null hypothesis raises a false alarm with probability a at most, so the
expected number of false alarms in a month is at most the sum of all levels: the budget. That holds
for any dependence between columns, windows and looks (expectations add up), and however often one
looks, for a look only finds windows that have ended. The probability of any false alarm in a month
is at most the budget too (Markov).
"""

from __future__ import annotations

import math
from typing import NamedTuple

SCALES = {1: 0.35, 2: 0.2, 4: 0.15, 8: 0.1, 16: 0.1, 32: 0.1}
"""Lengths of windows in cycles, each with its share of the budget."""
MONTH = 30 * 86_400.0
"""Seconds that the budget is stated for."""


class Window(NamedTuple):
    """Cycles `start` to `end` since the release, the last one excluded."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """In cycles."""
        return self.end - self.start


def ending(cycle: int) -> list[Window]:
    """The windows that end with the whole cycles up to `cycle`, the short ones first."""
    return [
        Window(cycle - length, cycle)
        for length in SCALES
        if length <= cycle and cycle % _stride(length) == 0
    ]


def level(length: int, *, false_alarms: float, cycle: float) -> float:
    """What one window of this length may spend of `false_alarms` a month, over all signals.

    `cycle` is in seconds.
    """
    windows = max(1, math.ceil(MONTH / cycle / _stride(length)))
    return min(false_alarms * SCALES[length] / windows, 0.05)


def _stride(length: int) -> int:
    return max(1, length // 2)
