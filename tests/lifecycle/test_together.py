"""Inputs jointly: columns that each look as they did, and no longer go together."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.stats.bins import number_bins
from twinkeel.stats.pairs import parted
from twinkeel.stats.shift import shifts

LEVEL = 1e-5


def drawn(seed: int, n: int, correlation: float) -> np.ndarray:
    """Four standard normals, of which the first two correlate."""
    mixed = np.eye(4)
    mixed[0, 1] = mixed[1, 0] = correlation
    return np.random.default_rng(seed).multivariate_normal(np.zeros(4), mixed, size=n)


def test_a_pair_that_turns_is_found_where_no_column_alone_is() -> None:
    then, now = drawn(0, 2_000, 0.5), drawn(1, 500, -0.5)

    found = parted(then, now, level=LEVEL, design=np.ones(4))

    assert found is not None
    assert (found.first, found.second) == (0, 1)
    assert found.p < LEVEL
    assert found.now - found.then < -found.smallest
    for j in range(4):
        bins = number_bins(then[:, j])
        counts = np.bincount(bins.code(now[:, j]), minlength=bins.size).astype(float)
        assert not any(test.alarm for test in shifts(bins, counts, level=LEVEL))


@pytest.mark.parametrize("seed", range(5))
def test_the_same_world_is_quiet(seed: int) -> None:
    found = parted(
        drawn(seed, 2_000, 0.5), drawn(99 + seed, 500, 0.5), level=LEVEL, design=np.ones(4)
    )

    assert found is not None
    assert found.p > LEVEL


def test_columns_that_only_move_or_stretch_still_go_together() -> None:
    now = drawn(1, 500, 0.5) * 3 + 2

    found = parted(drawn(0, 2_000, 0.5), now, level=LEVEL, design=np.ones(4))

    assert found is not None
    assert found.p > LEVEL


def test_calls_that_depend_on_each_other_count_for_less() -> None:
    then, now = drawn(0, 2_000, 0.5), drawn(1, 500, 0.2)

    alone = parted(then, now, level=LEVEL, design=np.ones(4))
    bursts = parted(then, now, level=LEVEL, design=np.full(4, 5.0))

    assert alone is not None
    assert bursts is not None
    assert bursts.p > alone.p
    assert bursts.smallest > alone.smallest


def test_missing_constant_and_few_values_are_no_pair() -> None:
    then, now = drawn(0, 2_000, 0.5), drawn(1, 500, -0.5)
    now[:, 0] = np.nan
    then[:, 2] = 1.0
    now[100:, 3] = np.nan

    assert parted(then, now, level=LEVEL, design=np.ones(4)) is None
