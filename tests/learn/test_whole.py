"""One model of all rows in the place of a bag: when it answers, and that it is proven and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from twinkeel.learn import whole
from twinkeel.learn.budget import Budget
from twinkeel.learn.engine import Trained, prepared, train
from twinkeel.learn.portfolio import chosen
from twinkeel.learn.preference import Preference
from twinkeel.learn.search import Search
from twinkeel.learn.workers import Step, hired
from twinkeel.records import Limits, silent


def ends(folder: Path) -> Step:
    """Steps that are kept once they are finished."""

    def step(key: str, work: Callable[[Path], None]) -> Path:
        if not (folder / key).is_dir():
            begun = folder / f"{key}~"
            begun.mkdir(parents=True)
            work(begun)
            begun.rename(folder / key)
        return folder / key

    return step


def learned(telco, folder: Path, prefer: str) -> Trained:
    problem = replace(telco, preference=Preference(prefer), members=("lightgbm",))
    return train(problem, limits=Limits(work=1), step=ends(folder))


@pytest.fixture(scope="module")
def quick(telco, tmp_path_factory) -> tuple[Trained, Path]:
    folder = tmp_path_factory.mktemp("steps")
    return learned(telco, folder, "latency"), folder


def test_latency_is_answered_by_one_model_of_all_rows_that_is_proven(quick, telco):
    trained, _ = quick

    served = next(point for point in trained.card.frontier if point.served)
    (member,) = trained.card.members
    assert served.whole
    assert member.trees == len(trained.function.parts.trees) == served.trees > 0
    assert served.trees < next(iter(trained.card.frontier)).trees / 3
    assert trained.proof.rows == len(telco.check)
    assert trained.proof.largest_difference < 1e-5


def test_its_probabilities_are_those_of_a_model_that_saw_every_row(quick, telco, tmp_path):
    trained, _ = quick
    bag = learned(telco, tmp_path, "accuracy")

    answers = [
        one.predictor().answers(telco.check.columns, len(telco.check))[:, 1]
        for one in (trained, bag)
    ]

    assert not next(point for point in bag.card.frontier if point.served).whole
    assert np.corrcoef(*answers)[0, 1] > 0.95


def test_a_build_that_goes_on_finds_it_fitted(quick, telco):
    trained, folder = quick
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    again = learned(telco, folder, "latency")

    assert list(folder.glob("lightgbm-whole*"))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert again.graph == trained.graph
    assert again.card == trained.card


def test_a_member_that_only_sees_statistics_out_of_fold_has_its_own_of_all_rows(mixed):
    problem = replace(mixed, preference=Preference("latency"), members=("lightgbm",))

    trained = train(problem, limits=Limits(work=1))

    assert trained.card.frontier[-1].whole
    assert trained.proof.largest_difference < 1e-5


def test_where_the_time_ends_first_nothing_is_kept_of_it(telco, tmp_path):
    with hired(Limits()) as workers:
        ready = prepared(telco, Limits(work=1), 0, Budget.begin(Limits(work=1), 1), workers)
    kept = ends(tmp_path)
    (bag,) = Search(ready.material, ready.budget, kept, silent, chosen(["lightgbm"])).run()
    over = Budget.begin(Limits(time=1e-6), 1)

    assert whole.fitted(ready.material, [bag], {0}, over, kept) is None
    assert not whole.timely([bag], np.ones(1), 1, over)
    assert not (tmp_path / "lightgbm-whole5").exists()


@dataclass(frozen=True)
class Fitted:
    """As much of a bag as says what fitting it once more takes and saves."""

    seconds: float
    cost: int
    models: tuple[None, ...] = (None,) * 5


def test_those_are_learned_once_more_that_save_the_most_trees_for_a_second():
    slow, quick = Fitted(100.0, 900), Fitted(5.0, 900)
    bags, some = [slow, quick, quick], np.array([0.8, 0.2, 0.0])

    found = [whole.timely(bags, some, 2, Budget.begin(Limits(time=s), 1)) for s in (1e4, 20, 1e-6)]

    assert found == [{0, 1}, {1}, frozenset()]


def test_a_net_of_all_rows_ends_when_those_of_its_folds_were_best(mixed):
    problem = replace(mixed, preference=Preference("latency"), members=("net",))

    trained = train(problem, limits=Limits(work=1))

    assert len(trained.function.parts.nets) == 1
    assert trained.card.frontier[-1].whole
    assert trained.proof.largest_difference < 1e-5
