"""Shifts of columns: what is found, what is not, and what a quiet signal could have seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twinkeel.stats import schedule, tails
from twinkeel.stats.bins import Bins, number_bins, text_bins
from twinkeel.stats.dependence import design_effects, since
from twinkeel.stats.shift import Shift, shifts

LEVEL = 1e-3


def counts(bins: Bins, values: object) -> np.ndarray:
    return np.bincount(bins.code(values), minlength=bins.size).astype(float)  # type: ignore[arg-type]


def alarms(bins: Bins, values: object) -> dict[str, Shift]:
    found = shifts(bins, counts(bins, values), level=LEVEL)
    return {one.test: one for one in found if one.alarm}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_moved_mean_is_found_with_its_size(rng: np.random.Generator) -> None:
    bins = number_bins(rng.normal(10, 2, 2_000))

    found = alarms(bins, rng.normal(11, 2, 1_000))

    assert set(found) == {"place"}
    assert found["place"].size == pytest.approx(0.5, abs=0.1)


def test_a_wider_spread_is_found(rng: np.random.Generator) -> None:
    bins = number_bins(rng.normal(size=2_000))

    assert set(alarms(bins, rng.normal(0, 1.5, 1_000))) == {"spread"}


def test_what_has_not_moved_is_quiet_and_says_what_it_would_have_seen(
    rng: np.random.Generator,
) -> None:
    bins = number_bins(rng.normal(size=2_000))

    found = shifts(bins, counts(bins, rng.normal(size=500)), level=LEVEL)

    assert not any(one.alarm for one in found)
    assert [round(float(one.smallest), 1) for one in found if one.test == "place"] == [0.2]


def test_a_shift_of_the_smallest_size_is_found_four_times_out_of_five(
    rng: np.random.Generator,
) -> None:
    hits = 0
    for _ in range(200):
        bins = number_bins(rng.normal(size=1_000))
        smallest = shifts(bins, counts(bins, rng.normal(size=500)), level=LEVEL)[1].smallest
        hits += "place" in alarms(bins, rng.normal(size=500) + smallest)

    assert 0.7 < hits / 200 < 0.9


def test_a_tiny_shift_of_very_many_calls_is_no_alarm(rng: np.random.Generator) -> None:
    bins = number_bins(rng.normal(size=100_000))

    assert alarms(bins, rng.normal(size=100_000) + 0.05) == {}


def test_values_that_go_missing_are_found() -> None:
    bins = number_bins(range(1_000))

    found = alarms(bins, [*range(900), *[None] * 100])

    assert found["missing"].size == pytest.approx(0.1)


def test_a_new_category_is_a_shift_of_the_mix() -> None:
    bins = text_bins(["a", "b"] * 500)

    found = alarms(bins, ["a", "b"] * 200 + ["new"] * 100)

    assert found["mix"].size == pytest.approx(0.2)


@pytest.mark.parametrize("values", [[], [None] * 500, ["x"] * 500, [float("inf")] * 500])
def test_no_window_breaks_a_column(values: list[object]) -> None:
    for bins in (number_bins([1.0] * 500), text_bins(["x"] * 500), number_bins([None] * 500)):
        for one in shifts(bins, counts(bins, values), level=LEVEL):
            assert np.isfinite([one.p, one.size, one.smallest]).all()


@pytest.mark.parametrize("form", ["numbers", "texts"])
def test_many_windows_at_once_are_judged_as_each_alone(rng: np.random.Generator, form: str) -> None:
    texts = text_bins(list("abcdefghijklmnopqrst") * 40 + [None] * 9)
    bins = texts if form == "texts" else number_bins([*rng.normal(size=900), *[None] * 20])
    now = rng.poisson([[0.2], [2], [20], [200]], size=(4, bins.size)).astype(float)
    level, design = np.asarray([1e-2, 1e-3, 1e-4, 1e-5]), np.asarray([1.0, 1.5, 2.0, 9.0])

    every = {one.test: one for one in shifts(bins, now, level=level, design=design)}

    for i in range(4):
        alone = shifts(bins, now[i], level=level[i], design=design[i])
        tested = {name for name, one in every.items() if not np.isnan(one.p[i])}
        assert {one.test for one in alone} == tested
        for one in alone:
            found = every[one.test].at(i)
            expected = [float(one.p), float(one.size), float(one.smallest)]
            assert [found.p, found.size, found.smallest] == pytest.approx(expected)
            assert found.alarm == bool(one.alarm)


def test_design_effects_never_look_ahead(rng: np.random.Generator) -> None:
    sums, n = rng.normal(size=240), rng.poisson(3, size=240).astype(float)

    whole = design_effects(sums, n, per_cycle=24)

    assert len(whole) == 11
    for cycles in range(11):
        upto = design_effects(sums[: cycles * 24], n[: cycles * 24], per_cycle=24)
        assert upto == pytest.approx(whole[: cycles + 1])


def test_a_constant_column_that_leaves_its_value_is_found() -> None:
    bins = number_bins([7.0] * 500)

    assert "place" in alarms(bins, [7.0] * 300 + [8.0] * 200)
    assert alarms(bins, [7.0] * 500) == {}


def test_bursts_count_for_less_than_independent_calls(rng: np.random.Generator) -> None:
    level = np.repeat(rng.normal(size=480), 20) + 0.1 * rng.normal(size=9_600)
    sums = level.reshape(96, 100).sum(axis=1)
    independent = rng.normal(size=9_600).reshape(96, 100).sum(axis=1)
    n = np.full(96, 100.0)

    assert design_effects(sums, n, per_cycle=24)[-1] > 10
    assert design_effects(independent, n, per_cycle=24)[-1] < 1.5


def test_since_is_the_cell_of_the_step(rng: np.random.Generator) -> None:
    sums = rng.normal(size=100) + np.where(np.arange(100) < 60, 0, 5)

    assert since(sums, np.ones(100)) == 60


def test_a_month_of_windows_spends_no_more_than_its_budget() -> None:
    day = 86_400.0
    spent = sum(
        schedule.level(window.length, false_alarms=1, cycle=day)
        for cycle in range(32, 62)
        for window in schedule.ending(cycle)
    )

    assert 0.9 < spent <= 1.001


@given(st.floats(0.01, 80), st.integers(1, 40))
def test_chi_square_tails_are_those_of_scipy(statistic: float, degrees: int) -> None:
    assert tails.chi_square(statistic, degrees) == pytest.approx(
        stats.chi2.sf(statistic, degrees), rel=1e-6
    )


@given(st.integers(0, 60), st.integers(60, 500), st.integers(0, 60), st.integers(60, 500))
def test_shares_are_compared_exactly_where_they_are_rare(k: int, n: int, big: int, m: int) -> None:
    table = [[k, n - k], [big, m - big]]
    one = min(stats.fisher_exact(table, side).pvalue for side in ("less", "greater"))

    if k + big and min(k + big, n + m - k - big) < 200:
        assert tails.share(k, n, big, m) == pytest.approx(min(1, 2 * one), rel=1e-6)
