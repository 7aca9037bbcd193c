"""The points that charts draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from twinkeel.metrics import curves
from twinkeel.metrics import functionals as f


def judged(n=5000, seed=0):
    random = np.random.default_rng(seed)
    up = np.round(random.beta(1, 2, n), 3)
    return up, (random.random(n) < up).astype(int)


def test_the_area_under_the_drawn_curve_is_the_score():
    up, truth = judged()

    drawn = curves.roc(up, truth)

    assert len(drawn.x) <= curves.POINTS + 1
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(sk.roc_auc_score(truth, up), abs=1e-3)


def test_few_distinct_scores_are_drawn_exactly_as_scikit_learn_has_them():
    up, truth = judged(300)
    up, weight = np.round(up, 1), np.arange(300) % 3 + 1.0

    drawn = curves.roc(up, truth, weight=weight)
    precise = curves.precision_recall(up, truth, weight=weight)

    x, y, _ = sk.roc_curve(truth, up, sample_weight=weight, drop_intermediate=False)
    assert (drawn.x, drawn.y) == (pytest.approx(x, abs=1e-5), pytest.approx(y, abs=1e-5))
    precision, recall, _ = sk.precision_recall_curve(truth, up, sample_weight=weight)
    assert precise.x == pytest.approx(recall[-2::-1], abs=1e-5)
    assert precise.y == pytest.approx(precision[-2::-1], abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 2)), min_size=1))
def test_calibration_bins_hold_every_case_and_make_up_the_calibration_error(cases):
    forecast, outcome, weight = np.array(cases, dtype=float).T
    forecast /= 9

    bins = curves.calibration(forecast, outcome, weight=weight)

    assert sum(one.n for one in bins) == (weight > 0).sum()
    assert all(0 <= one.low <= one.outcome <= one.high <= 1 for one in bins)
    if weight.sum():
        parts = f.calibration_error(forecast, outcome)(np.arange(len(cases)))(weight[None])
        assert len(bins) == len({one.forecast for one in bins})
        assert len(bins) >= (np.abs(parts) > 1e-9).sum()


def test_equal_mass_bins_are_of_equal_size():
    up, truth = judged(1500)

    bins = curves.calibration(up + np.arange(1500) * 1e-9, truth.astype(float))

    assert [one.n for one in bins] == [100] * 15
    error = np.mean([abs(one.forecast - one.outcome) for one in bins])
    exact = f.calibration_error(up + np.arange(1500) * 1e-9, truth.astype(float))
    assert error == pytest.approx(np.abs(exact(np.arange(1500))(np.ones((1, 1500)))).sum())


def test_one_class_alone_still_gives_points():
    up, _ = judged(50)

    assert curves.roc(up, np.zeros(50, dtype=int)).y[-1] == 0
    assert curves.precision_recall(up, np.ones(50, dtype=int)).y[-1] == 1
