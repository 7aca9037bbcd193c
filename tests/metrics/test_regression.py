"""Measures of regressors against scikit-learn, and against what weights mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from twinkeel.metrics.regression import Forecasts, measures
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Evidence


def forecasts(n: int = 200, seed: int = 0) -> Forecasts:
    rng = np.random.default_rng(seed)
    expected = rng.normal(1000, 50, n)
    prediction = expected + rng.normal(3, 20, n)
    return Forecasts(expected, prediction, prediction - 40, prediction + 30, 0.9)


def values(made: Forecasts, weight: np.ndarray) -> dict[str, float]:
    cases = np.arange(len(made.expected))
    found = {one.name: one.on(cases)(weight[None])[0] for one in measures(made, slices={})}
    return {name: float(np.squeeze(value)) for name, value in found.items()}


@given(st.integers(0, 1000), st.booleans())
def test_errors_are_scikit_learns(seed, weighted):
    made = forecasts(seed=seed)
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 4, 200).astype(float) if weighted else np.ones(200)
    pair = (made.expected, made.prediction)

    found = values(made, weight)

    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(*pair, sample_weight=weight))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(*pair, sample_weight=weight))
    assert found["r2"] == pytest.approx(sk.r2_score(*pair, sample_weight=weight))
    ends = ((made.low, 0.05), (made.high, 0.95))
    pinball = [
        sk.mean_pinball_loss(made.expected, end, alpha=share, sample_weight=weight)
        for end, share in ends
    ]
    assert found["quantile_loss"] == pytest.approx(np.mean(pinball))
    assert found["bias"] == pytest.approx(np.average(made.error, weights=weight))


@given(st.lists(st.integers(0, 3), min_size=200, max_size=200).filter(any))
def test_a_weight_of_two_is_the_case_twice(weight):
    made, times = forecasts(), np.array(weight)
    twice = np.repeat(np.arange(200), times)
    repeated = Forecasts(
        *(part[twice] for part in (made.expected, made.prediction, made.low, made.high)), 0.9
    )

    found = values(made, times.astype(float))

    assert found["median_absolute_error"] == pytest.approx(
        np.quantile(np.abs(repeated.error), 0.5, method="inverted_cdf")
    )
    assert found["coverage"] == pytest.approx(repeated.inside.mean())
    assert found["interval_width"] == pytest.approx(70)


def test_scores_have_intervals_slices_and_differences_between_groups():
    made = forecasts(600)
    group = ["a" if i % 3 else "b" for i in range(600)]
    worse = np.where(np.array(group) == "b", 25.0, 0.0)
    made = Forecasts(made.expected, made.prediction + worse, made.low, made.high, 0.9)
    ids = tuple(map(str, range(600)))
    evidence = Evidence(
        ids=ids, units=ids, expected=made.expected.tolist(), outputs={}, slices={"group": group}
    )

    card = scorecard(measures(made, slices=evidence.slices), evidence, resamples=200)

    assert card.get("mae[group=b]").low > card.get("mae[group=a]").high
    means = [made.error[np.array(group) == one].mean() for one in "ab"]
    assert card.get("bias_difference[group]").value == pytest.approx(abs(means[0] - means[1]))
    coverage = card.get("coverage")
    assert coverage.low < coverage.value < coverage.high
    assert card.get("bias").value == pytest.approx(abs(made.error.mean()))
