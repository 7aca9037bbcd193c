"""What is watched of a classifier's calls, and how wrong each was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.kinds.signals import Calls, Series, default_signals, output
from twinkeel.records import Json
from twinkeel.stats.bins import as_numbers


def signals(calls: Calls) -> list[Series]:
    """Inputs, decisions and probabilities; of two classes the second's says what both say."""
    said_again = {"probability"}
    names = [one.name for one in calls.signature.outputs if one.name.startswith("probabilities.")]
    if len(names) == 2:
        said_again.add(names[0])
    return [
        one for one in default_signals(calls) if one.part == "input" or one.name not in said_again
    ]


def losses(calls: Calls, labels: Sequence[Json]) -> list[float]:
    """Half the squared distance of the probabilities from the truth (Brier): 0 to 1."""
    names = [one.name for one in calls.signature.outputs if one.name.startswith("probabilities.")]
    found = np.column_stack([as_numbers(output(calls, name)) for name in names])
    truth = np.zeros_like(found)
    place = {name.partition(".")[2]: k for k, name in enumerate(names)}
    for row, label in enumerate(labels):
        if (k := place.get(str(label))) is not None:
            truth[row, k] = 1.0
    wrong: NDArray[np.float64] = ((found - truth) ** 2).sum(axis=1) / 2
    return [float(value) for value in wrong]
