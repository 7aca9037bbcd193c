"""What was tried and how sure its loss is, as the estimators and the card tell it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel import learn
from twinkeel.learn import TabularClassifier
from twinkeel.learn.leaderboard import UNITS, intervals, leaderboard


@pytest.fixture(scope="module")
def fitted(telco) -> TabularClassifier:
    customers = pd.DataFrame(dict(telco.table.columns))
    return TabularClassifier(work_limit=2, random_state=0).fit(customers, telco.target)


def test_each_candidate_has_its_loss_inside_its_interval_and_its_seconds(fitted):
    board = fitted.leaderboard()

    assert set(board["name"]) == {one.name for one in fitted.trained_.card.members}
    assert board["loss"].is_monotonic_increasing
    assert ((board["low"] < board["loss"]) & (board["loss"] < board["high"])).all()
    assert (board["fit_seconds"] > 0).all()
    assert ((board["milliseconds"] > 0) == (board["trees"] > 0)).all()
    assert board["weight"].sum() == pytest.approx(1)


def test_a_leaderboard_on_eighty_columns_shows_the_interval(fitted):
    with pd.option_context("display.width", 80, "display.max_columns", 0):
        head = str(fitted.leaderboard()).splitlines()[0].split()

    assert (head[:2], head[-2:]) == (["name", "loss"], ["low", "high"])


def test_the_frontier_is_a_table_of_which_one_is_served(fitted):
    frontier = fitted.frontier()

    assert list(frontier["prefer"]) == ["accuracy", "balanced", "latency"]
    assert list(frontier.loc[frontier["served"], "prefer"]) == ["balanced"]


def test_a_bundle_keeps_the_intervals_and_no_seconds(fitted, tmp_path):
    fitted.save(tmp_path / "model")

    entries = leaderboard(learn.load(tmp_path / "model").card)

    assert [entry.low for entry in entries] == fitted.leaderboard()["low"].tolist()
    assert {entry.fit_seconds for entry in entries} == {None}


@settings(deadline=None, max_examples=20)
@given(st.integers(50, 4000), st.integers(0, 10))
def test_an_interval_is_as_wide_as_the_error_of_a_mean(rows, seed):
    losses = np.random.default_rng(seed).exponential(size=(rows, 1))

    low, high = intervals(losses, np.ones(rows), None)[:, 0]

    error = losses.std() / np.sqrt(rows)
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.2)


def test_rows_of_a_group_are_drawn_together():
    rng = np.random.default_rng(0)
    losses, group = np.repeat(rng.normal(size=(50, 1)), 40, axis=0), np.repeat(np.arange(50), 40)
    assert len(losses) > UNITS

    alone, together = (intervals(losses, np.ones(2000), of) for of in (None, group))

    assert np.diff(together[:, 0]) > 4 * np.diff(alone[:, 0])
