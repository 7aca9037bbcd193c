"""Training, writing and serving a classifier, through the doors that a kind uses."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.data.table import Table, from_rows
from twinkeel.errors import BuildError, BundleError, ConfigError, ContractError, InputError
from twinkeel.learn import load, parity
from twinkeel.learn.calibrate import Calibration
from twinkeel.learn.compile import Function, compiled
from twinkeel.learn.decide import Decision
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.model import GRAPH
from twinkeel.learn.objectives.classes import Classes, ClassLoss
from twinkeel.learn.objectives.rules import Rule
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.lifecycle.call import columns
from twinkeel.records import Limits
from twinkeel.store.steps import Steps

THREE = Limits(work=3)
CELLS = (
    {"city": "never seen", "member": None},
    {"size": None, "/odd name": 2.5},
    {"note": None},
    {"size": "large"},
    {"when": "today", "member": "maybe"},
)
"""What a caller's row may hold: what is unusual, and what is refused."""


@pytest.fixture(scope="module")
def trained(telco):
    return train(telco, limits=THREE)


@pytest.fixture(scope="module")
def trained_mixed(mixed):
    return train(mixed, limits=THREE)


def test_a_graph_that_onnxruntime_cannot_load_is_one_sentence(trained, tmp_path):
    trained.write(tmp_path)
    (tmp_path / GRAPH).write_bytes(b"not a graph")

    with pytest.raises(BundleError, match=r"cannot be loaded by onnxruntime .*: build again"):
        load(tmp_path)


def test_what_is_written_answers_as_what_was_trained(telco, trained, tmp_path):
    trained.write(tmp_path)
    served, rows = load(tmp_path), telco.check.rows(0, 20)

    answers = [output.values for output in served.call(rows)]

    expected, _ = trained.predictor().probabilities(telco.check.columns, len(telco.check))
    assert [answer["probability"] for answer in answers] == expected[:20, 1].tolist()
    assert all(
        (answer["prediction"] == "Yes") == (answer["probability"] >= served.threshold)
        for answer in answers
    )
    assert served.bundle_bytes == sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file())


def test_it_ranks_churners_and_knows_how_sure_it_is(telco, trained):
    assert trained.card.log_loss < 0.45
    assert trained.proof.largest_difference < 1e-6
    assert next(iter(trained.card.importance)) in ("Contract", "tenure")
    assert trained.card.notes == ("customerID looks like an identifier: left out.",)
    assert sum(member.weight for member in trained.card.members) == pytest.approx(1)


def test_one_row_and_many_get_the_same_answer(telco, trained):
    served, rows = trained.predictor(), telco.check.rows(0, 300)

    many = [output.values["probability"] for output in served.call(rows)]
    each = [served.call([row])[0].values["probability"] for row in rows]

    assert np.allclose(many, each, rtol=0, atol=1e-12)


@pytest.mark.parametrize("decision", [Decision(), Decision(support=0.9)])
@settings(max_examples=20, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 49), st.sampled_from(CELLS)), max_size=6))
def test_a_table_gets_the_same_answers_by_column_as_row_by_row(
    mixed, trained_mixed, decision, changes
):
    served = trained_mixed.predictor()
    served.card = msgspec.structs.replace(served.card, decision=decision)
    rows = mixed.table.rows(0, 50)
    for place, cells in changes:
        rows[place] |= cells
    table = from_rows(rows)

    assert answered(lambda: served.call_columns(table.columns, 50).columns(50)) == answered(
        lambda: columns(served.call(table.rows()))
    )


def answered(ask):
    """The answers' columns as lists, or what refuses them."""
    try:
        return {name: cells.tolist() for name, cells in ask().items()}
    except ContractError as error:
        return str(error)


def test_explanations_add_up_to_the_uncalibrated_log_odds(mixed, trained_mixed):
    served, rows = trained_mixed.predictor(), mixed.table.rows(0, 20)
    rows[0] = dict.fromkeys(rows[0])  # everything is missing
    rows[1]["city"] = "never seen"

    for row, explained in zip(rows, served.explain(rows), strict=True):
        total = explained.base + sum(part.contribution for part in explained.contributions)
        assert total == pytest.approx(explained.total, abs=1e-4)
        assert {part.name for part in explained.contributions} == set(row)
        assert explained.of == served.call([row])[0].values["prediction"]


def test_every_type_of_column_reaches_several_classes(mixed, trained_mixed):
    served = trained_mixed.predictor()

    found, _ = served.probabilities(mixed.table.columns, len(mixed.table))

    right = np.array(served.classes)[found.argmax(axis=1)] == mixed.target
    assert served.classes == ("angry", "happy", "neutral")
    assert right.mean() > 0.95
    assert np.allclose(found.sum(axis=1), 1)
    assert next(iter(served.importance)) in ("note", "member")


def test_odd_rows_are_answered_with_warnings_and_wrong_ones_refused(telco, trained):
    served, row = trained.predictor(), telco.check.rows(0, 1)[0]

    odd = served.call([row | {"Contract": "Ten years", "tenure": None, "extra": 1}])[0]

    assert len(odd.warnings) == 3
    assert 0 < odd.values["probability"] < 1
    with pytest.raises(ContractError, match=r"Row 1, column tenure: expected .*'long'"):
        served.call([row | {"tenure": "long"}])


def test_the_same_seed_and_work_give_the_same_bytes(telco, trained):
    again = train(telco, limits=THREE)

    assert again.graph == trained.graph
    assert train(telco, limits=THREE, seed=1).graph != trained.graph


def test_a_killed_training_goes_on_where_it_was(telco, trained, tmp_path):
    steps = Steps(tmp_path)

    def killed(key, work):
        if key.startswith("catboost"):
            raise KeyboardInterrupt
        return steps(key, work)

    with pytest.raises(KeyboardInterrupt):
        train(telco, limits=THREE, step=killed)
    again = train(telco, limits=THREE, step=steps)

    families = ("linear", "lightgbm")
    fitted = [f"{name}-fold{k}" for name in families for k in range(5)]
    assert sorted(key.partition(".")[0] for key in steps.resumed) == sorted(["features", *fitted])
    assert again.graph == trained.graph


@pytest.mark.parametrize("seconds", [2, 6])
def test_a_short_time_still_gives_a_model(telco, seconds):
    train(telco, limits=Limits(work=1))  # libraries imported
    began = time.monotonic()

    found = train(telco, limits=Limits(time=seconds))

    assert time.monotonic() - began < seconds + 10  # other work on the machine is allowed for
    assert found.card.log_loss < 0.5


def test_more_rows_than_the_time_allows_are_sampled_and_said(telco):
    many = np.tile(np.arange(1200), 60)
    large = replace(telco, table=telco.table.take(many), target=telco.target[many])

    found = train(large, limits=Limits(time=2))

    assert found.card.rows < 45_000
    assert any("of 72,000 rows, drawn at random" in note for note in found.card.notes)


def test_a_graph_that_answers_otherwise_fails_the_build_and_names_the_row(telco, trained):
    wrong = replace(
        trained,
        card=replace_calibration(trained, Calibration(a=1.1, b=1.1, c=0.0)),
    )
    served = trained.predictor()

    def learned(values):
        margin = np.log(served.run(values, len(values["tenure"]))[:, 1:] + 1e-9)
        return wrong.card.calibration.outputs(margin)

    with pytest.raises(BuildError, match=r"row 1 has probabilities") as caught:
        parity.check(served, learned, telco.check, 0, lambda: False)
    assert "the types of the columns" in str(caught.value)
    assert telco.check.columns["PaymentMethod"][0] not in str(caught.value)


def replace_calibration(trained, calibration):
    import msgspec

    return msgspec.structs.replace(trained.card, calibration=calibration)


def test_weights_move_probabilities(telco):
    weight = np.where(telco.target == "Yes", 10.0, 1.0)

    plain = train(telco, limits=Limits(work=1)).predictor()
    heavy = train(replace(telco, weight=weight), limits=Limits(work=1)).predictor()

    columns, n = telco.check.columns, len(telco.check)
    lift = heavy.probabilities(columns, n)[0][:, 1] - plain.probabilities(columns, n)[0][:, 1]
    assert lift.mean() > 0.2


def test_rows_without_a_class_are_left_out_and_said(telco):
    labels = telco.target.copy()
    labels[:10] = ""

    found = train(replace(telco, target=labels), limits=Limits(work=1))

    assert found.card.rows == 1190
    assert "10 rows without a class were left out." in found.card.notes


def test_groups_and_time_are_accepted_for_the_folds(telco):
    numbers = np.arange(1200)

    grouped = train(replace(telco, groups=numbers // 50), limits=Limits(work=2))
    forward = train(replace(telco, time=numbers), limits=Limits(work=2))

    assert grouped.card.folds == 5
    assert forward.card.folds == 5


def problem(columns: dict, labels: list[str]) -> Problem:
    arrays = {name: np.array(values) for name, values in columns.items()}
    return Problem(table=Table(arrays), target=np.array(labels, dtype=object), objective=Classes())


@pytest.mark.parametrize(
    ("columns", "labels", "message"),
    [
        ({"x": [1.5, 2.5, 3.1, 4.7]}, ["a"] * 4, "only the class 'a'"),
        ({"x": [1.5, 2.5, 3.1, 4.7]}, [""] * 4, "no class at all"),
        ({"x": [1.5, 2.5]}, ["a", "b"], "No split of the rows"),
    ],
)
def test_a_target_that_cannot_be_learned_is_one_sentence(columns, labels, message):
    with pytest.raises(InputError, match=message):
        train(problem(columns, labels), limits=Limits(work=1))


def test_constant_columns_leave_nothing_to_learn_from():
    with pytest.raises(ContractError, match="nothing to learn from"):
        train(problem({"x": [1, 1, 1, 1]}, ["a", "b", "a", "b"]), limits=Limits(work=1))


def test_wrong_options_are_named(telco):
    with pytest.raises(ConfigError, match="positive must be one of two classes, not 'yes'"):
        train(replace(telco, objective=Classes(positive="yes")), limits=Limits(work=1))
    with pytest.raises(ConfigError, match="costs: there is no class 'Maybe'"):
        train(
            replace(telco, objective=Classes(rule=Rule(costs={"Maybe": {"Yes": 1.0}}))),
            limits=Limits(work=1),
        )
    weight = np.ones(1200)
    weight[2] = -1
    with pytest.raises(InputError, match="Row 3: expected a weight of 0 or more"):
        train(replace(telco, weight=weight), limits=Limits(work=1))


def test_a_memory_limit_that_is_too_small_is_refused_before_learning(telco):
    with pytest.raises(BuildError, match=r"memory_limit is 1,000 bytes.* Raise it to "):
        train(telco, limits=Limits(work=1, memory=1000))


def test_a_model_without_trees_or_weights_still_compiles(mixed, trained_mixed):
    from twinkeel.learn import trees
    from twinkeel.learn.linear import Linear
    from twinkeel.learn.parts import Parts

    width = 3
    linear = trained_mixed.function.parts.linear
    nothing = Linear(
        linear.fill, linear.low, linear.high, linear.mean, linear.missing_rate,
        linear.weight * 0, linear.missing_weight * 0, linear.intercept * 0,
    )  # fmt: skip
    parts = Parts(trees.none(width), nothing, ())
    function = Function(parts, Calibration(a=1.0, b=1.0, c=0.0))
    space = space_of(mixed)

    graph = compiled(trained_mixed.contract, space, function)

    served = ClassPredictor(trained_mixed.contract, trained_mixed.card, graph, lambda: parts)
    found, _ = served.probabilities(mixed.table.columns, len(mixed.table))
    assert np.allclose(found, 1 / 3)


def space_of(mixed):
    from twinkeel.data.contract import infer
    from twinkeel.learn.folds import folds
    from twinkeel.learn.prepare import prepare
    from twinkeel.learn.targets import Targets

    contract = infer(mixed.table).usable()
    values = contract.read(mixed.table.columns, len(mixed.table)).values
    y = np.unique(mixed.target, return_inverse=True)[1]
    return prepare(
        contract, values, Targets(y, np.ones(len(y)), ClassLoss(3)), folds(y, count=5, seed=0)
    )


def test_a_damaged_card_is_refused_by_name(trained, tmp_path):
    trained.write(tmp_path)
    (tmp_path / "model.json").write_text("{}")

    with pytest.raises(BundleError, match=r"model\.json"):
        load(tmp_path)


def test_serving_imports_nothing_that_only_learning_needs(trained, tmp_path):
    trained.write(tmp_path)
    code = (
        "import sys; from twinkeel.learn import load; p = load(sys.argv[1]);"
        "row = {f.name: f.example for f in p.signature.inputs}; p.call([row]); p.explain([row]);"
        "heavy = {'sklearn', 'pandas', 'polars', 'lightgbm', 'catboost', 'onnx', 'scipy',"
        " 'pyarrow', 'narwhals', 'joblib'} & set(sys.modules); sys.exit(f'{heavy}' if heavy else 0)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
