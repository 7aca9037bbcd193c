"""How wrong each call of a regressor was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinkeel.kinds.signals import Calls, output
from twinkeel.records import Json
from twinkeel.stats.bins import as_numbers


def losses(calls: Calls, labels: Sequence[Json]) -> list[float]:
    """The absolute error, in units of the target; NaN where a label is no number."""
    wrong = np.abs(as_numbers(output(calls, "prediction")) - as_numbers(list(labels)))
    return [float(value) for value in wrong]
