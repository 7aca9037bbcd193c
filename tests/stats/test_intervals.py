"""Intervals against tables, exact formulas and their own promises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twinkeel.stats import intervals


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (7, 20), (81, 263), (1399, 1409)])
def test_wilson_is_scipys(hits, n):
    theirs = stats.binomtest(hits, n).proportion_ci(method="wilson")

    ours = intervals.wilson(hits / n, n)

    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_holds_its_share_and_narrows_with_more_cases(hits, misses):
    n = max(1, hits + misses)
    few, many = intervals.wilson(hits / n, n), intervals.wilson(hits / n, 4 * n)

    assert few.low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= few.high
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("n", [10, 20, 50, 1000])
def test_symmetric_resamples_are_widened_as_students_distribution_asks(n):
    drawn = stats.norm.ppf(np.linspace(1e-6, 1 - 1e-6, 200_001))
    wanted = stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1))

    low, high = intervals.accelerated(0.0, drawn, np.array([-1.0, 0.0, 1.0]), n=n)

    assert (low, high) == pytest.approx((-wanted, wanted), abs=0.01)


def test_bias_and_skewness_are_corrected_as_scipy_does():
    sample = np.random.default_rng(3).exponential(size=400)
    theirs = stats.bootstrap(
        (sample,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(0)
    )
    left_out = (sample.sum() - sample) / 399

    ours = intervals.accelerated(sample.mean(), theirs.bootstrap_distribution, left_out, n=10**9)

    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


def test_nothing_seen_in_a_hundred_cases_happens_in_at_most_three_percent():
    assert intervals.reach(100) == 0.03
    assert intervals.reach(2) == 1.0


@pytest.mark.parametrize("n", [6, 9, 20, 51, 200])
def test_the_medians_interval_holds_it_with_the_exact_binomial_chance(n):
    low, high = intervals.order(np.arange(n, dtype=float))

    inside = stats.binom.cdf(high, n, 0.5) - stats.binom.cdf(low, n, 0.5)
    narrower = stats.binom.cdf(high - 1, n, 0.5) - stats.binom.cdf(low + 1, n, 0.5)
    assert narrower < 0.95 <= inside


def test_five_repetitions_are_too_few_for_a_medians_interval():
    assert intervals.order(np.arange(5.0)) is None


def test_equal_weights_are_worth_their_number_and_unequal_ones_less():
    assert intervals.kish(np.full(40, 0.3)) == pytest.approx(40)
    assert intervals.kish(np.array([1.0, 0, 0, 0])) == 1
    assert 1 < intervals.kish(np.array([3.0, 1.0])) < 2


def test_a_share_over_alike_units_rests_on_the_units():
    alike = np.random.default_rng(0).binomial(50, 0.4, size=2000) / 50
    mixed = np.random.default_rng(0).binomial(500, 0.4, size=2000) / 500

    assert intervals.effective(0.4, alike, cases=500, units=50) == pytest.approx(50, rel=0.1)
    assert intervals.effective(0.4, mixed, cases=500, units=50) == pytest.approx(500, rel=0.1)
    assert intervals.effective(1.0, mixed, cases=500, units=50) == 50


def test_groups_that_never_differ_are_bounded_by_the_rule_of_three():
    never = np.zeros((1, 2))

    low, high = intervals.widest_gap(never, np.zeros((100, 1, 2)), n=60)

    assert (low, high) == (0.0, 0.05)


def test_an_interval_is_cut_to_what_is_possible():
    assert intervals.Interval(-0.2, 1.3).within((0, 1)) == (0, 1)
    assert intervals.Interval(0.5, 0.6).around(0.4) == (0.4, 0.6)
