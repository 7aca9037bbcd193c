"""Which rows are held out to judge a version: a keyed hash of the row, or what comes later.

A row's unit is a hash of its group, else of its id, else of its contents; whether it is held out
depends on the unit and the project's key alone, so that it is the same in every build and rows
that are added never move another across. With a time column, of dates or of numbers, what is later
than a cutoff is held out instead. Pure.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.columns import Array
from twinkeel.data.moments import Moments, moments
from twinkeel.data.table import Table, texts
from twinkeel.data.types import Unreadable, number, plain
from twinkeel.errors import ContractError
from twinkeel.plugins import suggestion
from twinkeel.records import Record

_UNIT_BYTES = 8


class SplitOptions(Record, frozen=True):
    """Which columns say what belongs together and what comes later."""

    id: str | None = None
    group: str | None = None
    time: str | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """Rows told apart into those to learn from and those that judge."""

    ids: list[str]
    """Unique per row: the id, else the unit; `...-2` for a repeat."""
    units: list[str]
    """16 hex digits per row; rows of one unit are on one side."""
    held_out: NDArray[np.bool_]
    """Shape (n,): true where the row judges."""
    cutoff: str | float | None
    """With a time column: the last moment that is learned from, as `times`."""
    method: str
    """How, in words."""
    times: list[str | float] | None = None
    """With a time column: each row's moment, ISO 8601 texts or all numbers; later is greater."""
    rule: str = ""
    """What the units depend on besides the rows: the key, the columns named, all columns where
    contents are hashed, and that times are numbers where they are. Units of two splits compare
    only under one rule."""

    def take(self, keep: NDArray[np.bool_]) -> Split:
        """The same of some of the rows."""
        return dataclasses.replace(
            self,
            ids=list(compress(self.ids, keep)),
            units=list(compress(self.units, keep)),
            held_out=self.held_out[keep],
            times=None if self.times is None else list(compress(self.times, keep)),
        )


def split(table: Table, *, options: SplitOptions, key: str, share: float = 0.2) -> Split:
    """Hold out about `share` of the rows of a table.

    The table's columns are those of the source without the target: contents are hashed over all
    of them. Raises ContractError for a column that is not there or a time that is neither a
    date nor a number.
    """
    hasher = _Hasher(key)
    names = _column(table, options.id)
    hashed = () if all(names) else sorted(table.names)
    rule = hasher.unit("rule", *(name or "" for name in msgspec.structs.astuple(options)), *hashed)
    own = names if all(names) else [n or c for n, c in zip(names, contents(table), strict=True)]
    if options.time is not None:
        when = _moments(table, options.time)
        found = _forward(when, own, names, hasher=hasher, share=share)
        return dataclasses.replace(found, rule=rule if when.dated else hasher.unit("numbers", rule))
    groups = _column(table, options.group)
    units = [
        hasher.unit("group", group) if group else hasher.unit("row", one)
        for group, one in zip(groups, own, strict=True)
    ]
    limit = int(share * 2 ** (8 * _UNIT_BYTES))
    held_out = np.fromiter((int(unit, 16) < limit for unit in units), dtype=bool, count=len(units))
    by = options.group or options.id or "the row's contents"
    ids = _unique(names, units)
    return Split(ids, units, held_out, None, f"keyed hash of {by}", rule=rule)


def _forward(
    when: Moments,
    own: Sequence[str],
    names: Sequence[str],
    *,
    hasher: _Hasher,
    share: float,
) -> Split:
    """What is later than the (1 - share) quantile of the moments is held out."""
    values = when.values.tolist()
    cutoff = float(np.quantile(when.values, 1 - share, method="lower"))
    words = {moment: when.text(moment) for moment in set(values)}
    units = [
        hasher.unit("row", one, words[moment]) for one, moment in zip(own, values, strict=True)
    ]
    return Split(
        ids=_unique(names, units),
        units=units,
        held_out=when.values > cutoff,
        cutoff=when.told(cutoff),
        method="forward in time",
        times=[words[moment] for moment in values] if when.dated else values,
    )


def _moments(table: Table, name: str) -> Moments:
    """When each row is; raises ContractError for a row or a column that does not say."""
    _column(table, name)
    found = moments(table.columns[name])
    if found is None:
        raise ContractError(
            f"The time column {name} must hold dates, years or numbers, and it holds something "
            "else; write dates as 2024-05-31."
        )
    missing = np.flatnonzero(np.isnan(found.values))
    if len(missing):
        raise ContractError(
            f"Row {missing[0] + 1}, column {name}: the time is missing; a forward split needs one "
            "in every row, so add it or leave the row out."
        )
    return found


class _Hasher:
    """Keyed blake2b (RFC 7693) of texts, with their lengths, so that no two lists run together."""

    def __init__(self, key: str) -> None:
        self._keyed = hashlib.blake2b(
            key=hashlib.blake2b(key.encode()).digest(), digest_size=_UNIT_BYTES
        )

    def unit(self, *parts: str) -> str:
        """16 hex digits."""
        digest = self._keyed.copy()
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()


def contents(table: Table) -> list[str]:
    """One text per row over all columns, whatever their order and however they are typed."""
    names = sorted(table.names)
    head = "\x1f".join(names) + "\x1e"
    columns = [_canonical(table.columns[name]) for name in names]
    return [head + "\x1f".join(cells) for cells in zip(*columns, strict=True)]


def _canonical(column: Array) -> list[str]:
    """The texts of a column with numbers in one form: 1.50 from a CSV file is 1.5 from Parquet."""
    written = texts(column)
    known = {text: _canonical_text(text) for text in set(written)}
    return [known[text] for text in written]


def _canonical_text(text: str) -> str:
    if len(text) > 17:  # a number with more digits is not exact: two ids must not become one
        return text
    try:
        value = number(text)
    except Unreadable:
        return text
    return plain(value) if math.isfinite(value) else text


def _column(table: Table, name: str | None) -> list[str]:
    """A column's texts, "" for all rows if there is no name."""
    if name is None:
        return [""] * len(table)
    if name not in table.columns:
        raise ContractError(f"There is no column {name!r}{suggestion(name, list(table.names))}")
    return texts(table.columns[name])


def _unique(names: Sequence[str], units: Sequence[str]) -> list[str]:
    """The names (units where there is none), the second and later of a kind numbered."""
    counts: dict[str, int] = {}
    taken = set(names) | set(units)
    out = []
    for name, unit in zip(names, units, strict=True):
        base = name or unit
        count = counts.get(base, 0) + 1
        candidate = base
        while count > 1 and (candidate := f"{base}-{count}") in taken:
            count += 1
        counts[base] = count
        taken.add(candidate)
        out.append(candidate)
    return out
