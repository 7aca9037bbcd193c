"""What is watched of a classifier's calls, and how good each was, before labels and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinkeel.kinds.signals import Calls, Score, Series, default_signals, output
from twinkeel.records import Json
from twinkeel.stats.bins import as_numbers
from twinkeel.stats.tails import Floats

_SMALLEST = 1e-6
"""No probability counts for less in a log loss."""
_PREFIX = "probabilities."
_RANKED = 20
"""With more classes than this, the area under the ROC curve is not watched: it takes long."""


def signals(calls: Calls) -> list[Series]:
    """Inputs, decisions and probabilities; of two classes the second's says what both say."""
    said_again, names = {"probability"}, _names(calls)
    if len(names) == 2:
        said_again.add(names[0])
    return default_signals(calls, without=said_again)


def losses(calls: Calls, labels: Sequence[Json]) -> list[float]:
    """Half the squared distance of the probabilities from the truth (Brier): 0 to 1."""
    wrong = ((_probabilities(calls) - _truth(calls, labels)) ** 2).sum(axis=1) / 2
    return [float(value) for value in wrong]


def scores(calls: Calls, labels: Sequence[Json] | None) -> list[Score]:
    """ROC AUC, log loss and accuracy, and whether probabilities are kept.

    A call expects of itself what its probabilities say. A row that is left to a person has no
    accuracy. Of several classes, each is ranked against the rest.
    """
    chance = _probabilities(calls)
    truth = None if labels is None else _truth(calls, labels)
    decided = _one_hot(output(calls, "prediction"), _names(calls))
    decided[decided.sum(axis=1) == 0] = np.nan
    surprise = -np.log(np.clip(chance, _SMALLEST, 1))
    said = {"log_loss": surprise, "accuracy": decided}
    made = [
        Score(
            name, "mean", (chance * each).sum(axis=1), None if truth is None else _of(truth, each)
        )
        for name, each in said.items()
    ]
    if chance.shape[1] == 2:
        ones = None if truth is None else _of(truth, np.broadcast_to([0.0, 1.0], chance.shape))
        ranked = Score("roc_auc", "ranking", chance[:, 1], ones)
        return [ranked, *made, Score("calibration", "promise", chance[:, 1], ones)]
    likely = chance == chance.max(axis=1, keepdims=True)
    right = None if truth is None else _of(truth, likely.astype(np.float64))
    if chance.shape[1] <= _RANKED:
        known = (
            truth
            if truth is None
            else np.where(truth.sum(axis=1, keepdims=True) > 0, truth, np.nan)
        )
        made.insert(0, Score("roc_auc", "ranking", chance, known))
    return [*made, Score("calibration", "promise", chance.max(axis=1), right)]


def _names(calls: Calls) -> list[str]:
    return [one.name for one in calls.signature.outputs if one.name.startswith(_PREFIX)]


def _probabilities(calls: Calls) -> Floats:
    """Of each class, shape (n, classes)."""
    return np.column_stack([as_numbers(output(calls, name)) for name in _names(calls)])


def _truth(calls: Calls, labels: Sequence[Json]) -> Floats:
    """1 for the true class of each call, shape (n, classes); all 0 for a class it does not know."""
    return _one_hot(labels, _names(calls))


def _one_hot(values: Sequence[Json], names: Sequence[str]) -> Floats:
    place = {name.removeprefix(_PREFIX): k for k, name in enumerate(names)}
    found = np.zeros((len(values), len(names)))
    index = np.asarray([place.get(str(value), -1) for value in values], dtype=np.intp)
    known = np.flatnonzero(index >= 0)
    found[known, index[known]] = 1.0
    return found


def _of(truth: Floats, values: Floats) -> Floats:
    """The value of each call's true class; NaN where that class is not known to the version."""
    return np.where(truth.sum(axis=1) > 0, (truth * values).sum(axis=1), np.nan)
