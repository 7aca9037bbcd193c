"""A fixed sample of the rows of a stream, in bounded memory.

Each row has a rank that depends on its position alone (splitmix64, Steele et al. 2014, a bijection
of 64 bits); the rows of the lowest ranks are taken, in their order. The same data always gives the
same sample, and rows that are appended only displace others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from twinkeel.data.table import Array, Table, concatenate

_ALL = np.uint64(2**64 - 1)


class Sample(NamedTuple):
    """What was taken of a stream."""

    table: Table
    rows: int
    """How many rows there were."""


def sampled(tables: Iterable[Table], most: int) -> Sample:
    """At most `most` of the rows; holds no more than twice as many and one table at a time."""
    held: list[Table] = []
    ranks = np.empty(0, dtype=np.uint64)
    bar, rows = _ALL, 0
    for table in tables:
        found = _ranks(rows, len(table))
        rows += len(table)
        low = found <= bar
        held.append(table if low.all() else table.take(low))
        ranks = np.append(ranks, found[low])
        if len(ranks) > 2 * most:
            held, ranks, bar = _lowest(held, ranks, most)
    if len(ranks) > most:
        held, ranks, bar = _lowest(held, ranks, most)
    return Sample(concatenate(held), rows)


def _lowest(held: list[Table], ranks: Array, most: int) -> tuple[list[Table], Array, np.uint64]:
    bar = np.partition(ranks, most - 1)[most - 1]
    low = ranks <= bar
    return [concatenate(held).take(low)], ranks[low], bar


def _ranks(start: int, rows: int) -> Array:
    """The ranks of rows `start` to `start + rows`, shape (rows,)."""
    with np.errstate(over="ignore"):
        z = (np.arange(start, start + rows, dtype=np.uint64) + np.uint64(1)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
