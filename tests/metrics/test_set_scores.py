"""Coverage of sets by class and by group, and what decisions come to."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.metrics import sets
from twinkeel.metrics.classification import DecisionRule, measures
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Evidence


def evidence(n: int, slices: dict[str, list[str]]) -> Evidence:
    ids = tuple(map(str, range(n)))
    return Evidence(ids=ids, units=ids, expected=[""] * n, outputs={}, slices=slices)


def test_coverage_is_scored_for_each_class_each_group_and_the_worst():
    rng = np.random.default_rng(0)
    expected = rng.integers(0, 2, 400)
    sex = np.where(rng.random(400) < 0.5, "f", "m")
    members = np.ones((400, 2), dtype=bool)
    bad = np.flatnonzero((expected == 1) & (sex == "f"))[::2]
    members[bad, 1] = False
    slices = {"sex": sex.tolist()}

    found = sets.measures(expected, members, classes=("no", "yes"), slices=slices)
    card = scorecard(found, evidence(400, slices))

    yes = card.get("coverage[class=yes]")
    assert yes.n == (expected == 1).sum()
    assert yes.value == pytest.approx(members[expected == 1, 1].mean())
    assert yes.low < yes.value < yes.high
    assert card.get("coverage[class=no]").value == 1
    assert card.get("coverage[sex=m]").value == 1
    assert card.get("worst_coverage").value == pytest.approx(0.5, abs=0.02)
    assert card.get("set_size").value == pytest.approx(members.sum(axis=1).mean())
    assert card.get("singleton_share").value == pytest.approx(len(bad) / 400)


def test_a_case_that_is_left_to_a_person_is_neither_right_nor_acted_upon():
    rng = np.random.default_rng(0)
    p = rng.random(300)
    expected = (rng.random(300) < p).astype(np.intp)
    rule = DecisionRule(("no", "yes"), positive=1, threshold=0.5, support=0.8)

    found = measures(expected, np.column_stack([1 - p, p]), rule=rule, slices={})
    card = scorecard(found, evidence(300, {}))

    left = np.maximum(p, 1 - p) < 0.8
    wrong = ~left & ((p >= 0.5) != expected)
    assert card.get("abstained_share").value == pytest.approx(left.mean())
    assert card.get("risk").value == pytest.approx(wrong.sum() / (~left).sum())
    assert card.get("acted_share").value == pytest.approx((p >= 0.8).mean())
    assert card.get("precision").value == pytest.approx(expected[p >= 0.8].mean())
    assert card.get("accuracy").value == pytest.approx(1 - (left | wrong).mean())


def test_a_review_costs_what_it_costs_and_a_gain_is_less_than_nothing():
    costs = np.array([[0.0, 1.0], [0.0, -10.0]])
    p = np.repeat([0.01, 0.085, 0.9], 20)
    rule = DecisionRule(("no", "yes"), positive=1, costs=costs, review=-0.1)

    found = measures(np.repeat([0, 1, 1], 20), np.column_stack([1 - p, p]), rule=rule, slices={})

    # expected at best: 0 (no), 0 (no) and -8.9 (yes); the first two are reviewed
    assert scorecard(found, evidence(60, {})).get("cost").value == pytest.approx(-10.2 / 3)
