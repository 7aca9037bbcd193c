"""Resampled weights: what every interval rests on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.stats import bootstrap
from twinkeel.stats.bootstrap import resampling

UNITS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


def all_weights(plan):
    return np.concatenate(list(plan.batches()))


@given(UNITS, st.integers(0, 5))
def test_cases_of_one_unit_are_always_drawn_together(units, seed):
    weights = all_weights(resampling(units, resamples=20, seed=seed))

    assert weights.shape == (20, len(units))
    for unit in set(units):
        together = weights[:, [u == unit for u in units]]
        assert (together == together[:, :1]).all()


@given(UNITS)
def test_each_resample_draws_as_many_units_as_there_are(units):
    weights = all_weights(resampling(units, resamples=15))

    first = [units.index(unit) for unit in sorted(set(units))]
    assert (weights[:, first].sum(axis=1) == len(first)).all()


@given(UNITS, st.randoms())
def test_the_order_of_the_cases_changes_no_draw(units, random):
    order = random.sample(range(len(units)), len(units))

    one = all_weights(resampling(units, resamples=9))
    other = all_weights(resampling([units[i] for i in order], resamples=9))

    assert (one[:, order] == other).all()


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    units = [str(i) for i in range(50)]
    same = [all_weights(resampling(units, resamples=10, seed=3)) for _ in range(2)]
    other = all_weights(resampling(units, resamples=10, seed=4))

    assert (same[0] == same[1]).all()
    assert (same[0] != other).any()


def test_own_weights_multiply_the_draws():
    units, own = ["a", "b", "c"], [0.5, 2.0, 0.0]

    plain = all_weights(resampling(units, resamples=12))
    weighted = all_weights(resampling(units, weight=own, resamples=12))

    assert (weighted == plain * own).all()


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 3))
def test_batches_stay_within_their_memory_and_add_up(thousands):
    units = [str(i) for i in range(1000 * thousands)]
    batches = list(resampling(units, resamples=2500).batches())

    assert sum(len(batch) for batch in batches) == 2500
    assert max(batch.nbytes for batch in batches) <= bootstrap.BATCH_BYTES
    assert np.concatenate(batches).mean() == 1.0


def test_no_cases_give_no_weights():
    assert list(resampling([]).batches()) == []


@given(UNITS)
def test_each_unit_is_left_out_once(units):
    weights = np.concatenate(list(resampling(units).left_out()))

    assert len(weights) == len(set(units))
    for row, unit in zip(weights, sorted(set(units)), strict=True):
        assert [kept == 0 for kept in row] == [u == unit for u in units]


def test_many_units_are_left_out_in_blocks_of_equal_size():
    weights = np.concatenate(list(resampling([f"{i:05d}" for i in range(5000)]).left_out()))

    assert ((weights == 0).sum(axis=1) == 5000 / bootstrap.BLOCKS).all()
    assert ((weights == 0).sum(axis=0) == 1).all()
