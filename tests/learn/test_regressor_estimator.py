"""TabularRegressor as scikit-learn and users of frames see it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from twinkeel import learn
from twinkeel.learn import TabularRegressor

_FOLDS = "weights change the folds' early stopping and repeated rows fall into several folds"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": _FOLDS,
}


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(
        estimator_checks_generator(
            TabularRegressor(work_limit=1), mark="xfail", expected_failed_checks=EXPECTED
        )
    ),
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def trips() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"miles": rng.uniform(1, 20, 600), "zone": rng.choice(["in", "out"], 600)})
    return X, 3 + 2.5 * X["miles"].to_numpy() + rng.normal(0, 1, 600)


def test_intervals_come_with_predictions_and_survive_saving(trips, tmp_path):
    X, y = trips
    model = TabularRegressor(work_limit=2, sensitive=("zone",)).fit(X[:500], y[:500])

    ends = model.predict_interval(X[500:])
    model.save(tmp_path / "model")
    served = learn.load(tmp_path / "model").call(X[500:].to_dict("records"))

    assert model.score(X[500:], y[500:]) > 0.95
    assert ((ends[:, 0] <= y[500:]) & (y[500:] <= ends[:, 1])).mean() > 0.8
    assert [one.values["high"] for one in served] == pytest.approx(ends[:, 1].tolist())


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [({"interval": 90}, "interval must be between 0 and 1"), ({"time_limit": 0}, "time_limit")],
)
def test_wrong_parameters_are_named(trips, parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        TabularRegressor(**parameters).fit(*trips)
