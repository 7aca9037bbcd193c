"""Features of two columns: kept where they help, compiled exactly, explained by both columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.data.table import Table
from twinkeel.learn.arithmetic import Pair, arranged
from twinkeel.learn.budget import Budget
from twinkeel.learn.engine import Problem, prepared, train
from twinkeel.learn.generate import generated
from twinkeel.learn.graph import FEATURES, Graph
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.quick import unkept
from twinkeel.learn.workers import Died, Job, Pool, Step, hired
from twinkeel.records import Limits

BLOCK = arranged(
    [
        *(Pair(sort, "a", "b") for sort in ("/", "-", "*", "+")),
        Pair("/", "b", "c"),
        Pair("-", "c", "a"),
    ]
)
CELLS = st.floats(allow_nan=True, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1e300, 1e-40])


@pytest.fixture(scope="module")
def compiled() -> onnxruntime.InferenceSession:
    graph = Graph()
    inputs = [graph.input(name, text=False) for name in BLOCK.columns]
    graph.output(FEATURES, BLOCK.emit(graph, inputs), width=len(BLOCK.features), single=True)
    return onnxruntime.InferenceSession(graph.model())


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=20))
def test_pairs_compile_exactly(compiled, rows):
    values = dict(zip("abc", np.array(rows).T.copy(), strict=True))

    served = compiled.run(None, {name: cells.reshape(-1, 1) for name, cells in values.items()})[0]

    assert np.array_equal(served, BLOCK.encode(values), equal_nan=True)


def test_pairs_are_the_arithmetic_that_their_names_say():
    row = {"a": np.array([6.0]), "b": np.array([3.0]), "c": np.array([0.0])}

    found = dict(zip((one.name for one in BLOCK.features), BLOCK.encode(row)[0], strict=True))

    assert (found["a / b"], found["a - b"], found["a * b"], found["a + b"]) == (2, 3, 18, 9)
    assert np.isnan(found["b / c"])  # infinite


@pytest.fixture(scope="module")
def prices() -> Problem:
    """800 flats whose price goes by the rent of a square metre."""
    rng = np.random.default_rng(3)
    rent, area, noise = rng.uniform(300, 3000, 800), rng.uniform(20, 200, 800), rng.normal(size=800)
    table = Table({"rent": rent, "area": area, "floor": rng.integers(0, 9, 800)})
    return Problem(table=table, target=rent / area + 0.2 * noise, objective=Amounts())


class Dying(Pool):
    """Workers that have no memory for anything."""

    size = 1

    def fit(self, jobs: Sequence[Job], step: Step) -> list[Path | None]:
        raise Died


def proposed(problem: Problem, folder: Path, workers: Pool | None = None) -> set[str]:
    """The names of the features of two columns that earn a place."""
    limits = Limits(work=3)
    with hired(limits) as hands:
        ready = prepared(problem, limits, 0, Budget.begin(limits, 3), hands)
        material = replace(ready.material, workers=workers or hands)
        made, _ = generated(material, ready.contract, ready.budget, unkept(folder))
    return {one.name for one in made.space.features if one.partner is not None}


def test_a_ratio_that_matters_is_found_and_explained_by_both_its_columns(prices):
    found = train(prices, limits=Limits(work=3))

    assert any("rent / area" in note for note in found.card.notes)
    assert any(isinstance(owner, tuple) for owner in found.card.feature_columns)
    predictor, (row,) = found.predictor(), prices.table.rows(0, 1)
    (why,) = predictor.explain([row])
    answer = predictor.call([row])[0].values["prediction"]
    assert why.base + sum(one.contribution for one in why.contributions) == pytest.approx(answer)
    effect = found.card.importance
    assert min(effect["rent"], effect["area"]) > 3 * effect["floor"]


@pytest.mark.parametrize("seed", [9, 18, 22])  # where the loss falls a little
def test_columns_of_noise_are_not_taken_for_features_by_chance(seed, tmp_path):
    rng = np.random.default_rng(seed)
    table = Table({name: rng.normal(size=1500) for name in "abcd"})
    noise = Problem(table=table, target=rng.normal(size=1500), objective=Amounts())

    assert proposed(noise, tmp_path) == set()


@pytest.mark.parametrize("name", ["work * pay", "work / pay"])
def test_a_true_product_and_a_true_ratio_are_found(name, tmp_path):
    rng = np.random.default_rng(1)
    work, pay = rng.uniform(1, 9, 900), rng.uniform(1, 9, 900)
    truth = work * pay if "*" in name else work / pay
    table = Table({"work": work, "pay": pay, "noise": rng.normal(size=900)})

    found = proposed(Problem(table=table, target=truth, objective=Amounts()), tmp_path)

    assert name in found


def test_where_folds_are_few_or_memory_ends_there_are_no_such_features(prices, tmp_path):
    few = replace(prices, groups=np.arange(800) % 2)

    assert proposed(prices, tmp_path / "found")
    assert not proposed(few, tmp_path / "few")
    assert not proposed(prices, tmp_path / "dying", Dying())


def test_pairs_that_say_nothing_are_left_out_and_the_same_seed_gives_the_same_model(prices):
    noise = replace(prices, target=np.random.default_rng(5).normal(size=800))

    plain, again = (train(noise, limits=Limits(work=3)) for _ in range(2))

    assert all(isinstance(owner, int) for owner in plain.card.feature_columns)
    assert plain.graph == again.graph
