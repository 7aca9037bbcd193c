"""Call: a version and inputs -> outputs, for one row, many, a data frame or a whole file.

Owns the shapes that inputs and outputs may have here. A loaded version is kept for the next
call, since a bundle never changes. These calls are not events: only what is served is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from twinkeel.data import files
from twinkeel.data.answers import column_name
from twinkeel.data.contract import Contract
from twinkeel.data.expectations import Together
from twinkeel.data.table import Array, Table, from_frame, from_values
from twinkeel.errors import ContractError, UsageError
from twinkeel.kinds.base import CallsColumns, Converses, Explains, ReadsColumns, Servable
from twinkeel.lifecycle.versions import load
from twinkeel.records import (
    Explanation,
    Json,
    Message,
    Output,
    Progress,
    Record,
    Rows,
    Signature,
    Tick,
    Version,
    silent,
)
from twinkeel.store.store import Store

BATCH = 20_000
"""Rows of a file that are in memory at a time."""
_FEWER = 1_000
"""As many where they are answered one by one, so that progress is seen."""
_KEPT = 8
_loaded: WeakKeyDictionary[Store, dict[str, Servable]] = WeakKeyDictionary()


def call(store: Store, version: Version, inputs: Any) -> Any:
    """Ask `version`; the answer has the shape of the question.

    A mapping gives one Output, a list of mappings a list of Outputs, a data frame of pandas,
    polars or pyarrow a frame of the same library and index with one column per output and
    `warnings`. Raises ContractError naming the row and the column.
    """
    servable = loaded(store, version)
    if isinstance(inputs, Mapping):
        return servable.call([inputs])[0]
    if isinstance(inputs, Sequence) and not isinstance(inputs, str | bytes):
        return servable.call(inputs)
    return _as_frame(_answered(servable, from_frame(inputs)), inputs)


def explain(store: Store, version: Version, rows: Rows) -> list[Explanation]:
    """Why `version` answers each row as it does; raises UsageError where it cannot say."""
    servable = loaded(store, version)
    if not isinstance(servable, Explains):
        raise UsageError(f"{version.ref} cannot explain its answers.")
    return servable.explain(rows)


def converse(store: Store, version: Version, messages: Sequence[Message]) -> Output:
    """What `version` answers to a conversation.

    Raises UsageError where it does not converse or the last message is empty, InputError.
    """
    servable = loaded(store, version)
    if not isinstance(servable, Converses):
        raise UsageError(f"{version.ref} does not converse: call it with its inputs.")
    if not messages or not messages[-1].text.strip():
        raise UsageError("The question is empty: write one.")
    return servable.converse(messages)


class Scored(Record, frozen=True, kw_only=True):
    """A file whose rows have been answered."""

    rows: int
    notes: tuple[str, ...]
    """What the rows break together of what is expected of them, a sentence each."""
    warned: int = 0
    """How many rows have a warning."""
    first_warning: str | None = None
    """The first of them: its row, counted from 1, and what was unusual."""


def call_file(
    store: Store, version: Version, source: Path, out: Path, *, progress: Progress = silent
) -> Scored:
    """Ask `version` every row of the file `source`.

    Writes the rows with one column per output and `warnings` to `out`, CSV or Parquet by its
    name. An output called like an input gets the component's name in front. `out` appears
    whole or not at all, in a folder that is there. A file without a row gives one without a row.
    Raises UsageError, SourceError, and ContractError naming the file and the row, or what
    its rows break together of what is expected.
    """
    if out.resolve() == source.resolve():
        raise UsageError(f"{out} is also the input: write the outputs to another file.")
    if out.is_dir():
        raise UsageError(f"{out} is a folder: name a file in it, such as {out / 'scored.csv'}.")
    if not out.parent.is_dir():
        raise UsageError(
            f"{out}: there is no folder {out.parent}; make it, or name a file in one that is there."
        )
    servable = loaded(store, version)
    total, done, unusual = files.count(source), 0, _Unusual()
    size = BATCH if isinstance(servable, CallsColumns) else _FEWER
    expected = servable.contract if isinstance(servable, ReadsColumns) else Contract(columns=())
    together = Together(expected)
    with files.Writer(out) as writer:
        for batch in files.batches(source, size, empty=True):
            found = _explained(servable, batch, source, done)
            unusual.take(found["warnings"], done)
            writer.write(Table({**batch.columns, **_renamed(found, batch, version.component)}))
            together.take(batch)
            done += len(batch)
            fraction = None if total is None else min(1.0, done / max(total, done, 1))
            progress(Tick(stage="calling", fraction=fraction, detail=f"{done:,} rows"))
        return Scored(
            rows=done,
            notes=_told(together, expected, source),
            warned=unusual.rows,
            first_warning=unusual.first,
        )


class _Unusual:
    """How many rows have been answered with a warning, and the first of them."""

    def __init__(self) -> None:
        self.rows = 0
        self.first: str | None = None

    def take(self, warnings: Array, done: int) -> None:
        """Count the rows of a batch that follows `done` others."""
        warned = np.flatnonzero(warnings != "")
        if self.first is None and len(warned):
            self.first = f"row {done + int(warned[0]) + 1:,}, {warnings[warned[0]]}"
        self.rows += len(warned)


def _told(together: Together, expected: Contract, source: Path) -> tuple[str, ...]:
    """What all rows break together; raises ContractError where that stops."""
    found = together.told()
    if found and expected.expectations.on_violation == "stop":
        raise ContractError(f"{source}: {' '.join(found)} Correct the file: nothing was written.")
    return tuple(f"{source}: {one}" for one in found)


def loaded(store: Store, version: Version) -> Servable:
    """The servable of `version`, loaded once per store; the least recently loaded one goes."""
    kept = _loaded.setdefault(store, {})
    if version.bundle not in kept:
        while len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[version.bundle] = load(store, version)
    return kept[version.bundle]


def columns(outputs: Sequence[Output]) -> dict[str, Any]:
    """Outputs as columns of a table; a record within an output becomes `name_key` columns, and a
    list its JSON."""
    rows = [_flat(output) for output in outputs]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: from_values(name, [row.get(name) for row in rows]) for name in names}


def _no_rows(signature: Signature) -> dict[str, Any]:
    """The columns that answers would have had, without a row."""
    return {
        column_name(output.name): np.empty(0, float if output.type == "number" else object)
        for output in signature.outputs
    } | {"warnings": np.empty(0, object)}


def _flat(output: Output) -> dict[str, Json]:
    row: dict[str, Json] = {}
    for name, value in output.values.items():
        if isinstance(value, Mapping):
            row.update({f"{name}_{key}": part for key, part in value.items()})
        else:
            row[name] = msgspec.json.encode(value).decode() if isinstance(value, list) else value
    row["warnings"] = " ".join(output.warnings)
    return row


def _answered(servable: Servable, table: Table) -> dict[str, Any]:
    """The outputs of a table's rows as columns, and `warnings`."""
    if len(table) == 0:
        return _no_rows(servable.signature)
    if isinstance(servable, CallsColumns):
        return servable.call_columns(table.columns, len(table)).columns(len(table))
    return columns(servable.call(table.rows()))


def _explained(servable: Servable, batch: Table, source: Path, done: int) -> dict[str, Any]:
    """As `_answered`; errors name the file and how many rows came before."""
    try:
        return _answered(servable, batch)
    except ContractError as error:
        after = f" (rows counted after the first {done:,})" if done else ""
        raise ContractError(f"{source}{after}: {error}") from None


def _renamed(found: dict[str, Any], batch: Table, component: str) -> dict[str, Any]:
    return {
        f"{component}_{name}" if name in batch.columns else name: values
        for name, values in found.items()
    }


def _as_frame(found: dict[str, Any], like: Any) -> Any:
    """Columns as a frame of the library of `like`, with its index where it has one."""
    import narwhals as nw

    given = nw.from_native(like, eager_only=True)
    backend = given.implementation
    types = {"f": nw.Float64(), "O": nw.String()} if len(given) == 0 else {}
    series = [
        nw.new_series(name, values.tolist(), types.get(values.dtype.kind), backend=backend)
        for name, values in found.items()
    ]
    made = nw.from_dict({one.name: one for one in series}, backend=backend).to_native()
    index = nw.maybe_get_index(given)
    if index is not None:
        made.index = index
    return made
