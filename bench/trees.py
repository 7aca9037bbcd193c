"""What onnxruntime leaves on the table for trees: its double and float nodes against numpy.

    python bench/trees.py BUNDLE TABLE [BUNDLE TABLE ...]

BUNDLE is the folder of a trained model, TABLE a Parquet file of rows that it reads. numpy goes down
all trees of all rows at once, a level at a time. One row is a median over single rows, another one
each; many rows go through in batches of 256. One thread each. What is served is the double form.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from onnx import TensorProto, numpy_helper

from twinkeel.data.table import from_frame
from twinkeel.learn.compile import _ensemble
from twinkeel.learn.graph import FEATURES, Graph
from twinkeel.learn.predictors.opening import opened
from twinkeel.learn.trees import LEAF, Trees

Run = Callable[[np.ndarray], np.ndarray]
_BATCH, _SINGLE, _MANY = 256, 300, 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("given", nargs="+", type=Path)
    given = parser.parse_args().given
    print("| model | trees | by | one row, us | ns a tree | 10,000 rows, rows/s | largest error |")
    print("|-|-|-|-|-|-|-|", flush=True)
    for bundle, table in zip(given[::2], given[1::2], strict=True):
        predictor = opened(bundle)
        rows = from_frame(pd.read_parquet(table))
        X = predictor.raw(rows.columns, len(rows), FEATURES)[0].astype(np.float32)
        measure(bundle.name, predictor._parts().trees, X)  # noqa: SLF001


def measure(name: str, trees: Trees, X: np.ndarray) -> None:
    forms = {"double": double(trees, X), "float": single(trees, X), "numpy": plain(trees)}
    true = np.vstack([forms["double"](X[i : i + _BATCH]) for i in range(0, len(X), _BATCH)])
    many = np.resize(np.arange(len(X)), _MANY)
    for form, run in forms.items():
        error = max(
            np.abs(run(X[i : i + _BATCH]) - true[i : i + _BATCH]).max()
            for i in range(0, len(X), _BATCH)
        )
        one = np.median([timed(run, X[[i % len(X)]]) for i in range(_SINGLE)])
        batches = [X[many[i : i + _BATCH]] for i in range(0, _MANY, _BATCH)]
        total = min(sum(timed(run, batch) for batch in batches) for _ in range(2))
        print(
            f"| {name} | {len(trees):,} | {form} | {one * 1e6:.0f} | {one / len(trees) * 1e9:.0f} "
            f"| {_MANY / total:,.0f} | {error:.1e} |",
            flush=True,
        )


def double(trees: Trees, X: np.ndarray) -> Run:
    """As it is served."""

    def build(graph: Graph, x: str) -> str:
        wide = graph.add("Cast", x, to=TensorProto.DOUBLE)
        return graph.add_ml("TreeEnsembleRegressor", wide, **_ensemble(trees))

    return session(build, trees.width, X.shape[1])


def single(trees: Trees, X: np.ndarray) -> Run:
    """Thresholds rounded down, which decides alike for float features; leaves added up in float."""
    found = _ensemble(trees)
    threshold = numpy_helper.to_array(found.pop("nodes_values_as_tensor"))
    leaves = numpy_helper.to_array(found.pop("target_weights_as_tensor"))
    near = threshold.astype(np.float32)
    with np.errstate(over="ignore"):
        lower = np.nextafter(near, np.float32(-np.inf))
    found["nodes_values"] = np.where(near > threshold, lower, near).tolist()
    found["target_weights"] = leaves.astype(np.float32).tolist()
    return session(
        lambda graph, x: graph.add_ml("TreeEnsembleRegressor", x, **found), trees.width, X.shape[1]
    )


def session(build: Callable[[Graph, str], str], width: int, features: int) -> Run:
    graph = Graph()
    x = graph.add("Cast", graph.input("x", text=False, width=features), to=TensorProto.FLOAT)
    graph.output("y", build(graph, x), width=width, single=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    run = onnxruntime.InferenceSession(graph.model(), options).run
    return lambda X: run(["y"], {"x": X.astype(np.float64)})[0]


def plain(trees: Trees) -> Run:
    """numpy; a leaf leads to itself, until every row is at one."""
    leaf = trees.feature == LEAF
    here = np.arange(len(leaf))
    feature = np.where(leaf, 0, trees.feature)
    child = np.stack([np.where(leaf, here, trees.right), np.where(leaf, here, trees.left)], 1)
    child = child.ravel().astype(np.int64)

    def run(X: np.ndarray) -> np.ndarray:
        at = np.broadcast_to(trees.root.astype(np.int64), (len(X), len(trees.root)))
        row = np.arange(len(X))[:, None]
        while not leaf[at].all():
            x = X[row, feature[at]]
            left = np.where(np.isnan(x), trees.missing_left[at], x <= trees.threshold[at])
            at = child[2 * at + left]
        return trees.value[at].sum(axis=1)

    return run


def timed(run: Run, X: np.ndarray) -> float:
    began = time.perf_counter()
    run(X)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
