"""Sets hold the true class as often as they promise; rules keep what is asked of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.errors import ConfigError
from twinkeel.learn import TabularClassifier, load
from twinkeel.learn.decide import by_capacity, by_error
from twinkeel.learn.model import MODEL
from twinkeel.learn.objectives.classes import ClassLoss
from twinkeel.learn.objectives.rules import Rule
from twinkeel.learn.objectives.sets import Judged, covering, reached
from twinkeel.learn.sets import SetGrouping, Sets
from twinkeel.learn.targets import Targets

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


@given(SHARES, st.floats(0.5, 0.95))
def test_a_threshold_is_reached_by_its_share_with_one_row_more(probability, level):
    least = reached(probability, np.ones(len(probability)), level)

    inside = (probability >= least).sum()
    assert least == 0.0 or inside >= level * (len(probability) + 1) - 1e-9


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_no_set_is_empty(p, first, second):
    found = Sets(0.9, (first, second)).members(np.array([[1 - p, p]]), {})

    assert found.any()


def test_of_several_groups_the_lower_threshold_counts_and_unknown_ones_have_all_rows_own():
    groupings = (
        SetGrouping("sex", None, {"m": (0.5, 0.5)}),
        SetGrouping("old", None, {"yes": (0.5, 0.2)}),
    )
    values = {
        "sex": np.array(["m", "m", "?"], dtype=object),
        "old": np.array(["yes", "no", "?"], dtype=object),
    }

    found = Sets(0.9, (0.5, 0.4), groupings).members(np.array([[0.7, 0.3]] * 3), values)

    assert found.tolist() == [[True, True], [True, False], [True, False]]


def test_groups_that_are_too_small_are_named_once_and_missing_ones_as_such():
    group = np.array(["m"] * 130 + ["f"] * 65 + [""] * 5, dtype=object)
    y = np.array([0, 1] * 65 + [0] * 60 + [1] * 5 + [0, 1, 0, 1, 0])
    targets = Targets(y, np.ones(200), ClassLoss(2))
    judged = Judged(np.full((200, 2), 0.5), targets, {"gender": group})

    notes = covering(judged, ["no", "yes"], 0.9, ["gender"]).notes

    assert notes == (
        "The sets' thresholds for rows without gender, gender 'f' ('yes') are those of all "
        "groups: fewer than 50 rows are too few for one of their own.",
    )


@given(SHARES, st.floats(0.01, 0.99))
def test_no_more_rows_are_acted_upon_than_the_capacity(probability, capacity):
    decision = by_capacity(probability, np.ones(len(probability)), capacity)

    acted = decision.choose(np.column_stack([1 - probability, probability]))
    assert acted.mean() <= capacity + 1e-9


def test_an_error_is_kept_in_nine_of_ten_samples():
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(200):
        support = rng.random(400)
        wrong = rng.random(400) > support
        least = by_error(support, wrong, np.ones(400), most=0.2, starts=[25, 100])
        kept += least is None or (1 - least) / 2 <= 0.2  # the error above it, in truth
    assert kept >= 180


def test_where_nothing_can_be_shown_there_is_no_threshold():
    wrong = np.ones(50, dtype=bool)
    assert by_error(np.linspace(0, 1, 50), wrong, np.ones(50), most=0.1, starts=[10]) is None


def test_an_error_is_kept_among_weighted_rows_in_nine_of_ten_samples():
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(200):
        group = rng.random(400) < 0.3  # a third of the rows, wrong twice as often, counts six times
        wrong = rng.random(400) < np.where(group, 0.2, 0.1)
        weight = np.where(group, 6.0, 1.0)
        least = by_error(rng.random(400), wrong, weight, most=0.172, starts=[100])
        kept += least is None  # the weighted error is 0.172: not shown to be at most that
    assert kept >= 180


def test_weights_that_are_all_alike_change_no_threshold():
    rng = np.random.default_rng(1)
    support = rng.random(300)
    wrong = rng.random(300) > support

    found = {by_error(support, wrong, np.full(300, w), most=0.2, starts=[25]) for w in (1.0, 7.0)}

    assert len(found) == 1


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"capacity": 0.1, "precision": 0.8}, "capacity and precision cannot decide together"),
        ({"review": 3.0}, "give costs as well"),
        ({"abstain": 1.5}, "abstain must be between 0 and 1, not 1.5"),
    ],
)
def test_wishes_that_do_not_go_together_are_one_sentence(wishes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Rule(**wishes).check()


def test_a_precision_needs_two_classes():
    with pytest.raises(ConfigError, match="this one has 3"):
        Rule(precision=0.8).check(3)


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray]:
    """4,000 rows of a group and a signal, which is weaker in the smaller group."""
    rng = np.random.default_rng(0)
    group = (rng.random(4000) < 0.3).astype(float)
    signal = rng.normal(size=4000)
    y = rng.random(4000) < 1 / (1 + np.exp(1.5 - signal * (2.5 - 2 * group)))
    return np.column_stack([group, signal, rng.normal(size=4000)]), y.astype(int)


def test_sets_hold_each_class_in_each_group(people):
    X, y = people
    model = TabularClassifier(work_limit=1).fit(X[:2500], y[:2500], sensitive=("x0",))

    inside = model.predict_set(X[2500:])

    y, group = y[2500:], X[2500:, 0]
    for k in (0, 1):
        for g in (0, 1):
            assert inside[(y == k) & (group == g), k].mean() > 0.84


def test_a_bundle_of_before_there_were_sets_still_answers(people, tmp_path):
    X, y = people
    model = TabularClassifier(work_limit=1).fit(X[:500], y[:500])
    model.trained_.write(tmp_path)
    card = json.loads((tmp_path / MODEL).read_text())
    del card["sets"], card["decision"]["support"], card["decision"]["review"]
    (tmp_path / MODEL).write_text(json.dumps(card))

    served = load(tmp_path)

    row = {"x0": 0.0, "x1": 1.0, "x2": 0.0}
    assert set(served.call([row])[0].values) == {"prediction", "probability", "probabilities"}
    assert "set" not in {field.name for field in served.signature.outputs}


def test_rows_that_would_be_wrong_too_often_are_left_to_a_person(people):
    X, y = people
    model = TabularClassifier(work_limit=1, decide={"abstain": 0.1}).fit(X[:2500], y[:2500])

    left = model.abstains(X[2500:])

    wrong = model.predict(X[2500:]) != y[2500:]
    assert 0.05 < left.mean() < 0.9
    assert wrong[~left].mean() < 0.12 < wrong.mean()


def test_a_review_is_taken_where_it_costs_less(people):
    X, y = people
    costs = {0: {1: 10.0}, 1: {0: 10.0}}
    model = TabularClassifier(work_limit=1, decide={"costs": costs, "review": 3.0}).fit(
        X[:1000], y[:1000]
    )

    left, p = model.abstains(X[2500:]), model.predict_proba(X[2500:])

    assert np.array_equal(left, 10.0 * p.min(axis=1) > 3.0)


@pytest.mark.parametrize(
    ("decide", "sentence"),
    [("best", "not 'best'"), ({"profit": 1}, "capacity, precision"), ({"review": 1}, "give costs")],
)
def test_a_rule_that_is_unknown_is_one_sentence(people, decide, sentence):
    with pytest.raises(ValueError, match=sentence):
        TabularClassifier(work_limit=1, decide=decide).fit(people[0][:100], people[1][:100])
