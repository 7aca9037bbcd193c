"""The target itself: labels that look wrong, and classes of very different sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinkeel.checks.found import found
from twinkeel.checks.subject import Floats, Subject
from twinkeel.checks.trial import trial
from twinkeel.data.types import shown
from twinkeel.records import Finding
from twinkeel.stats.intervals import wilson

SUREST = 0.2
"""The share of rows, those that the model is surest of, in which wrong labels stand out."""
_FLAT = 1.4
"""Wrong labels are as frequent among the next surest rows; where a target is only hard to predict,
errors there are more frequent than this many times."""
_WORTH_SAYING = 0.02
_UNPREDICTABLE = 0.15
"""If even the surest are so often wrong, the target is a matter of chance."""
_FEWEST = 200
"""Rows that the model is surest of, below which nothing is said."""
RARE = 0.1
"""A class below this share is rare."""


def label_noise(subject: Subject) -> Iterator[Finding]:
    """Labels that a model, which has not seen them, is sure are wrong.

    Labels that are wrong at random are as often wrong where the model is surest as where it is a
    little less sure; a target that is hard to predict is not. Where the errors are so flat, the
    share of disagreement among the surest rows is about that of wrong labels (the idea of
    confident learning, Northcutt et al. 2021).
    """
    tried = trial(subject) if len(subject.classes) >= 2 else None
    if tried is None:
        return
    predicted = tried.at_random
    chosen, sure = _decided(predicted)
    y = tried.subject.y
    order = np.argsort(-sure, kind="stable")
    count = int(SUREST * len(y))
    surest, next_surest = order[:count], order[count : 2 * count]
    wrong = int((chosen[surest] != y[surest]).sum())
    share = wrong / max(count, 1)
    interval = wilson(share, max(count, 1))
    further = float((chosen[next_surest] != y[next_surest]).mean()) if count else 1.0
    flat = wilson(further, max(count, 1)).low <= _FLAT * share
    worth_saying = interval.low >= _WORTH_SAYING and share <= _UNPREDICTABLE
    if count < _FEWEST or not worth_saying or not flat:
        return
    yield found(
        "label_noise",
        [],
        f"of the {len(surest):,} rows that a small model is surest of without having seen them, "
        f"{wrong:,} have another {subject.target}: if labels are wrong at random, about "
        f"{share:.1%} are ({interval.low:.1%} to {interval.high:.1%})",
        numbers={"share": share, "low": interval.low, "high": interval.high, "n": len(surest)},
    )


def imbalance(subject: Subject) -> Iterator[Finding]:
    """A class so rare that accuracy says little."""
    if not subject.counts:
        return
    n = sum(subject.counts.values())
    name, rarest = min(subject.counts.items(), key=lambda item: (item[1], item[0]))
    most = max(subject.counts.values())
    if rarest / n >= RARE or len(subject.counts) > 10:
        return
    better = "average_precision or f1" if len(subject.counts) == 2 else "balanced_accuracy or f1"
    yield found(
        "imbalance",
        [],
        f"{shown(name)} is in {rarest:,} of {n:,} rows ({rarest / n:.2%}), so always saying the "
        f"commonest class has accuracy {most / n:.3f}: look at {better}, not at accuracy",
        severity="note",
        numbers={"rarest": rarest, "rows": n, "always_commonest": most / n},
    )


def _decided(predicted: Floats) -> tuple[Floats, Floats]:
    """(m,) the class decided for, and how sure."""
    if predicted.ndim == 2:
        return predicted.argmax(axis=1).astype(np.float64), predicted.max(axis=1)
    return (predicted >= 0.5).astype(np.float64), np.abs(predicted - 0.5)
