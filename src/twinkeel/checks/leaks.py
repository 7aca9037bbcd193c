"""Columns that give the target away, alone or two together.

A column is suspected when a model of it alone is nearly right about rows that it has not seen. It
is left out only where it certainly is the target under another name: value for value, or number
for number in the same order. Two columns are suspected when their sum, difference, product or
ratio, or both at once, tell what neither tells alone; an exact sum or difference is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinkeel.checks import scoring
from twinkeel.checks.found import found
from twinkeel.checks.scoring import measured, single, spread
from twinkeel.checks.subject import Feature, Subject
from twinkeel.records import Finding
from twinkeel.stats.association import ranks
from twinkeel.stats.intervals import Interval

NEAR = {"r2": 0.90, "roc_auc": 0.98}
"""What a single column tells of the target from which on it is suspected."""
NEAR_SHARE = 0.90
"""The same for more than two classes."""
_CERTAIN_ROWS = 50
"""On fewer rows nothing is certain."""


def recoded_target(subject: Subject) -> Iterator[Finding]:
    """Columns that are the target under another name: left out."""
    for one in subject.learnable:
        how = _same(subject, one)
        if how is not None:
            said = f"{one.name} is {subject.target} under another name: {how}"
            yield found("recoded_target", [one.name], said, done="left out")


def leak(subject: Subject) -> Iterator[Finding]:
    """Columns that alone are (nearly) right about the target in rows not seen."""
    for one in subject.learnable:
        predictions = scoring.alone(subject, scoring.binned(one))
        whole = measured(subject, predictions)
        apart = scoring.class_apart(subject, predictions)
        asked = [(suspicious(subject), whole, subject.target, subject.metric)]
        if apart is not None:
            name = f"whether {subject.target} is {apart[0]}"
            asked.append((NEAR["roc_auc"], apart[1], name, "roc_auc"))
        for bound, score, what, metric in asked:
            everyone = np.arange(len(subject.y))
            told = scoring.value(score, everyone)
            if told >= bound:
                interval, _ = spread(score, everyone, subject.seed)
                yield _given_away(one, f"{what} away: {metric}", told, interval, len(everyone))
                break


def _given_away(one: Feature, what: str, told: float, interval: Interval, n: int) -> Finding:
    said = (
        f"{one.name} alone gives {what} {told:.3f} ({interval.low:.3f} to {interval.high:.3f}, "
        f"n={n:,}) on rows not seen; is it known when predicting?"
    )
    numbers = {"score": told, "low": interval.low, "high": interval.high, "n": n}
    return found("leak", [one.name], said, numbers=numbers)


def suspicious(subject: Subject) -> float:
    """The score from which on a column is suspected."""
    return NEAR.get(subject.metric, NEAR_SHARE)


def _same(subject: Subject, one: Feature) -> str | None:
    """In words, why a column certainly is the target; None where it is not."""
    y, x = subject.y, one.values
    if len(y) < _CERTAIN_ROWS or one.missing.any():
        return None
    targets, code = np.unique(y, return_inverse=True)
    if len(targets) == one.distinct <= len(y) / 2:
        pairs = np.unique(np.column_stack([code, np.unique(x, return_inverse=True)[1]]), axis=0)
        if len(pairs) == len(targets):
            return f"each of its {one.distinct:,} values goes with one of the target's"
    if subject.classes or not one.numeric or one.distinct < 20:
        return None
    if np.array_equal(ranks(x), ranks(y)):
        return "it orders all rows as the target does"
    return None


def best_alone(subject: Subject) -> dict[str, float]:
    """What each column alone tells."""
    return {one.name: single(subject, one) for one in subject.learnable}
