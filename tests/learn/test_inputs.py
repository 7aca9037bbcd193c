"""What a graph is fed, and that bundles with an input for each column are still served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from twinkeel import learn
from twinkeel.learn.encode import Category, Feature, looked_up
from twinkeel.learn.engine import Trained, train
from twinkeel.learn.graph import FEATURES, Graph
from twinkeel.learn.inputs import NUMBERS, SEPARATE, TEXTS, Inputs
from twinkeel.records import Limits


@pytest.fixture(scope="module")
def trained(mixed) -> Trained:
    return train(mixed, limits=Limits(work=1))


def separate(trained: Trained) -> Trained:
    """The same model as bundles of format 1 have it: an input for each column."""
    model = onnx.load_model_from_string(trained.graph)
    sides = Inputs.of(trained.contract)
    del model.graph.input[:]
    for side, names, kind in (
        (TEXTS, sides.texts, TensorProto.STRING),
        (NUMBERS, sides.numbers, TensorProto.DOUBLE),
    ):
        for name in names:
            model.graph.input.append(helper.make_tensor_value_info(name, kind, ["rows", 1]))
        model.graph.node.insert(0, helper.make_node("Concat", names, [side], axis=1))
    card = msgspec.structs.replace(trained.card, format=SEPARATE)
    return replace(trained, card=card, graph=model.SerializeToString())


def test_the_graph_has_one_input_for_numbers_and_one_for_texts(trained):
    model = onnx.load_model_from_string(trained.graph)

    assert {one.name for one in model.graph.input} == {NUMBERS, TEXTS}
    assert trained.card.format > SEPARATE


def test_a_bundle_with_an_input_for_each_column_answers_the_same(trained, mixed, tmp_path: Path):
    separate(trained).write(tmp_path)
    rows = mixed.table.rows(0, 300)

    served = learn.load(tmp_path)

    assert [one.values for one in served.call(rows)] == [
        one.values for one in trained.predictor().call(rows)
    ]
    assert served.explain(rows[:3]) == trained.predictor().explain(rows[:3])


def test_one_row_is_answered_as_among_others(trained, mixed):
    predictor, rows = trained.predictor(), mixed.table.rows(0, 50)

    together = [one.values["probabilities"] for one in predictor.call(rows)]

    for row, expected in zip(rows, together, strict=True):
        alone = predictor.call([row])[0].values["probabilities"]
        assert list(alone.values()) == pytest.approx(list(expected.values()), abs=1e-12)


def test_a_level_of_one_category_is_unknown_to_another():
    categories = [
        Category("a", ("x", "1:y"), table(3, 1), (Feature("a", "one"),)),
        Category("b", ("y", "", "z"), table(4, 2), (Feature("b", "one"), Feature("b", "two"))),
    ]
    graph = Graph()
    texts = graph.input(TEXTS, text=True, width=2)
    graph.output(FEATURES, looked_up(graph, categories, texts), width=3, single=True)
    rows = np.array([["x", "y"], ["1:y", ""], ["y", "x"], ["", "1:y"], ["z", "z"]], dtype=object)

    found = run(graph, rows)

    values = {"a": rows[:, 0], "b": rows[:, 1]}
    assert np.array_equal(found, np.hstack([one.encode(values) for one in categories]))


def table(rows: int, width: int) -> np.ndarray:
    return np.arange(1, 1 + rows * width, dtype=np.float32).reshape(rows, width)


def run(graph: Graph, texts: np.ndarray) -> np.ndarray:
    import onnxruntime

    return onnxruntime.InferenceSession(graph.model()).run([FEATURES], {TEXTS: texts})[0]
