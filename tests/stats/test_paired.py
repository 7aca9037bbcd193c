"""Paired differences: an interval that holds at every look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.stats.paired import paired


def test_the_interval_holds_at_all_looks_in_nearly_all_runs() -> None:
    generator = np.random.default_rng(0)
    missed = 0
    for _ in range(200):
        values = generator.uniform(-1, 1, 400) * 0.5 + 0.1
        looks = [paired(values[:n]) for n in (10, 50, 100, 200, 300, 400)]
        missed += any(not one.low <= 0.1 <= one.high for one in looks)

    assert missed <= 10  # 5% of 200, of which betting uses little


def test_a_clear_difference_is_seen_in_a_few_hundred() -> None:
    values = np.random.default_rng(1).normal(0.05, 0.1, 400).clip(-1, 1)

    found = paired(values)

    assert found.low > 0
    assert found.n == 400


def test_a_small_loss_of_two_alike_is_within_a_margin() -> None:
    values = np.random.default_rng(2).normal(0.0, 0.05, 1500).clip(-1, 1)

    assert paired(values).low > -0.01


@given(st.lists(st.floats(-1, 1), max_size=60))
def test_turning_the_signs_turns_the_interval(values: list[float]) -> None:
    one, other = paired(np.asarray(values)), paired(-np.asarray(values))

    assert one.low == pytest.approx(-other.high, abs=1e-5)
    assert -1 <= one.low <= one.high <= 1


def test_values_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        paired(np.asarray([0.0, 1.5]))
