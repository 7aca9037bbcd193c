"""Do 95% intervals hold the truth 95 times in 100? Simulated with a known truth, seeded."""

import numpy as np
import pytest

from twinkeel.metrics.classification import DecisionRule, measures
from twinkeel.metrics.scorecard import differences, scorecard
from twinkeel.records import Evidence

RULE = DecisionRule(("No", "Yes"))
WORLDS = {"usual": (1.2, -1.0, 1.3), "sharp": (6.0, 7.0, 1.0)}
"""Slope and level of the true log-odds, and by how much the judged version exaggerates them."""
TIMES = 300


def world(name, n, random):
    """`n` cases: classes, what a version says, and groups that make no difference."""
    slope, level, exaggeration = WORLDS[name]
    odds = slope * random.normal(size=n) + level
    expected = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    up = 1 / (1 + np.exp(-exaggeration * odds))
    return expected, np.column_stack([1 - up, up]), list(random.choice(["F", "M"], n))


def evidence(n):
    names = tuple(f"{i:06d}" for i in range(n))
    return Evidence(ids=names, units=names, expected=[], outputs={})


def truth(name):
    expected, probabilities, groups = world(name, 200_000, np.random.default_rng(99))
    made = measures(expected, probabilities, rule=RULE, slices={"g": groups})
    card = scorecard(made, evidence(200_000), resamples=2)
    known = {score.key: score.value for score in card.scores}
    nothing = ("demographic_parity_difference[g]", "equalized_odds_difference[g]")
    return known | dict.fromkeys(nothing, 0.0)


def coverage(name, n):
    """By score, the share of worlds whose interval holds the truth."""
    known, random = truth(name), np.random.default_rng(0)
    held = {key: [] for key in known}
    for seed in range(TIMES):
        expected, probabilities, groups = world(name, n, random)
        made = measures(expected, probabilities, rule=RULE, slices={"g": groups})
        for score in scorecard(made, evidence(n), resamples=300, seed=seed).scores:
            if score.value is not None:
                held[score.key].append(score.low <= known[score.key] <= score.high)
    return {key: np.mean(found) for key, found in held.items() if len(found) > TIMES / 2}


@pytest.mark.parametrize(("name", "n"), [("usual", 300), ("usual", 60), ("sharp", 300)])
def test_intervals_hold_the_truth_about_95_times_in_100(name, n):
    found = coverage(name, n)

    # 300 worlds tell a coverage to within 2.5 points; sums of absolute gaps are held too often.
    assert len(found) >= 9
    assert {key: share for key, share in found.items() if share < 0.91} == {}
    wide = {key for key, share in found.items() if share > 0.985}
    assert wide <= {"calibration_error", "equalized_odds_difference[g]", "balanced_accuracy"}


def test_paired_differences_hold_the_truth_about_95_times_in_100():
    random, held = np.random.default_rng(1), []
    for seed in range(TIMES):
        expected, candidate, _ = world("usual", 300, random)
        noise = random.normal(size=300) * 0.05
        production = np.clip(candidate + np.column_stack([-noise, noise]), 0.001, 0.999)
        sides = [measures(expected, p, rule=RULE, slices={}) for p in (candidate, production)]
        brier = differences(*sides, evidence(300), resamples=300, seed=seed)["brier"]
        held.append(brier.low <= TRUE_LOSS <= brier.high)

    assert 0.91 <= np.mean(held) <= 0.985


def _true_loss():
    random = np.random.default_rng(7)
    expected, candidate, _ = world("usual", 400_000, random)
    up = candidate[:, 1]
    noisy = np.clip(up + random.normal(size=len(up)) * 0.05, 0.001, 0.999)
    return float(np.mean((noisy - expected) ** 2 - (up - expected) ** 2))


TRUE_LOSS = _true_loss()
"""By how much noise of 0.05 in the probability worsens the Brier score."""
