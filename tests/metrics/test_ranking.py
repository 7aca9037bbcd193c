"""Ranking measures of one case."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.metrics import ranking

FOUND = st.lists(st.integers(0, 1), max_size=10)


def test_a_wanted_name_counts_once():
    assert ranking.relevance(["b", "a", "b", "c"], ["b", "c", "d"]) == [1, 0, 0, 1]


def test_recall_counts_what_was_never_found():
    assert ranking.recall([0, 1, 1], 4, at=2) == 0.25
    assert ranking.recall([0, 1, 1], 4, at=10) == 0.5


def test_reciprocal_rank_is_of_the_first_hit():
    assert ranking.reciprocal_rank([0, 0, 1, 1], at=10) == pytest.approx(1 / 3)
    assert ranking.reciprocal_rank([0, 0, 1], at=2) == 0.0


def test_ndcg_agrees_with_a_sum_by_hand():
    ideal = 1 + 1 / math.log2(3)

    assert ranking.ndcg([0, 1, 1], 2, at=10) == pytest.approx((1 / math.log2(3) + 0.5) / ideal)
    assert ranking.ndcg([1, 1], 2, at=10) == pytest.approx(1.0)


@given(FOUND, st.integers(1, 10))
def test_all_stay_between_none_and_all(found, at):
    wanted = max(sum(found), 1)

    for value in (
        ranking.recall(found, wanted, at=at),
        ranking.reciprocal_rank(found, at=at),
        ranking.ndcg(found, wanted, at=at),
    ):
        assert 0 <= value <= 1 + 1e-12
