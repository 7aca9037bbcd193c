"""A whole table in numbers: of what a contract reads, or of every column of a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from twinkeel.data.columns import Column
from twinkeel.data.contract import Contract
from twinkeel.data.inference import infer_column
from twinkeel.data.moments import Moments, moments
from twinkeel.data.profile import relations
from twinkeel.data.profile.columns import Array, Read, described, once, read
from twinkeel.data.profile.records import ColumnProfile, Profile
from twinkeel.data.table import Table
from twinkeel.data.types import Unreadable
from twinkeel.errors import InputError
from twinkeel.plugins import suggestion


@dataclass(frozen=True, eq=False)
class _Against:
    """What every column is compared with, on the sampled rows."""

    index: Array
    target: Read | None
    towards: str | None
    block: Array
    blocks: int


def profile(
    table: Table,
    contract: Contract | None = None,
    *,
    target: str | None = None,
    time: str | None = None,
) -> Profile:
    """The profile of a table: of the columns that `contract` reads, or of all.

    `target` and `time` name columns of the table. Raises ContractError where the table breaks the
    contract, InputError for a name that the table does not have or a time that is not one.
    """
    _check_names(table, target=target, time=time)
    n = len(table)
    reads, notes = _all(table, target) if contract is None else _agreed(table, contract)
    aim = None if target is None else _guessed(target, table.columns[target])[0]
    index = relations.sample(n)
    block, spans = (np.full(n, -1), ()) if time is None else relations.blocks(_moments(table, time))
    towards = None if aim is None else relations.rarer(aim)
    sampled = None if aim is None else aim.take(index)
    against = _Against(index, sampled, towards, block[index], len(spans))
    return Profile(
        rows=n,
        columns=tuple(
            _compared(one, against, described(one, said), moves=one.column.name != time)
            for one, said in zip(reads, notes, strict=True)
        ),
        target=None
        if aim is None
        else _compared(aim, dataclasses.replace(against, target=None), described(aim)),
        duplicates=relations.duplicates([*reads, *([] if aim is None else [aim])]),
        compared=len(index),
        blocks=spans,
    )


def _compared(
    one: Read, against: _Against, seen: ColumnProfile, *, moves: bool = True
) -> ColumnProfile:
    """With the target and over time; the time itself does not change over time."""
    part = one.take(against.index)
    aim = against.target
    return replace(
        seen,
        association=None if aim is None else relations.association(part, aim, against.towards),
        change=relations.change(part, against.block, against.blocks) if moves else None,
    )


def _agreed(table: Table, contract: Contract) -> tuple[list[Read], list[tuple[str, ...]]]:
    """The columns that the contract reads."""
    n = len(table)
    try:
        reads = [
            read(column, None if cells is None else once(cells), n)
            for column in contract.columns
            for cells in [table.columns.get(column.name)]
        ]
    except Unreadable:
        contract.read(table.columns, n)  # names the row
        raise
    return reads, [()] * len(reads)


def _all(table: Table, target: str | None) -> tuple[list[Read], list[tuple[str, ...]]]:
    """Every column but the target, and what was found odd in each."""
    found = [_guessed(name, cells) for name, cells in table.columns.items() if name != target]
    return [one for one, _ in found], [notes for _, notes in found]


def _guessed(name: str, cells: Array) -> tuple[Read, tuple[str, ...]]:
    seen = once(cells)
    found = infer_column(name, seen)
    return read(found.column or found.kept or _left_out(name, cells), seen, len(cells)), found.notes


def _left_out(name: str, cells: Array) -> Column:
    """What a column holds that no model would learn from."""
    kinds = {"i": "integer", "u": "integer", "f": "number", "M": "date", "b": "boolean"}
    kind = kinds.get(cells.dtype.kind, "text")
    return Column(name=name, type=kind, nullable=True)  # type: ignore[arg-type]  # one of them


def _moments(table: Table, name: str) -> Moments:
    found = moments(table.columns[name])
    if found is None:
        raise InputError(
            f"time {name!r} holds neither dates nor numbers: name a column of dates such as "
            "2024-05-31, of years, or of numbers such as a count of days."
        )
    return found


def _check_names(table: Table, *, target: str | None, time: str | None) -> None:
    given: Sequence[tuple[str, str | None]] = (("target", target), ("time", time))
    for role, name in given:
        if name is not None and name not in table.names:
            near = suggestion(name, tuple(table.names))
            raise InputError(f"The table has no column {name!r} for its {role}{near}")
