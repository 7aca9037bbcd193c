"""Accuracy or latency: which ensemble is served, and what is kept of the others."""

from __future__ import annotations

import pandas as pd
import pytest

from twinkeel.errors import InputError
from twinkeel.learn import TabularClassifier
from twinkeel.learn.preference import MOST, Preference


@pytest.fixture(scope="module")
def customers(telco) -> tuple[pd.DataFrame, object]:
    return pd.DataFrame(dict(telco.table.columns)), telco.target


def fitted(customers, **options) -> TabularClassifier:
    return TabularClassifier(work_limit=2, random_state=0, **options).fit(*customers)


def test_latency_takes_no_more_trees_than_accuracy_and_the_frontier_says_so(customers):
    frontier = fitted(customers, prefer="latency").trained_.card.frontier

    by_name = {point.prefer: point for point in frontier}
    assert list(by_name) == ["accuracy", "balanced", "latency"]
    assert [point.prefer for point in frontier if point.served] == ["latency"]
    assert by_name["latency"].trees <= by_name["balanced"].trees <= by_name["accuracy"].trees
    assert by_name["accuracy"].loss == 1.0
    assert by_name["latency"].milliseconds > 0


def test_a_limit_that_nothing_meets_serves_the_quickest_and_says_so(customers):
    card = fitted(customers, prefer=1e-6).trained_.card

    assert [point.prefer for point in card.frontier if point.served] == ["latency"]
    assert "latency_limit of 1e-06 ms" in card.notes[-1]


def test_a_limit_that_everything_meets_serves_the_most_accurate(customers):
    card = fitted(customers, prefer=1e6).trained_.card

    assert [point.prefer for point in card.frontier if point.served] == ["accuracy"]


def test_a_name_keeps_to_its_size_where_something_is_as_small(customers, monkeypatch):
    monkeypatch.setitem(MOST, "balanced", 100)

    card = fitted(customers).trained_.card

    (served,) = (point for point in card.frontier if point.served)
    assert served.prefer == "balanced"
    assert served.trees <= 100
    assert card.frontier[0].trees > 100


@pytest.mark.parametrize("wrong", [{"prefer": "speed"}, {"prefer": 0}, {"prefer": None}])
def test_a_preference_that_is_none_is_one_sentence(customers, wrong):
    with pytest.raises(InputError, match=r"must be .*, not "):
        fitted(customers, **wrong)


def test_the_default_is_balanced():
    assert Preference().checked().prefer == "balanced"
