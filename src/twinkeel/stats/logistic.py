"""Ridge logistic regression by Newton steps, small and without a library: for weights of cases and
for probabilities that are calibrated anew."""

from __future__ import annotations

import numpy as np

from twinkeel.stats.tails import Floats

RIDGE = 1.0
_STEPS = 12
_NEAR = 1e-3
"""A Newton step that moves no coefficient by more than this is the last one."""


def logistic(
    design: Floats,
    target: Floats,
    weight: Floats,
    *,
    start: Floats | None = None,
    steps: int = _STEPS,
) -> Floats:
    """The coefficients of the columns of `design`, drawn towards `start`, by default 0."""
    begin = np.zeros(design.shape[1]) if start is None else start
    found = begin.copy()
    ridge = RIDGE * np.eye(design.shape[1])

    def loss(at: Floats) -> float:
        margins, away = design @ at, at - begin
        return float(
            weight @ (np.logaddexp(0, margins) - target * margins) + away @ ridge @ away / 2
        )

    now = loss(found)
    for _ in range(steps):
        chance = sigmoid(design @ found)
        gradient = design.T @ (weight * (target - chance)) - ridge @ (found - begin)
        curve = design.T * (weight * np.maximum(chance * (1 - chance), 1e-4)) @ design + ridge
        step = np.linalg.solve(curve, gradient)
        while (then := loss(found + step)) > now and np.abs(step).max() >= _NEAR:
            step = step / 2  # a whole step goes too far where probabilities are near 0 or 1
        if then > now:
            break
        found, now = found + step, then
        if np.abs(step).max() < _NEAR:
            break
    return found


def logit(chance: Floats) -> Floats:
    """The log-odds of probabilities, which are cut to a millionth from 0 and 1."""
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.log(safe / (1 - safe))


def sigmoid(values: Floats) -> Floats:
    """The probabilities of log-odds."""
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))


def with_one(values: Floats) -> Floats:
    """The columns, and one of ones after them."""
    return np.concatenate([values, np.ones((len(values), 1))], axis=1)
