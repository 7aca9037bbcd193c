"""Scorecards: slices, floors, rules of three, timings, and paired differences."""

import numpy as np
import pytest

from twinkeel.metrics import functionals as f
from twinkeel.metrics.classification import DecisionRule, measures
from twinkeel.metrics.measure import Measure
from twinkeel.metrics.scorecard import differences, scorecard
from twinkeel.records import Evidence

RULE = DecisionRule(("No", "Yes"))


def people(n=300, seed=0, noise=0.0):
    random = np.random.default_rng(seed)
    up = np.clip(random.beta(1, 2, n), 0.01, 0.99)
    expected = (random.random(n) < up).astype(int)
    shown = np.clip(up + noise * random.normal(size=n), 0.01, 0.99)
    return expected, np.column_stack([1 - shown, shown])


def evidence(n, **parts):
    names = tuple(f"{i:05d}" for i in range(n))
    return Evidence(**{"ids": names, "units": names, "expected": [], "outputs": {}, **parts})


def card(expected, probabilities, resamples=200, **parts):
    slices = parts.get("slices", {})
    made = measures(expected, probabilities, rule=RULE, slices=slices)
    return scorecard(made, evidence(len(expected), **parts), resamples=resamples)


def test_every_value_lies_in_its_interval_and_carries_its_n():
    expected, probabilities = people()
    made = card(expected, probabilities, slices={"plan": ["a", "b", "b"] * 100})

    assert len(made.scores) == 11 + 2 + 2 * 11
    assert all(score.low <= score.value <= score.high for score in made.scores)
    assert made.get("roc_auc").n == 300
    assert made.get("roc_auc[plan=b]").n == 200


def test_a_slices_value_is_that_of_its_cases_alone():
    expected, probabilities = people()
    slices = {"plan": ["a", "b", "b"] * 100}

    made = card(expected, probabilities, slices=slices)

    own = np.array(slices["plan"]) == "b"
    alone = card(expected[own], probabilities[own])
    for score in alone.scores:
        assert made.get(f"{score.name}[plan=b]").value == pytest.approx(score.value, abs=1e-12)


def test_the_order_of_the_cases_changes_nothing():
    expected, probabilities = people()
    names, order = evidence(300).ids, np.random.default_rng(1).permutation(300)

    plain = card(expected, probabilities)
    shuffled = card(expected[order], probabilities[order], units=tuple(names[i] for i in order))

    for one, other in zip(plain.scores, shuffled.scores, strict=True):
        assert (other.value, other.low, other.high) == pytest.approx(
            (one.value, one.low, one.high), abs=1e-9
        ), one.key


def test_the_same_seed_gives_the_same_scorecard():
    assert card(*people()) == card(*people())


def test_repeated_cases_of_the_same_units_do_not_narrow_an_interval():
    expected, probabilities = people(200)
    units = evidence(200).units

    once = card(expected, probabilities)
    fivefold = card(np.tile(expected, 5), np.tile(probabilities, (5, 1)), units=units * 5)

    for key in ("roc_auc", "log_loss", "accuracy", "f1"):
        one, five = once.get(key), fivefold.get(key)
        assert five.value == pytest.approx(one.value)
        assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.12)


def test_cases_of_no_weight_are_not_cases():
    expected, probabilities = people()
    weight = [1.0] * 200 + [0.0] * 100

    made = card(expected, probabilities, weight=weight)

    assert made.get("log_loss").n == 200
    few = card(expected, probabilities, weight=[1.0] * 15 + [0.0] * 285).get("log_loss")
    assert few.note == "cannot judge: 15 independent cases where 20 are needed"


def test_a_slice_of_few_cases_has_no_value_and_says_why():
    expected, probabilities = people()

    made = card(expected, probabilities, slices={"plan": ["rare"] * 19 + ["usual"] * 281})

    rare = made.get("accuracy[plan=rare]")
    assert (rare.value, rare.low, rare.high, rare.n) == (None, None, None, 19)
    assert rare.note == "cannot judge: 19 independent cases where 20 are needed"


def test_few_positives_leave_ranking_unjudged_but_not_accuracy():
    expected, probabilities = np.array([1] * 9 + [0] * 291), people()[1]

    made = card(expected, probabilities)

    note = "cannot judge: 9 cases of class 'Yes' where 10 are needed"
    assert [made.get(key).note for key in ("roc_auc", "average_precision", "f1")] == [note] * 3
    assert made.get("accuracy").value is not None


def test_no_cases_at_all_are_not_judged():
    made = card(np.zeros(0, dtype=int), np.zeros((0, 2)))

    assert {score.value for score in made.scores} == {None}


def test_a_perfect_ranking_is_known_only_to_the_rule_of_three():
    expected = np.array([0] * 260 + [1] * 40)
    up = np.linspace(0.01, 0.99, 300)

    auc = card(expected, np.column_stack([1 - up, up])).get("roc_auc")

    assert (auc.value, auc.high) == (1.0, 1.0)
    assert auc.low == pytest.approx(1 - 3 / 40)


def test_an_f1_of_zero_is_known_only_to_the_rule_of_three():
    expected = np.array([0] * 260 + [1] * 40)

    f1 = card(expected, np.tile([[0.9, 0.1]], (300, 1))).get("f1")

    assert (f1.value, f1.low) == (0.0, 0.0)
    assert f1.high == pytest.approx(3 / 40)


def test_without_bounds_and_variation_there_is_no_interval():
    constant = Measure("words", "lower", f.mean(np.full(50, 7.0)))

    words = scorecard([constant], evidence(50)).scores[0]

    assert (words.value, words.low, words.note) == (7.0, None, "no interval: no resample differs")


def test_timings_are_medians_and_sizes_are_exact():
    times = {
        "latency_ms": [float(t) for t in range(1, 21)],
        "rows_per_second": [5.0] * 3,
        "bundle_mb": [1.25],
    }

    latency, rows, size = scorecard([], evidence(30, timings=times)).scores

    assert (latency.value, latency.low, latency.high, latency.n) == (10.5, 6.0, 15.0, 20)
    assert latency.timing
    assert (rows.direction, rows.low) == ("higher", None)
    assert "fewer than 6" in rows.note
    assert (size.low, size.value, size.high, size.direction) == (1.25, 1.25, 1.25, "lower")


def both(candidate, production, expected, **parts):
    sides = [
        measures(expected, probabilities, rule=RULE, slices=parts.get("slices", {}))
        for probabilities in (candidate, production)
    ]
    return differences(*sides, evidence(len(expected), **parts), resamples=300)


def test_a_better_candidate_differs_by_a_positive_amount_in_any_direction():
    expected, good = people(1500)
    _, poor = people(1500, noise=0.5)

    found = both(good, poor, expected, slices={"plan": ["a", "b", "b"] * 500})

    for key in ("roc_auc", "log_loss", "brier", "accuracy", "roc_auc[plan=b]"):
        assert found[key].low > 0, key
        assert found[key].direction == "higher"
    swapped = both(poor, good, expected)
    assert swapped["log_loss"].value == pytest.approx(-found["log_loss"].value)


def test_pairing_narrows_the_interval_of_a_difference():
    expected, good = people(600)
    alike = np.clip(good + 0.01, 0.001, 0.999)
    alike /= alike.sum(axis=1, keepdims=True)

    paired = both(alike, good, expected)["log_loss"]
    single = card(expected, good).get("log_loss")

    assert paired.high - paired.low < (single.high - single.low) / 4


def test_the_same_answers_differ_by_nothing():
    expected, good = people(40)

    found = both(good, good, expected)

    assert {(s.low, s.value, s.high) for s in found.values() if s.value is not None} == {
        (0.0, 0.0, 0.0)
    }


def test_the_same_decisions_from_other_probabilities_are_not_proof_of_the_same_accuracy():
    expected, good = people(300)
    other = good.copy()
    other[:, 1] = good[:, 1] ** 1.01
    other[:, 0] = 1 - other[:, 1]
    same = (other[:, 1] >= 0.5) == (good[:, 1] >= 0.5)

    accuracy = both(other[same], good[same], expected[same])["accuracy"]

    assert accuracy.value == 0
    assert accuracy.low == pytest.approx(-3 / same.sum())


def test_what_only_one_side_measures_is_left_out():
    expected, good = people(100)
    ours = measures(expected, good, rule=RULE, slices={})

    found = differences(ours, [m for m in ours if m.name == "brier"], evidence(100), resamples=50)

    assert list(found) == ["brier"]
