"""What a limit keeps for finishing, and what is done when time runs out."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from twinkeel.data.table import Table
from twinkeel.learn import TabularRegressor, finishing
from twinkeel.learn.budget import Budget, slowness
from twinkeel.learn.engine import train
from twinkeel.learn.ensemble import Size, select
from twinkeel.learn.objectives.classes import Classes, ClassLoss
from twinkeel.learn.problem import Problem, learnable
from twinkeel.learn.targets import Targets
from twinkeel.records import Limits


def noisy(n: int, seed: int) -> tuple[np.ndarray, Targets]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    margin = (2.0 * y - 1 + rng.normal(size=n))[:, None]
    return margin, Targets(y, np.ones(n), ClassLoss(2, ("no", "yes")))


def test_what_finishing_was_measured_to_take_is_not_searched_away():
    budget = Budget.begin(Limits(time=1000.0), 10)
    before = budget.left

    budget.keep(300.0)
    budget.keep(5.0)  # a quick moment later takes nothing back

    assert before == pytest.approx(988, abs=2)
    assert budget.left == pytest.approx(700, abs=2)
    assert budget.last == pytest.approx(1000, abs=2)


def test_finishing_never_takes_the_whole_time():
    budget = Budget.begin(Limits(time=100.0), 10)

    budget.keep(1e6)

    assert budget.left == pytest.approx(40, abs=2)


def test_time_to_fit_once_more_is_what_finishing_leaves():
    budget = Budget.begin(Limits(time=100.0), 10)

    budget.keep(40.0, needed=60.0)
    assert budget.again == pytest.approx(40, abs=2)
    assert budget.left == pytest.approx(60, abs=2)

    fresh = Budget.begin(Limits(time=100.0), 10)
    assert fresh.again == pytest.approx(70, abs=2)


def test_of_rows_that_take_long_to_read_a_sample_is_learned_from():
    rows = 30_000
    problem = Problem(
        table=Table({"x": np.arange(rows)}),
        target=np.where(np.arange(rows) % 3, "no", "yes").astype(object),
        objective=Classes(),
    )

    def slow(few: Problem) -> None:
        began = time.thread_time()
        while time.thread_time() - began < len(few.target) * 1e-5:
            pass

    taken, (note,) = learnable(problem, Limits(time=1.0), 0, trial=slow)

    assert 0 < len(taken.target) <= 21_000
    assert note.startswith(f"Learned from {len(taken.target):,} of 30,000 rows")
    assert learnable(problem, Limits(work=1), 0, trial=slow) == (problem, ())


def test_without_a_clock_nothing_is_ever_late():
    budget = Budget.begin(Limits(work=2), 10)

    budget.keep(1e6)

    assert budget.left == budget.last == float("inf")
    assert not any(late() for late in (budget.until(0), budget.finishing(0), budget.over(0)))


def test_an_estimate_of_finishing_grows_with_the_members_and_the_rows():
    margin, targets = noisy(2_000, 0)
    part = np.arange(2_000) % 5

    found = finishing.combining(margin, targets, part)

    assert 0 < found.of(1) < found.of(10_000)
    assert finishing.compiling(lambda: time.sleep(0.01)) >= 0.01 * finishing.TO_FINISH
    assert slowness() >= 1


def test_a_selection_that_is_late_is_the_best_so_far():
    (one, targets), (other, _) = noisy(500, 1), noisy(500, 1)
    other = other + np.random.default_rng(2).normal(size=other.shape)

    hurried = select([other, one], targets, [Size(10, 10)] * 2, price=0.0, late=lambda: True)

    assert hurried.tolist() == [0.0, 1.0]


def test_whoever_watches_sees_the_best_so_far(telco):
    seen = []

    train(telco, limits=Limits(work=2), progress=seen.append)

    told = [tick.detail for tick in seen if tick.stage == "training"]
    assert told[0] == "linear"
    assert re.fullmatch(r"lightgbm; best so far: log loss 0\.\d{4} \(linear\)", told[1])


def test_an_estimator_logs_what_it_is_doing(caplog):
    caplog.set_level("INFO", logger="twinkeel.learn")
    X = np.random.default_rng(0).normal(size=(200, 1))

    TabularRegressor(work_limit=2).fit(X, 3.0 * X[:, 0] + 1.0)

    assert any("best so far: RMSE" in record.message for record in caplog.records)
