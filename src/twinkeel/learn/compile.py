"""A model's arrays as one ONNX graph on typed columns.

The graph has two inputs, which hold the columns of the contract side by side: float64 (numbers,
booleans, dates) and string (categories, text). Its outputs are the answers and the margins, as
the head names them, the encoded `features` that explanations start from, and `spread` where there
is one.
Tree thresholds and leaves stay double precision, so every split decides as in the library that
grew it; only what is smooth, the hidden units of nets, is single.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Any

import numpy as np

from twinkeel.data.contract import Contract
from twinkeel.learn.encode import FLOAT, Block, Category, looked_up
from twinkeel.learn.graph import FEATURES, SPREAD, Graph
from twinkeel.learn.inputs import NUMBERS, TEXTS, Inputs
from twinkeel.learn.linear import Linear
from twinkeel.learn.nets import Nets
from twinkeel.learn.parts import Parts
from twinkeel.learn.prepare import Space
from twinkeel.learn.targets import Head
from twinkeel.learn.trees import LEAF, Trees

_DOUBLE = 11
"""ONNX's number for float64."""


@dataclass(frozen=True)
class Function:
    """All that is computed after encoding: `head(trees + linear + nets)`."""

    parts: Parts
    head: Head
    spread: Trees | None = None
    """Logarithms of how far a row's target tends to be from its answer."""

    @property
    def width(self) -> int:
        """k, the number of margins."""
        return self.parts.width


def compiled(contract: Contract, space: Space, function: Function) -> bytes:
    """The serialised graph of `space` followed by `function`."""
    graph = Graph()
    features = _encoded(graph, space.blocks, Inputs.of(contract))
    x = graph.add("Cast", features, to=_DOUBLE)
    margin = _centred(graph, _margin(graph, function.parts, x), function.width)
    _answers(graph, margin, function.head, function.width)
    graph.output(function.head.margin, margin, width=function.width)
    if function.spread is not None:
        graph.output(SPREAD, graph.add("Exp", _trees(graph, function.spread, x)), width=1)
    graph.output(FEATURES, features, width=len(space.features), single=True)
    return graph.model()


def reheaded(model: bytes, head: Head, width: int) -> bytes:
    """A serialised graph of so many margins with another head, and nothing else changed."""
    graph = Graph.reopened(model, without=head.output)
    _answers(graph, head.margin, head, width)
    return graph.model()


def _answers(graph: Graph, margin: str, head: Head, width: int) -> None:
    given = head.outputs(np.zeros((1, width))).shape[1]
    graph.output(head.output, head.emit(graph, margin, width), width=given)


def _encoded(graph: Graph, blocks: tuple[Block, ...], inputs: Inputs) -> str:
    """(n, F) features; categories that follow one another are looked up together."""
    sides = {
        text: (graph.input(name, text=text, width=len(columns)), columns)
        for name, columns, text in (
            (NUMBERS, inputs.numbers, False),
            (TEXTS, inputs.texts, True),
        )
        if columns
    }
    parts = []
    for together, some in groupby(blocks, key=lambda block: isinstance(block, Category)):
        if together:
            found = [block for block in some if isinstance(block, Category)]
            columns = [block.column for block in found]
            parts.append(looked_up(graph, found, _columns(graph, *sides[True], columns)))
            continue
        parts += [
            block.emit(graph, [_columns(graph, *sides[block.text], block.columns)])
            for block in some
        ]
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


def _columns(graph: Graph, side: str, known: Sequence[str], wanted: Sequence[str]) -> str:
    """Some columns of an input, side by side."""
    if tuple(wanted) == tuple(known):
        return side
    places = [known.index(name) for name in wanted]
    return graph.add("Gather", side, graph.ints(*places), axis=1)


def _margin(graph: Graph, parts: Parts, x: str) -> str:
    """The sum of what there is; of nothing, the linear function."""
    found = []
    if len(parts.trees):
        found.append(_trees(graph, parts.trees, x))
    found += [_nets(graph, nets, x) for nets in parts.nets]
    if parts.linear.used.any() or not found:
        found.append(_linear(graph, parts.linear, x))
    return reduce(lambda one, other: graph.add("Add", one, other), found)


def _trees(graph: Graph, trees: Trees, x: str) -> str:
    found = graph.add_ml("TreeEnsembleRegressor", x, **_ensemble(trees))
    return graph.add("Cast", found, to=_DOUBLE)


def _ensemble(trees: Trees) -> dict[str, Any]:
    """The attributes of a TreeEnsembleRegressor: nodes and leaves numbered within their tree."""
    from onnx import numpy_helper

    sizes = np.diff([*trees.root, len(trees.feature)])
    tree = np.repeat(np.arange(len(trees)), sizes)
    start = np.repeat(trees.root, sizes)
    leaf = trees.feature == LEAF
    node = np.arange(len(start)) - start
    at, target = np.nonzero(leaf[:, None] & ((trees.value != 0) | (trees.width == 1)))
    return {
        "n_targets": trees.width,
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": node.tolist(),
        "nodes_featureids": np.where(leaf, 0, trees.feature).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(leaf, 0, trees.left - start).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.right - start).tolist(),
        "nodes_missing_value_tracks_true": trees.missing_left.astype(int).tolist(),
        "nodes_values_as_tensor": numpy_helper.from_array(trees.threshold, "thresholds"),
        "target_treeids": tree[at].tolist(),
        "target_nodeids": node[at].tolist(),
        "target_ids": target.tolist(),
        "target_weights_as_tensor": numpy_helper.from_array(trees.value[at, target], "leaves"),
    }


def _linear(graph: Graph, linear: Linear, x: str) -> str:
    """Only the features that matter, filled, cut and weighted."""
    used = np.flatnonzero(linear.used)
    if len(used) == 0:
        used = np.zeros(1, np.intp)  # a constant still needs to know how many rows there are
    x = graph.add("Gather", x, graph.constant(used.astype(np.int64)), axis=1)
    missing = graph.add("IsNaN", x)
    filled = graph.add("Where", missing, graph.constant(linear.fill[used]), x)
    cut = graph.add("Max", filled, graph.constant(linear.low[used]))
    cut = graph.add("Min", cut, graph.constant(linear.high[used]))
    found = graph.add(
        "Gemm", cut, graph.constant(linear.weight[used]), graph.constant(linear.intercept)
    )
    absent = np.flatnonzero((linear.missing_weight[used] != 0).any(axis=1))
    if len(absent) == 0:
        return found
    flags = graph.add("Gather", missing, graph.constant(absent.astype(np.int64)), axis=1)
    weight = graph.constant(linear.missing_weight[used[absent]])
    return graph.add("Gemm", graph.add("Cast", flags, to=_DOUBLE), weight, found)


def _nets(graph: Graph, nets: Nets, x: str) -> str:
    """All nets of one shape at once, as products of N matrices; the rows are the columns of what
    goes through them, which is quicker for one row.

    Hidden units are computed in single precision, from how far inputs are from their means: half of
    the time, for about a millionth of the margin.
    """
    x = graph.add("Gather", x, graph.constant(nets.feature.ravel().astype(np.int64)), axis=1)
    cut = graph.add("Max", x, graph.constant(nets.low.ravel()))
    cut = graph.add("Min", cut, graph.constant(nets.high.ravel()))
    absent = graph.constant(nets.absent.ravel())
    filled = graph.add("Where", graph.add("IsNaN", x), absent, cut)
    away = graph.add("Sub", filled, graph.constant(nets.mean.ravel()))
    away = graph.add("Cast", away, to=FLOAT)
    shaped = graph.add("Reshape", away, graph.ints(-1, *nets.feature.shape))
    units = graph.add("Transpose", shaped, perm=[1, 2, 0])
    at_mean = nets.first_bias + (nets.mean[:, None] @ nets.first)[:, 0]
    for weight, bias in ((nets.first, at_mean), (nets.second, nets.second_bias)):
        rows, column = weight.transpose(0, 2, 1), bias[:, :, None]
        moved = graph.add("MatMul", graph.constant(rows.astype(np.float32)), units)
        moved = graph.add("Add", moved, graph.constant(column.astype(np.float32)))
        units = graph.add("Mul", moved, graph.add("Sigmoid", moved))
    units = graph.add("Cast", units, to=_DOUBLE)
    found = graph.add("MatMul", graph.constant(nets.last.transpose(0, 2, 1)), units)
    total = graph.add("Transpose", graph.add("ReduceSum", found, graph.ints(0), keepdims=0))
    return graph.add("Add", total, graph.constant(nets.last_bias.sum(axis=0)))


def _centred(graph: Graph, margin: str, width: int) -> str:
    """Each of several margins against their average, which does not matter."""
    if width == 1:
        return margin
    return graph.add("Sub", margin, graph.add("ReduceMean", margin, graph.ints(1)))
