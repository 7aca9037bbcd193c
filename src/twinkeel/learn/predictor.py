"""Serves a trained classifier: contract, one ONNX graph, a decision. numpy and onnxruntime alone.

Loading imports nothing that only training needs, and nothing in the bundle can run code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.errors import BundleError, InputError
from twinkeel.learn.explain import Explainer
from twinkeel.learn.graph import FEATURES, LOG_ODDS, PROBABILITIES
from twinkeel.learn.linear import Linear
from twinkeel.learn.model import CONTRACT, GRAPH, LINEAR, MODEL, TREES, Card
from twinkeel.learn.trees import Trees
from twinkeel.records import (
    Contribution,
    Explanation,
    Field,
    Output,
    Rows,
    Signature,
)
from twinkeel.store.bundles import MANIFEST, Bundle, open_bundle

Floats = NDArray[np.float64]
_T = TypeVar("_T")

_BATCH = 2048
"""Rows that go through the graph at once."""
_LARGE = 256
"""From so many rows on, all processors share the work; below, one is quicker."""


class Predictor:
    """A loaded classifier, ready for calls; safe to share between threads."""

    def __init__(
        self,
        contract: Contract,
        card: Card,
        graph: bytes,
        parts: Callable[[], tuple[Trees, Linear]],
        *,
        size: int = 0,
    ) -> None:
        """`parts` gives what explanations need, when the first one is asked for."""
        self.contract = contract
        self.card = card
        self.bundle_bytes = size
        self._graph = graph
        self._parts = parts
        self._session = _session(graph, threads=1)
        self._inputs = [column.name for column in contract.columns]

    @classmethod
    def open(cls, bundle: Bundle | Path) -> Predictor:
        """Load a verified bundle, or the folder of one; a folder with a manifest is verified.

        Raises BundleError.
        """
        if isinstance(bundle, Path) and (bundle / MANIFEST).is_file():
            bundle = open_bundle(bundle)
        read = bundle.read if isinstance(bundle, Bundle) else _reader(bundle)
        return cls(
            _decoded(read(CONTRACT), CONTRACT, Contract),
            _decoded(read(MODEL), MODEL, Card),
            read(GRAPH),
            lambda: (Trees.load(read, TREES), Linear.load(read, LINEAR)),
            size=bundle.size if isinstance(bundle, Bundle) else _size(bundle),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.card.classes

    @property
    def positive(self) -> str | None:
        """Of two classes, the one that is looked for."""
        return self.card.positive

    @property
    def threshold(self) -> float | None:
        """Of two classes, the probability from which the positive one is decided for."""
        return self.card.decision.threshold

    @property
    def costs(self) -> list[list[float]] | None:
        """What deciding for a class (column) costs where another is true (row)."""
        return None if self.card.costs is None else [list(row) for row in self.card.costs]

    @property
    def importance(self) -> dict[str, float]:
        """Mean absolute contribution of each column to the log-odds, largest first."""
        return self.card.importance

    @cached_property
    def signature(self) -> Signature:
        """The contract's columns in; a class and probabilities out."""
        each = (
            Field(name=f"probabilities.{name}", type="number", low=0.0, high=1.0)
            for name in self.classes
        )
        outputs = (
            Field(name="prediction", type="category", values=self.classes),
            Field(name="probability", type="number", low=0.0, high=1.0),
            *each,
        )
        label = Field(name="label", type="category", values=self.classes)
        return Signature(inputs=self.contract.fields(), outputs=outputs, label=label)

    def call(self, rows: Rows) -> list[Output]:
        """One output per row: prediction, its or the positive class's probability, and all.

        Raises ContractError naming the row and the column.
        """
        if not rows:
            return []
        conformed = self.contract.read_rows(rows)
        found = self._run(conformed.values, len(rows), PROBABILITIES)
        chosen = self.card.decision.choose(found).tolist()
        warnings = conformed.warnings
        return [
            self._output(values, k, tuple(warnings.get(row, ())))
            for row, (values, k) in enumerate(zip(found.tolist(), chosen, strict=True))
        ]

    def probabilities(
        self, columns: Mapping[str, Sequence[Any] | NDArray[Any]], n: int
    ) -> tuple[Floats, dict[int, list[str]]]:
        """(n, classes) probabilities of rows given by column, and warnings by row."""
        conformed = self.contract.read(columns, n)
        return self._run(conformed.values, n, PROBABILITIES), conformed.warnings

    def run(self, values: Mapping[str, NDArray[Any]], n: int) -> Floats:
        """(n, classes) probabilities of columns that the contract has read already."""
        return self._run(values, n, PROBABILITIES)

    def log_odds(self, columns: Mapping[str, Sequence[Any] | NDArray[Any]], n: int) -> Floats:
        """(n, k) uncalibrated log-odds: k is 1 for two classes, else one per class."""
        return self._run(self.contract.read(columns, n).values, n, LOG_ODDS)

    def explain(self, rows: Rows) -> list[Explanation]:
        """For each row, the columns' contributions to its uncalibrated log-odds.

        Of two classes the positive one is explained, of more the one predicted, against the
        average of all classes.
        """
        if not rows:
            return []
        conformed = self.contract.read_rows(rows)
        feed = self._feed(conformed.values, slice(0, len(rows)))
        names = [FEATURES, LOG_ODDS, PROBABILITIES]
        features, log_odds, found = self._session.run(names, feed)
        effects = self._explainer.contributions(features)
        chosen = self.card.decision.choose(found)
        return [
            self._explanation(row, effects[i], log_odds[i], int(chosen[i]))
            for i, row in enumerate(rows)
        ]

    @cached_property
    def _explainer(self) -> Explainer:
        trees, linear = self._parts()
        return Explainer(trees, linear, self.card.feature_columns, len(self._inputs))

    @cached_property
    def _wide_session(self) -> Any:
        return _session(self._graph, threads=os.cpu_count() or 1)

    def _explanation(self, row: Any, effects: Floats, log_odds: Floats, chosen: int) -> Explanation:
        k = chosen if len(log_odds) > 1 else 0
        of = self.classes[chosen] if len(log_odds) > 1 else self.classes[1]
        found = [
            Contribution(name=name, value=row.get(name), contribution=float(effect))
            for name, effect in zip(self._inputs, effects[:, k], strict=True)
        ]
        return Explanation(
            of=of,
            unit="log-odds",
            base=float(self._explainer.base[k]),
            total=float(log_odds[k]),
            contributions=tuple(sorted(found, key=lambda item: -abs(item.contribution))),
        )

    def _output(self, values: Sequence[float], k: int, warnings: tuple[str, ...]) -> Output:
        answer = {
            "prediction": self.classes[k],
            "probability": values[k if self.positive is None else 1],
            "probabilities": dict(zip(self.classes, values, strict=True)),
        }
        return Output(values=answer, warnings=warnings)

    def _run(self, values: Mapping[str, NDArray[Any]], n: int, output: str) -> Floats:
        if n == 0:
            raise InputError("There is no row to predict: give at least one.")
        session = self._session if n < _LARGE else self._wide_session
        if n <= _BATCH:
            found: Floats = session.run([output], self._feed(values, slice(0, n)))[0]
            return found
        parts = [
            session.run([output], self._feed(values, slice(start, start + _BATCH)))[0]
            for start in range(0, n, _BATCH)
        ]
        return np.concatenate(parts)

    def _feed(self, values: Mapping[str, NDArray[Any]], rows: slice) -> dict[str, NDArray[Any]]:
        return {name: values[name][rows].reshape(-1, 1) for name in self._inputs}


def _session(graph: bytes, *, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no class in common
        raise BundleError(
            f"{GRAPH} of the classifier cannot be loaded by onnxruntime "
            f"{onnxruntime.__version__} ({type(error).__name__}): build again."
        ) from error


def _reader(folder: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise BundleError(
                f"{name} of the classifier in {folder} cannot be read: {error.strerror}."
            ) from None

    return read


def _decoded(data: bytes, name: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise BundleError(
            f"{name} of the classifier cannot be read: {error}; "
            "it was written by another version of Twinkeel: build again."
        ) from None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
