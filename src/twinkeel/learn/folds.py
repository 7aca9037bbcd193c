"""Which rows each model of a bag learns from, and which judge it out of fold.

Folds keep groups whole, spread classes evenly, or go forward in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows that judge."""

    train: Index
    valid: Index


_LOOKED_AT = 2_000


def everything(rows: int, seed: int) -> Split:
    """All rows to learn from; those that judge are some of them, for libraries that want any."""
    some = np.sort(np.random.default_rng(seed).permutation(rows)[:_LOOKED_AT])
    return Split(np.arange(rows), some)


def folds(
    y: Index,
    *,
    count: int,
    seed: int,
    groups: NDArray[Any] | None = None,
    time: NDArray[Any] | None = None,
) -> tuple[Split, ...]:
    """`count` splits of n rows, fewer where there are not enough groups, rows or moments.

    With `time`, split i learns from the oldest blocks and is judged by the next one; otherwise
    every row judges exactly once.
    """
    if time is not None:
        return _forward(time, count)
    if groups is not None:
        return _parts(_grouped(y, groups, count, seed))
    return _parts(_stratified(y, count, seed))


def halves(
    y: Index,
    *,
    seed: int,
    groups: NDArray[Any] | None = None,
    time: NDArray[Any] | None = None,
) -> tuple[Split, ...]:
    """Two splits of n rows, by halves that change places; with `time` one, of which the later half
    judges. None where there are not enough groups, rows or moments."""
    return folds(y, count=2 if time is None else 1, seed=seed, groups=groups, time=time)


def _parts(part: Index) -> tuple[Split, ...]:
    used = [i for i in np.unique(part) if (part != i).any()]
    return tuple(Split(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in used)


def _stratified(y: Index, count: int, seed: int) -> Index:
    """(n,) the part of each row: the rows of each class are dealt out in random order."""
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    part = np.empty(len(y), np.intp)
    part[order] = np.arange(len(y)) % min(count, len(y))
    return part


def _grouped(y: Index, groups: NDArray[Any], count: int, seed: int) -> Index:
    """(n,) parts that keep groups whole: large groups first, each to where its classes lack."""
    _, member = np.unique(groups.astype(str), return_inverse=True)
    table = np.zeros((member.max() + 1, y.max() + 1))
    np.add.at(table, (member, y), 1.0)
    count = min(count, len(table))
    share = np.maximum(table.sum(axis=0), 1.0)
    held = np.zeros((count, table.shape[1]))
    place = np.empty(len(table), np.intp)
    shuffled = np.random.default_rng(seed).permutation(len(table))
    for group in shuffled[np.argsort(-table.sum(axis=1)[shuffled], kind="stable")]:
        after = (((held + table[group]) / share) ** 2 - (held / share) ** 2).sum(axis=1)
        place[group] = int(np.argmin(after))
        held[place[group]] += table[group]
    return place[member]


def _forward(time: NDArray[Any], count: int) -> tuple[Split, ...]:
    """Blocks of equal size in order of time; equal moments stay in one block."""
    moments, when = np.unique(time, return_inverse=True)
    ranks = np.cumsum(np.bincount(when, minlength=len(moments)))[when] - 1
    block = ranks * (count + 1) // len(time)
    starts = np.unique(block)
    return tuple(
        Split(np.flatnonzero(block < start), np.flatnonzero(block == start)) for start in starts[1:]
    )
