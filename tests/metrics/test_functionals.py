"""Every statistic is a functional of weights, and the one that scikit-learn computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from twinkeel.metrics import functionals as f

COARSE = st.integers(0, 6).map(lambda k: k / 6)  # few distinct scores: many ties


@st.composite
def judged(draw, least=2):
    n = draw(st.integers(least, 30))
    scores = np.array(draw(st.lists(COARSE, min_size=n, max_size=n)))
    truth = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=float)
    return scores, truth, weight


def every(scores, truth):
    """All statistics by name, unbound."""
    loss = np.square(scores - truth)
    columns = np.column_stack([truth, np.ones(len(truth))]).astype(float)
    return {
        "roc_auc": f.roc_auc(scores, truth),
        "average_precision": f.average_precision(scores, truth),
        "calibration_error": f.calibration_error(scores, truth.astype(float)),
        "mean": f.mean(loss),
        "sums": f.sums(columns, lambda total: f.ratio(total[:, 0], total[:, 1])),
    }


def at(bind, weight, cases=None):
    cases = np.arange(len(weight)) if cases is None else cases
    return bind(cases)(np.asarray(weight, dtype=float)[None])[0]


@settings(max_examples=200, deadline=None)
@given(judged())
def test_area_under_the_curve_is_scikit_learns_with_ties_and_weights(case):
    scores, truth, weight = case
    ours = at(f.roc_auc(scores, truth), weight)

    if weight[truth == 1].sum() == 0 or weight[truth == 0].sum() == 0:
        assert np.isnan(ours)
    else:
        theirs = sk.roc_auc_score(truth, scores, sample_weight=weight)
        assert ours == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(judged())
def test_average_precision_is_scikit_learns_with_ties_and_weights(case):
    scores, truth, weight = case
    ours = at(f.average_precision(scores, truth), weight)

    if weight[truth == 1].sum() == 0:
        assert np.isnan(ours)
    else:
        theirs = sk.average_precision_score(truth, scores, sample_weight=weight)
        assert ours == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(judged())
def test_a_weight_of_two_is_the_row_twice(case):
    scores, truth, weight = case
    twice = np.repeat(np.arange(len(truth)), weight.astype(int))

    for name, bind in every(scores, truth).items():
        doubled = every(scores[twice], truth[twice])[name]
        if len(twice):
            assert at(bind, weight) == pytest.approx(
                at(doubled, np.ones(len(twice))), abs=1e-12, nan_ok=True
            ), name


@settings(max_examples=100, deadline=None)
@given(judged(), st.randoms())
def test_the_order_of_cases_and_of_resamples_does_not_matter(case, random):
    scores, truth, weight = case
    order = np.array(random.sample(range(len(truth)), len(truth)))
    resamples = np.stack([weight, np.ones(len(weight)), weight[::-1]])

    for name, bind in every(scores, truth).items():
        values = bind(np.arange(len(truth)))(resamples)
        permuted = bind(order)(resamples[:, order])
        assert permuted == pytest.approx(values, abs=1e-12, nan_ok=True), name
        backwards = bind(np.arange(len(truth)))(resamples[::-1])
        assert backwards[::-1] == pytest.approx(values, abs=1e-12, nan_ok=True), name


@settings(max_examples=100, deadline=None)
@given(judged(least=4), st.data())
def test_a_slice_is_the_subset_on_its_own(case, data):
    scores, truth, weight = case
    n = len(truth)
    cases = np.array(sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1))))

    for name, bind in every(scores, truth).items():
        alone = every(scores[cases], truth[cases])[name]
        assert at(bind, weight[cases], cases) == pytest.approx(
            at(alone, weight[cases]), abs=1e-12, nan_ok=True
        ), name


def test_calibration_error_is_the_definition_written_out():
    random = np.random.default_rng(1)
    forecast = np.sort(random.random(300))
    outcome = (random.random(300) < forecast**2).astype(float)

    parts = at(f.calibration_error(forecast, outcome), np.ones(300))

    gaps = [
        abs(forecast[i : i + 20].mean() - outcome[i : i + 20].mean()) for i in range(0, 300, 20)
    ]
    assert np.abs(parts).sum() == pytest.approx(np.mean(gaps), abs=1e-12)
