"""Loads a trained model and runs its graph: what every predictor shares. numpy and onnxruntime.

Loading imports nothing that only training needs, and nothing in the bundle can run code.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.answers import Answers
from twinkeel.data.contract import Contract
from twinkeel.errors import BundleError, InputError
from twinkeel.learn.explain import Explainer
from twinkeel.learn.graph import FEATURES
from twinkeel.learn.inputs import Inputs
from twinkeel.learn.model import CONTRACT, GRAPH, MODEL, Card
from twinkeel.learn.parts import Parts
from twinkeel.records import Contribution, Explanation, Output, Rows, Signature
from twinkeel.store.bundles import MANIFEST, Bundle, open_bundle
from twinkeel.store.protobuf import unbounded

Floats = NDArray[np.float64]
Columns = Mapping[str, Sequence[Any] | NDArray[Any]]
"""Cells by column, as they come."""
CardT = TypeVar("CardT", bound=Card)
_T = TypeVar("_T")

TOLERANCE = 1e-5
"""`differences` beyond this are more than how processors and libraries round."""
_BATCH = 256
"""Rows that go through the graph at once; more at once are slower, as trees leave the cache."""


class Predictor(ABC, Generic[CardT]):
    """A loaded model, ready for calls; safe to share between threads."""

    reads: ClassVar[type[Any]]
    """The record of its `model.json`."""
    gives: ClassVar[str]
    """What its answers are, in words."""

    def __init__(
        self,
        contract: Contract,
        card: CardT,
        graph: bytes,
        parts: Callable[[], Parts],
        *,
        size: int = 0,
    ) -> None:
        """`parts` gives what explanations need, when the first one is asked for."""
        self.contract = contract
        self.card: CardT = card
        self.bundle_bytes = size
        self._parts = parts
        self._session = _session(graph)
        self._names = [column.name for column in contract.columns]
        self._inputs = Inputs.of(contract)

    @classmethod
    def open(cls, bundle: Bundle | Path) -> Self:
        """Load a verified bundle, or the folder of one; a folder with a manifest is verified.

        Raises BundleError.
        """
        if isinstance(bundle, Path) and (bundle / MANIFEST).is_file():
            bundle = open_bundle(bundle)
        read = bundle.read if isinstance(bundle, Bundle) else reader(bundle)
        card: CardT = decoded(read(MODEL), MODEL, cls.reads)
        return cls(
            decoded(read(CONTRACT), CONTRACT, Contract),
            card,
            read(GRAPH),
            lambda: Parts.load(read, nets=card.nets),
            size=bundle.size if isinstance(bundle, Bundle) else _size(bundle),
        )

    @property
    def importance(self) -> dict[str, float]:
        """Mean absolute contribution of each column, largest first."""
        return self.card.importance

    @property
    @abstractmethod
    def signature(self) -> Signature:
        """What it takes and gives."""

    @abstractmethod
    def call(self, rows: Rows) -> list[Output]:
        """One output per row. Raises ContractError naming the row and the column."""

    @abstractmethod
    def call_columns(self, columns: Columns, n: int) -> Answers:
        """The answers to `n` rows given by column; raises ContractError as `call` does."""

    @abstractmethod
    def run(self, values: Mapping[str, NDArray[Any]], n: int) -> Floats:
        """(n, m) answers to columns that the contract has read already."""

    def answers(self, columns: Columns, n: int) -> Floats:
        """(n, m) answers to rows given by column. Raises ContractError."""
        return self.run(self.contract.read(columns, n).values, n)

    def raw(self, columns: Columns, n: int, *outputs: str) -> list[Floats]:
        """Outputs of the graph, by their names, for rows given by column."""
        found = self._run(self.contract.read(columns, n).values, n, *outputs)
        return [one.astype(np.float64) for one in found]

    @abstractmethod
    def explain(self, rows: Rows) -> list[Explanation]:
        """Why each row gets its answer, by column."""

    @abstractmethod
    def differences(self, expected: Floats, served: Floats) -> Floats:
        """(n,) how far two sets of answers are apart: the same where within `TOLERANCE`."""

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._parts(), self.card.feature_columns, len(self._names))

    def _contributions(self, row: Mapping[str, Any], effects: Floats) -> tuple[Contribution, ...]:
        """Largest first, from one effect per column."""
        found = [
            Contribution(name=name, value=row.get(name), contribution=float(effect))
            for name, effect in zip(self._names, effects, strict=True)
        ]
        return tuple(sorted(found, key=lambda item: -abs(item.contribution)))

    def _taken_apart(self, rows: Rows, *outputs: str) -> tuple[Floats, list[Floats]]:
        """(n, columns, k) effects on the margins of raw rows, and outputs of the graph."""
        conformed = self.contract.read_rows(rows)
        feed = self._feed(conformed.values, slice(0, len(rows)))
        features, *found = self._session.run([FEATURES, *outputs], feed)
        return self._explainer.contributions(features), found

    def _run(self, values: Mapping[str, NDArray[Any]], n: int, *outputs: str) -> list[Floats]:
        """Outputs of the graph for columns that the contract has read already."""
        if n == 0:
            raise InputError("There is no row to predict: give at least one.")

        def batch(start: int) -> list[Floats]:
            feed = self._feed(values, slice(start, start + _BATCH))
            found: list[Floats] = self._session.run(list(outputs), feed)
            return found

        if n <= _BATCH:
            return batch(0)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # onnxruntime lets go of the lock
            parts = list(pool.map(batch, range(0, n, _BATCH)))
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _feed(self, values: Mapping[str, NDArray[Any]], rows: slice) -> dict[str, NDArray[Any]]:
        return self._inputs.feed(values, rows, version=self.card.format)


def _session(graph: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # many rows are shared out in batches instead
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        fault = unbounded(graph)
        if fault is None:
            return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no class in common
        raise BundleError(
            f"{GRAPH} of the model cannot be loaded by onnxruntime "
            f"{onnxruntime.__version__} ({type(error).__name__}): build again."
        ) from error
    raise BundleError(f"{GRAPH} {fault}: it was not made by Twinkeel; build again.")


def reader(folder: Path) -> Callable[[str], bytes]:
    """Reads files of a folder; raises BundleError naming one that cannot be read."""

    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise BundleError(
                f"{name} of the model in {folder} cannot be read: {error.strerror}."
            ) from None

    return read


def decoded(data: bytes, name: str, kind: type[_T]) -> _T:
    """A record of a bundle; raises BundleError naming the file."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise BundleError(
            f"{name} of the model cannot be read: {error}; "
            "it was written by another version of Twinkeel: build again."
        ) from None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
