"""Learning an amount: what is served is what was learned, in the target's units, with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.data.table import Table
from twinkeel.errors import BundleError, InputError
from twinkeel.learn import load
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.intervals import Ends, Interval, quantiles
from twinkeel.learn.links import Logarithm, Straight
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.predictors.base import TOLERANCE
from twinkeel.learn.targets import Explained
from twinkeel.lifecycle.call import columns
from twinkeel.records import Limits
from twinkeel.store.steps import Steps

THREE = Limits(work=3)
ROWS, LEARNED = 1500, 1200


def houses(seed: int = 0) -> tuple[Table, np.ndarray]:
    """Houses of two towns: a price that grows with size, and is surer in one town than another."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(40, 200, ROWS).round(1)
    town = rng.choice(np.array(["near", "far"], dtype=object), ROWS)
    age = rng.integers(0, 80, ROWS).astype(float)
    age[rng.random(ROWS) < 0.1] = np.nan
    noise = rng.normal(0, np.where(town == "far", 30.0, 5.0))
    price = 500 + 3 * size - np.nan_to_num(age) + noise
    return Table({"size": size, "town": town, "age": age}), price


def problem(make=None, **changes) -> Problem:
    table, price = houses()
    target = price if make is None else make(price)
    made = Problem(
        table=table.take(np.arange(LEARNED)),
        target=target[:LEARNED],
        objective=Amounts(sensitive=("town",)),
        check=table.take(np.arange(LEARNED, ROWS)),
    )
    return replace(made, **changes)


def heavy(price: np.ndarray) -> np.ndarray:
    return np.exp(price / 100)


@pytest.fixture(scope="module")
def trained():
    return train(problem(), limits=THREE)


@pytest.fixture(scope="module")
def trained_heavy():
    return train(problem(heavy), limits=THREE)


def judged(trained, target=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, true values and towns of the rows that were kept apart."""
    table, price = houses()
    rest = table.take(np.arange(LEARNED, ROWS))
    truth = price if target is None else target(price)
    found = trained.predictor().answers(rest.columns, len(rest))
    return found, truth[LEARNED:], rest.columns["town"]


def test_it_predicts_the_mean_and_says_how_well(trained):
    found, truth, _ = judged(trained)

    error = np.sqrt(np.mean((found[:, 0] - truth) ** 2))
    assert error < 25
    assert trained.card.rmse == pytest.approx(error, rel=0.2)
    assert next(iter(trained.card.importance)) == "size"


@pytest.mark.parametrize("made", ["trained", "trained_heavy"])
def test_what_is_served_is_what_was_learned(made, request, tmp_path):
    trained = request.getfixturevalue(made)
    trained.write(tmp_path)
    served, rows = load(tmp_path), problem().check.rows(0, 30)

    answers = [output.values["prediction"] for output in served.call(rows)]

    expected = trained.predictor().answers(problem().check.columns, 300)[:30, 0]
    assert trained.proof.largest_difference < TOLERANCE
    assert answers == expected.tolist()


def test_a_table_gets_the_same_answers_by_column_as_row_by_row(trained):
    table, served = problem().check, trained.predictor()

    found = served.call_columns(table.columns, len(table)).columns(len(table))

    expected = columns(served.call(table.rows()))
    assert {name: cells.tolist() for name, cells in found.items()} == {
        name: cells.tolist() for name, cells in expected.items()
    }


@pytest.mark.parametrize("made", ["trained", "trained_heavy"])
def test_explanations_add_up_to_the_prediction(made, request):
    served = request.getfixturevalue(made).predictor()
    rows = problem().check.rows(0, 20)
    rows[0] = dict.fromkeys(rows[0])  # everything is missing

    for row, explained in zip(rows, served.explain(rows), strict=True):
        total = explained.base + sum(part.contribution for part in explained.contributions)
        assert total == pytest.approx(explained.total, rel=1e-6)
        assert explained.total == pytest.approx(served.call([row])[0].values["prediction"])


def test_intervals_hold_in_each_group_and_are_as_wide_as_they_must_be(trained):
    found, truth, town = judged(trained)

    inside = (found[:, 1] <= truth) & (truth <= found[:, 2])
    width = found[:, 2] - found[:, 1]
    for name in ("near", "far"):
        assert 0.84 < inside[town == name].mean() < 0.97
    assert width[town == "far"].mean() > 3 * width[town == "near"].mean()


def test_a_heavy_tail_is_learned_as_its_logarithm_and_the_mean_is_right(trained_heavy):
    found, truth, _ = judged(trained_heavy, heavy)

    assert isinstance(trained_heavy.card.link, Logarithm)
    assert any("The target is skewed: it was learned" in one for one in trained_heavy.card.notes)
    assert found[:, 0].mean() == pytest.approx(truth.mean(), rel=0.1)
    assert (found[:, 1] >= 0).all()


def test_counts_with_zeros_are_learned():
    rng = np.random.default_rng(1)
    counted = problem(lambda price: rng.poisson(np.exp((price - 900) / 150)).astype(float))

    trained = train(counted, limits=THREE)

    found = trained.predictor().answers(counted.check.columns, 300)
    assert (found >= 0).all()
    assert found[:, 0].mean() == pytest.approx(counted.target.mean(), rel=0.2)


def test_what_is_never_negative_is_never_predicted_to_be():
    late = problem(lambda price: np.maximum(price - 800, 0))

    served = train(late, limits=Limits(work=1)).predictor()

    found = served.answers(late.check.columns, len(late.check))
    assert found.min() == 0
    (why,) = served.explain(late.check.rows(int(np.argmin(found[:, 0])))[:1])
    assert why.total == 0
    assert why.base + sum(one.contribution for one in why.contributions) == pytest.approx(0)


def test_the_same_seed_and_work_give_the_same_bytes(trained):
    assert train(problem(), limits=THREE).graph == trained.graph


def test_a_killed_training_goes_on_where_it_was(trained, tmp_path):
    steps = Steps(tmp_path)

    def killed(key, work):
        if key.startswith("spread"):
            raise KeyboardInterrupt
        return steps(key, work)

    with pytest.raises(KeyboardInterrupt):
        train(problem(), limits=THREE, step=killed)
    again = train(problem(), limits=THREE, step=steps)

    assert "catboost-fold4" in {key.partition(".")[0] for key in steps.resumed}
    assert again.graph == trained.graph


def test_small_groups_and_columns_left_out_are_said():
    town = houses()[0].columns["town"][:LEARNED].copy()
    town[:50] = "rare"
    table = Table({**problem().table.columns, "town": town})
    objective = Amounts(sensitive=("town", "nowhere"))

    notes = train(problem(table=table, objective=objective), limits=Limits(work=1)).card.notes

    assert any("Intervals of town 'rare' are those of all rows" in one for one in notes)
    assert any("do not depend on nowhere" in one for one in notes)


def test_groups_time_and_weights_are_accepted():
    numbers = np.arange(LEARNED)

    grouped = train(problem(groups=numbers // 50), limits=Limits(work=2))
    forward = train(problem(time=numbers), limits=Limits(work=2))
    weighted = train(problem(weight=np.linspace(0.1, 2, LEARNED)), limits=Limits(work=1))

    assert [one.card.folds for one in (grouped, forward, weighted)] == [5, 5, 5]


@pytest.mark.parametrize("target", [np.full(LEARNED, 3.0), np.full(LEARNED, np.nan)])
def test_a_target_that_cannot_be_learned_is_one_sentence(target):
    with pytest.raises(InputError, match="expected two values or more"):
        train(problem(target=target), limits=Limits(work=1))


def test_a_model_of_a_sort_that_is_not_known_is_refused(trained, tmp_path):
    trained.write(tmp_path)
    card = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(card.replace('"amount"', '"song"'))

    with pytest.raises(BundleError, match="learns 'song'"):
        load(tmp_path)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=200),
    st.floats(0.5, 0.94),
)
def test_ends_hold_at_least_their_share_of_what_they_were_found_on(residuals, level):
    found = np.array(residuals)

    ends = quantiles(found, np.ones(len(found)), level)

    assert ((ends.low <= found) & (found <= ends.high)).mean() >= level - 1e-9


@given(
    st.floats(-50, 50),
    st.lists(st.floats(-20, 20), min_size=1, max_size=5),
    st.sampled_from(
        [
            Straight(center=3.0, scale=2.0),
            Straight(center=3.0, scale=2.0, floor=0.0),
            Logarithm(scale=5.0, shift=1.0, high=9.0, factor=1.1),
            Logarithm(scale=5.0, shift=1.0, high=9.0, factor=1.1, floor=0.0),
        ]
    ),
)
def test_an_answer_taken_apart_adds_up_on_every_link(base, effects, link):
    margins = Explained(
        np.array([base]), np.array(effects)[:, None], np.array([base + sum(effects)])
    )

    found = link.explained(margins)

    assert found.total == pytest.approx(link.outputs(margins.total))
    assert found.base + found.effects.sum() == pytest.approx(found.total, rel=1e-6, abs=1e-6)


def test_the_prediction_is_never_outside_its_interval():
    interval = Interval(level=0.9, shift=1.0, floor=0.0, ends=Ends(0.5, 0.7))

    found = interval.between(np.array([0.0, 4.0]), np.ones(2), {})

    assert (found[:, 0] <= [0.0, 4.0]).all()
    assert (found[:, 1] >= [0.0, 4.0]).all()
    assert (found >= 0).all()
