"""What an estimator does with columns that might only name rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from twinkeel.learn import TabularRegressor


def _rows(name: str) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: np.arange(200), "noise": rng.normal(size=200)})
    return X, 0.1 * X[name] + rng.normal(size=200)


def test_a_sequence_that_is_passed_as_a_feature_is_learned_from() -> None:
    X, y = _rows("week")

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = TabularRegressor(work_limit=1).fit(X, y)

    assert model.score(X, y) > 0.9


def test_a_sequence_may_be_the_only_feature_as_in_an_array() -> None:
    X, y = _rows("week")

    model = TabularRegressor(work_limit=1).fit(X[["week"]].to_numpy(), y)

    assert model.score(X[["week"]].to_numpy(), y) > 0.9


def test_a_column_that_is_named_as_an_identifier_is_left_out_with_a_warning() -> None:
    X, y = _rows("customer_id")

    with pytest.warns(UserWarning, match="customer_id looks like an identifier and was left out"):
        model = TabularRegressor(work_limit=1).fit(X, y)

    moved = X.assign(customer_id=0)
    assert (model.predict(X) == model.predict(moved)).all()
