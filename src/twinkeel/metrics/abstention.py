"""When to say nothing: a threshold for a stated risk, and what a threshold gives and costs.

The risk is the share of wrong answers among those that are given. A threshold is chosen from
calibration cases so that, with a stated confidence, the risk on new cases like them is not above
the stated one; where the cases cannot show that, there is no threshold, which means silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from twinkeel.metrics.functionals import ratio, running
from twinkeel.metrics.measure import Bind, Statistic
from twinkeel.stats.bootstrap import Floats, Indices

CONFIDENCE = 0.9
"""How sure the threshold is to keep the stated risk."""
_STARTS = (0.25, 0.5, 0.75)
"""Shares of the cases that are answered where the search for a threshold begins."""


class Chosen(NamedTuple):
    """A threshold and what it rests on."""

    threshold: float | None
    """The least support that is answered; None where no threshold keeps the risk."""
    answered: int
    """Calibration cases at or above it."""
    wrong: int
    """Those of them that were answered wrongly."""
    bound: float
    """Where the risk lies below, with the stated confidence; where there is no threshold, the
    lowest risk for which there would be one."""


class Curve(NamedTuple):
    """Points in the order of coverage."""

    coverage: list[float]
    risk: list[float]


def upper(wrong: int, answered: int, *, tail: float) -> float:
    """The highest risk at which so few wrong answers have probability `tail`, by bisection.

    The one-sided exact bound (Clopper and Pearson 1934).
    """
    if wrong >= answered:
        return 1.0
    low, high = wrong / answered, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, answered, middle) > tail else (low, middle)
    return high


def choose(
    support: Floats, wrong: Indices, *, risk: float, confidence: float = CONFIDENCE
) -> Chosen:
    """The lowest threshold whose risk is shown to be at most `risk`.

    `support` has shape (n,), `wrong` is 1 where the answer is wrong. From each of a few fixed
    starts, thresholds are tried from strict to lenient until one fails its exact test; each start
    has an equal part of the permitted error. So the whole search errs as rarely as stated
    (fixed-sequence testing in "Learn then Test", Angelopoulos et al. 2021).
    """
    order = np.argsort(-support, kind="stable")
    ordered, errors = support[order], np.cumsum(wrong[order])
    tail = (1 - confidence) / len(_STARTS)
    found = Chosen(None, 0, 0, 1.0)
    for share in _STARTS:
        for last in range(max(math.ceil(share * len(ordered)), 1) - 1, len(ordered)):
            if last + 1 < len(ordered) and ordered[last] == ordered[last + 1]:
                continue
            bound = upper(int(errors[last]), last + 1, tail=tail)
            if bound > risk:
                if found.threshold is None:
                    found = found._replace(bound=min(bound, found.bound))
                break
            if last + 1 > found.answered:
                found = Chosen(float(ordered[last]), last + 1, int(errors[last]), bound)
    return found


def needed(
    support: Floats, wrong: Indices, *, risk: float, confidence: float = CONFIDENCE
) -> int | None:
    """About how many cases, with as many errors in proportion, would give a threshold.

    None where ten times as many would not: the best supported answers are wrong about as often as
    `risk`, or more often.
    """
    order = np.argsort(-support, kind="stable")
    errors = np.cumsum(wrong[order])
    tail = (1 - confidence) / len(_STARTS)
    lasts = {max(math.ceil(share * len(order)), 1) - 1 for share in _STARTS if len(order)}
    for count in _growing(len(order)):
        for last in lasts:
            answered = math.ceil((last + 1) * count / len(order))
            mistakes = math.ceil(int(errors[last]) * count / len(order))
            if upper(mistakes, answered, tail=tail) <= risk:
                return count
    return None


def _growing(start: int) -> Iterator[int]:
    """Numbers from `start` on, each a twentieth larger, up to tenfold."""
    count = start
    while count <= 10 * start:
        yield count
        count = max(count + 1, round(1.05 * count))


def risk_coverage_area(support: Floats, wrong: Floats) -> Bind:
    """The mean risk over all coverages: the area under the risk-coverage curve, lower is better.

    Geifman, Uziel and El-Yaniv 2019. Equal supports are answered in the order of the cases.
    """

    def bind(cases: Indices) -> Statistic:
        order = np.argsort(-support[cases], kind="stable")
        own = wrong[cases][order]

        def statistic(weights: Floats) -> Floats:
            ordered = np.take(weights, order, axis=1)
            answered, errors = running(ordered)[:, 1:], running(ordered * own)[:, 1:]
            risks = np.divide(errors, answered, out=np.zeros_like(errors), where=answered > 0)
            return ratio(np.einsum("ij,ij->i", risks, ordered), ordered.sum(axis=1))

        return statistic

    return bind


def curve(support: Floats, wrong: Floats) -> Curve:
    """Risk at each coverage, from the best supported answer to all."""
    order = np.argsort(-support, kind="stable")
    count = np.arange(1, len(order) + 1)
    risks = np.cumsum(wrong[order]) / count
    return Curve((count / max(len(order), 1)).tolist(), risks.tolist())


def _at_most(wrong: int, answered: int, risk: float) -> float:
    """The probability of at most so many wrong answers."""
    logs = [
        math.lgamma(answered + 1) - math.lgamma(k + 1) - math.lgamma(answered - k + 1)
        + k * math.log(risk) + (answered - k) * math.log1p(-risk)
        if 0 < risk < 1 else (0.0 if k == 0 and risk == 0 else -math.inf)
        for k in range(wrong + 1)
    ]  # fmt: skip
    return math.fsum(math.exp(log) for log in logs)
