"""Differences between groups, by their definitions (Hardt et al. 2016; Fairlearn)."""

import numpy as np
import pytest

from twinkeel.metrics.classification import DecisionRule, measures
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Evidence


def card(expected, probabilities, groups, *, weight=None, classes=("No", "Yes")):
    names = tuple(f"{i:05d}" for i in range(len(expected)))
    found = measures(
        np.asarray(expected),
        np.asarray(probabilities),
        rule=DecisionRule(classes),
        slices={"gender": groups},
    )
    evidence = Evidence(
        ids=names,
        units=names,
        expected=[],
        outputs={},
        slices={"gender": groups},
        weight=weight,
    )
    return scorecard(found, evidence, resamples=300)


def people(n=900, seed=0, bias=0.0):
    random = np.random.default_rng(seed)
    groups = random.choice(["F", "M", "X"], n, p=[0.4, 0.4, 0.2])
    up = np.clip(random.random(n) + bias * (groups == "M"), 0.01, 0.99)
    expected = (random.random(n) < up).astype(int)
    return expected, np.column_stack([1 - up, up]), list(groups), random


def widest(hits, among, groups, weight):
    rates = []
    for group in set(groups):
        of = among & (np.array(groups) == group)
        rates.append(np.average(hits[of], weights=weight[of]))
    return max(rates) - min(rates)


@pytest.mark.parametrize("weighted", [False, True])
def test_both_differences_are_their_definitions_with_three_groups(weighted):
    expected, probabilities, groups, random = people()
    weight = random.integers(1, 4, len(expected)) if weighted else np.ones(len(expected))

    made = card(expected, probabilities, groups, weight=list(map(float, weight)))

    chosen = probabilities[:, 1] >= 0.5
    everyone = np.ones(len(expected), dtype=bool)
    parity = made.get("demographic_parity_difference[gender]")
    odds = made.get("equalized_odds_difference[gender]")
    assert parity.value == pytest.approx(widest(chosen, everyone, groups, weight))
    assert odds.value == pytest.approx(
        max(widest(chosen, expected == k, groups, weight) for k in (0, 1))
    )
    assert (parity.direction, parity.slice) == ("lower", "gender")


def test_a_large_bias_is_above_zero_and_none_is_not():
    biased = card(*people(bias=0.4)[:3]).get("demographic_parity_difference[gender]")
    fair = card(*people(bias=0.0)[:3]).get("demographic_parity_difference[gender]")

    assert biased.low > 0.2
    assert fair.low == 0 < fair.value < fair.high


def test_more_classes_take_each_against_the_rest():
    random = np.random.default_rng(0)
    expected, groups = random.integers(0, 3, 600), random.choice(["F", "M"], 600)
    probabilities = random.dirichlet(np.ones(3), 600)

    made = card(expected, probabilities, list(groups), classes=("a", "b", "c"))

    decided, everyone = probabilities.argmax(axis=1), np.ones(600, dtype=bool)
    wanted = max(widest(decided == k, everyone, groups, np.ones(600)) for k in range(3))
    assert made.get("demographic_parity_difference[gender]").value == pytest.approx(wanted)


def test_one_tiny_group_leaves_the_difference_unjudged_and_named():
    expected, probabilities, groups, _ = people()
    groups[:] = ["F", "M"] * 450
    groups[0:3] = ["X"] * 3

    parity = card(expected, probabilities, groups).get("demographic_parity_difference[gender]")

    assert (parity.value, parity.low) == (None, None)
    assert parity.note == "cannot judge: 3 cases of gender=X where 20 are needed"


def test_one_group_alone_has_nothing_to_be_compared_with():
    expected, probabilities, groups, _ = people()

    alone = card(expected, probabilities, ["F"] * len(groups))

    parity = alone.get("demographic_parity_difference[gender]")
    assert parity.value is None
    assert "only one group" in parity.note
