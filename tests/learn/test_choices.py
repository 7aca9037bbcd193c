"""Folds, ensembles, calibrations and decisions: the pure choices that training makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from twinkeel.learn import calibrate
from twinkeel.learn.calibrate import Calibration, log_loss, sigmoid
from twinkeel.learn.decide import by_costs, by_f1
from twinkeel.learn.ensemble import ENDLESS, Size, select
from twinkeel.learn.folds import folds
from twinkeel.learn.objectives.classes import ClassLoss
from twinkeel.learn.statistics import SMOOTHING, out_of_fold, statistics
from twinkeel.learn.targets import Targets

CLASSES = st.lists(st.integers(0, 2), min_size=12, max_size=80).map(np.array)


@given(CLASSES, st.integers(2, 6))
def test_each_row_judges_once_and_classes_are_spread_evenly(y, count):
    splits = folds(y, count=count, seed=0)

    judged = np.concatenate([split.valid for split in splits])
    assert sorted(judged.tolist()) == list(range(len(y)))
    for k in np.unique(y):
        shares = [(y[split.valid] == k).sum() for split in splits]
        assert max(shares) - min(shares) <= 1


@given(CLASSES, st.integers(2, 8))
def test_a_group_is_never_on_both_sides(y, groups):
    group = np.arange(len(y)) % groups

    for split in folds(y, count=5, seed=0, groups=group):
        assert not set(group[split.train]) & set(group[split.valid])


@given(st.lists(st.integers(0, 30), min_size=10, max_size=60))
def test_folds_in_time_only_learn_from_the_past(moments):
    time = np.array(moments)

    for split in folds(np.zeros(len(time), int), count=5, seed=0, time=time):
        assert time[split.train].max() < time[split.valid].min()


def test_statistics_of_rare_levels_stay_near_the_average():
    codes = np.array([1] * 50 + [2] * 50 + [3])
    target = np.array([1.0] * 50 + [0.0] * 50 + [1.0])[:, None]

    found = statistics(codes, target, np.ones(101), 3)[:, 0]

    average = target.mean()
    assert found[0] == pytest.approx(average)
    assert found[1] == pytest.approx((50 + SMOOTHING * average) / (50 + SMOOTHING))
    assert abs(found[3] - average) < 0.1


def test_out_of_fold_statistics_do_not_tell_a_row_its_own_target():
    rng = np.random.default_rng(0)
    codes = np.arange(1, 2001) % 1000 + 1  # two rows a level: all noise
    target = rng.integers(0, 2, 2000).astype(float)[:, None]

    honest = out_of_fold(codes, target, np.ones(2000), 1000, seed=0)[:, 0]
    leaky = statistics(codes, target, np.ones(2000), 1000)[codes, 0]

    assert abs(np.corrcoef(honest, target[:, 0])[0, 1]) < 0.1
    assert np.corrcoef(leaky, target[:, 0])[0, 1] > 0.5


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: any(second for _, second in rows)
    )
)
def test_no_threshold_has_a_better_f1(rows):
    probability, second = (np.array(part) for part in zip(*rows, strict=True))

    decision = by_f1(probability, second, np.ones(len(second)))

    chosen = decision.choose(np.column_stack([1 - probability, probability]))
    best = max(f1_score(second, probability >= t, zero_division=0) for t in probability)
    assert f1_score(second, chosen) == pytest.approx(best)


@given(st.lists(st.floats(0, 100), min_size=4, max_size=4), st.floats(0.001, 0.999))
def test_a_decision_by_costs_never_costs_more_than_the_other(costs, probability):
    matrix = np.array(costs).reshape(2, 2)
    expected = np.array([1 - probability, probability]) @ matrix

    chosen = by_costs(matrix).choose(np.array([[1 - probability, probability]]))[0]

    assert expected[chosen] <= expected.min() + 1e-9


def test_costs_of_several_classes_choose_the_cheapest():
    decision = by_costs(np.array([[0.0, 1.0, 9.0], [5.0, 0.0, 9.0], [9.0, 9.0, 0.0]]))

    assert decision.choose(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])).tolist() == [1, 2]


def sample(n: int = 4000) -> tuple[np.ndarray, Targets]:
    """Log-odds and what came of them."""
    rng = np.random.default_rng(0)
    margin = rng.normal(-0.5, 2, n)
    y = (rng.random(n) < sigmoid(margin)).astype(np.intp)
    return margin[:, None], Targets(y, np.ones(n), ClassLoss(2))


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_calibration_undoes_what_makes_log_odds_too_large_or_too_small(factor):
    margin, targets = sample()
    part = np.arange(len(margin)) % 5

    found = calibrate.fit(margin * factor, targets, part).outputs(margin * factor)

    truth = sigmoid(margin[:, 0])
    assert np.abs(found[:, 1] - truth).mean() < 0.02


def test_a_line_is_chosen_where_a_temperature_cannot_help():
    margin, targets = sample()
    part = np.arange(len(margin)) % 5

    found = calibrate.fit(margin + 2.0, targets, part)

    loss = log_loss(found.outputs(margin + 2.0), targets.y, targets.weight)
    best = log_loss(Calibration(a=1, b=1, c=0).outputs(margin), targets.y, targets.weight)
    assert found.name == "Platt"
    assert loss < best + 0.002


def test_probabilities_that_are_right_are_left_as_they_are():
    margin, targets = sample()
    part = np.arange(len(margin)) % 5

    assert calibrate.fit(margin, targets, part).name == "none"


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_class_among_very_many_rows_keeps_its_rate(seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(-9, 2, 400_000)
    y = (rng.random(len(truth)) < sigmoid(truth)).astype(np.intp)
    margin, targets = 0.5 * truth[:, None] + 3, Targets(y, np.ones(len(y)), ClassLoss(2))

    found = calibrate.fit(margin, targets, np.arange(len(y)) % 5).outputs(margin)

    assert found[:, 1].sum() == pytest.approx(y.sum(), rel=0.03)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-5, 5))
def test_calibrations_never_change_the_order(a, b, c):
    margin = np.linspace(-30, 30, 200)[:, None]

    found = Calibration(a=a, b=b, c=c).outputs(margin)[:, 1]

    assert (np.diff(found) >= 0).all()
    assert np.isfinite(found).all()


def test_an_ensemble_takes_what_helps_and_leaves_the_rest():
    margin, targets = sample()
    rng = np.random.default_rng(1)
    one, other = (margin + rng.normal(0, 1, margin.shape) for _ in range(2))
    noise = rng.normal(0, 3, margin.shape)

    weights = select([one, other, noise], targets, [Size(10, 10)] * 3, price=2e-7)

    assert weights[:2] == pytest.approx([0.5, 0.5], abs=0.2)
    assert weights[2] < 0.1


def test_an_ensemble_does_not_grow_for_next_to_nothing():
    margin, targets = sample()
    almost = margin + np.random.default_rng(1).normal(0, 1e-4, margin.shape)

    weights = select([margin, almost], targets, [Size(10, 10), Size(10, 100_000)], price=2e-7)

    assert weights.tolist() == [1.0, 0.0]


def test_a_limit_on_trees_to_compile_is_none_on_what_has_no_trees():
    margin, targets = sample()
    rng = np.random.default_rng(1)
    trees, net = (margin + rng.normal(0, 1, margin.shape) for _ in range(2))
    sizes = [Size(trees=100, cost=100), Size(trees=0, cost=5_000)]

    def chosen(**most: float) -> list[bool]:
        limit = ENDLESS._replace(**most)
        return (select([trees, net], targets, sizes, price=0.0, most=limit) > 0).tolist()

    assert chosen() == chosen(trees=100) == [True, True]
    assert chosen(trees=50) == [False, True]
    assert chosen(cost=200) == [True, False]
    assert chosen(trees=50, cost=200) == [False, True]


def test_an_ensemble_has_no_more_trees_than_there_is_time_for():
    margin, targets = sample()
    rng = np.random.default_rng(1)
    one, other, third = (margin + rng.normal(0, 1, margin.shape) for _ in range(3))

    weights = select(
        [one, other, third],
        targets,
        [Size(size, size) for size in (40, 50, 100)],
        price=0.0,
        most=Size(95, 1e9),
    )

    assert weights[2] == 0.0
    assert (weights > 0).sum() == 2
