"""TabularClassifier as scikit-learn and users of frames see it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from twinkeel import learn
from twinkeel.errors import BuildError
from twinkeel.learn import TabularClassifier

_FOLDS = "weights change the folds' early stopping and repeated rows fall into several folds"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": _FOLDS,
}


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(
        estimator_checks_generator(
            TabularClassifier(work_limit=1), mark="xfail", expected_failed_checks=EXPECTED
        )
    ),
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def table(rows: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=rows).round(3),
            "visits": rng.integers(0, 20, rows),
            "plan": rng.choice(["basic", "plus", "pro"], rows),
            "since": pd.date_range("2020-01-01", periods=rows, freq="D"),
        }
    )
    frame.loc[::7, "amount"] = np.nan
    return frame, np.where(frame["plan"].eq("pro") ^ (frame["visits"] > 14), "stay", "go")


def test_pandas_and_polars_frames_give_the_same_model():
    frame, y = table()

    one = TabularClassifier(work_limit=2).fit(frame, y).predict_proba(frame)
    other = TabularClassifier(work_limit=2).fit(pl.from_pandas(frame), y)

    assert np.array_equal(one, other.predict_proba(pl.from_pandas(frame)))


def test_a_saved_model_is_served_as_it_was_trained(tmp_path):
    frame, y = table()
    trained = TabularClassifier(work_limit=3).fit(frame, y)

    trained.save(tmp_path / "model")
    served = learn.load(tmp_path / "model")

    found, _ = served.probabilities(frame.astype(object).to_dict("list"), len(frame))
    assert np.array_equal(found, trained.predict_proba(frame))
    assert (trained.predict(frame) == y).mean() > 0.9


def test_costs_move_the_decision_towards_the_dear_class():
    frame, y = table()
    y = np.where(np.random.default_rng(1).random(len(y)) < 0.3, "go", y)
    costs = {"stay": {"go": 20.0}, "go": {"stay": 1.0}}

    plain = TabularClassifier(work_limit=1).fit(frame, y).predict(frame)
    careful = TabularClassifier(work_limit=1, decide={"costs": costs}).fit(frame, y).predict(frame)

    assert (careful == "stay").sum() > (plain == "stay").sum()


def test_integer_classes_come_back_as_integers_in_their_order():
    frame, y = table()
    numbers = np.where(y == "stay", 10, 9)

    model = TabularClassifier(work_limit=1).fit(frame, numbers)

    assert model.classes_.tolist() == [9, 10]
    assert set(model.predict(frame).tolist()) <= {9, 10}
    assert model.score(frame, numbers) > 0.7


def test_data_that_cannot_be_learned_from_is_a_value_error_in_one_sentence():
    frame = pd.DataFrame({"same": [1, 1, 1, 1]})

    with pytest.raises(ValueError, match="nothing to learn from"):
        TabularClassifier(work_limit=1).fit(frame, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [
        ({"decide": "bogus"}, "decide must be 'likeliest', 'f1' or a mapping of costs"),
        ({"work_limit": 0}, "work_limit must be an integer of 1 or more, not 0"),
        ({"work_limit": True}, "work_limit must be an integer of 1 or more, not True"),
        ({"memory_limit": "4 GO"}, "a whole number of bytes, 1 or more, or .* '4 GB', not '4 GO'"),
        ({"memory_limit": 1.5}, "memory_limit must be a whole number of bytes, .* not 1.5"),
        ({"time_limit": -1}, "time_limit must be seconds, more than 0, or .* '2m', not -1"),
        ({"time_limit": "10"}, "time_limit must be seconds, more than 0, or .* '2m', not '10'"),
        ({"time_limit": float("nan")}, "time_limit must be seconds, more than 0, .* not nan"),
        ({"random_state": -1}, "random_state must be an integer of 0 or more or None, not -1"),
        ({"random_state": "x"}, "random_state must be an integer of 0 or more or None, not 'x'"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_a_value_error_in_fit(parameter, sentence):
    with pytest.raises(ValueError, match=sentence):
        TabularClassifier(**parameter).fit(*table())


def test_limits_may_be_written_as_in_the_configuration():
    frame, y = table()

    model = TabularClassifier(work_limit=1, time_limit="2m", memory_limit="8 GB").fit(frame, y)

    assert model.score(frame, y) > 0.7
    with pytest.raises(BuildError, match=r"memory_limit is 0.2 GB, .* Raise it to \d\.?\d? GB at"):
        model.set_params(memory_limit="0.2 GB").fit(frame, y)
    with pytest.raises(BuildError, match=r"is 200,000,000 bytes, .* Raise it to [\d,]+ bytes at"):
        model.set_params(memory_limit=200_000_000).fit(frame, y)


def test_no_random_state_means_a_new_seed_in_every_fit():
    frame, y = table()
    model = TabularClassifier(work_limit=1, random_state=None)

    one, other = (model.fit(frame, y).predict_proba(frame) for _ in range(2))

    assert not np.array_equal(one, other)
    assert model.random_state is None
