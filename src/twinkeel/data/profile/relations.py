"""What columns have to do with each other: with the target, with time, and rows with rows.

Associations and changes are measured on a random sample of at most 100,000 rows, which finds them
to about 0.003. A missing value is a group of its own in groupings and left out of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.moments import Moments
from twinkeel.data.profile.columns import Read, even_edges, middle
from twinkeel.data.profile.records import Association, Block, Change, Measure
from twinkeel.stats.association import correlation_ratio, cramers_v, crossed, spearman

Array = NDArray[Any]

SAMPLE = 100_000
_BLOCKS = 5
_MOST_GROUPS = 1000
"""A grouping of more says nothing that a sample could show."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_TURN = np.uint64(31)


def sample(n: int) -> Array:
    """The rows that are compared, in order: all, or the same random ones each time."""
    if n <= SAMPLE:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, SAMPLE, replace=False))


def rarer(target: Read) -> str | None:
    """Of a target of two classes the rarer one, which Spearman's sign is towards."""
    if target.measured or len(target.words) != 2:
        return None
    counts = np.bincount(target.values[~target.missing], minlength=2)
    return target.words[int(counts[1] <= counts[0])]


def association(one: Read, target: Read, towards: str | None) -> Association | None:
    """How far a column goes together with the target; None where that cannot be said.

    `towards` is the class of a target of two that counts as 1, if there are two.
    """
    if any(not each.measured and len(each.words) > _MOST_GROUPS for each in (one, target)):
        return None
    present = ~target.missing & ~one.missing if one.measured else ~target.missing
    a, b = one.take(present), target.take(present)
    if len(a.values) < 2:
        return None
    measure, value = _measured(a, b, towards)
    return Association(measure=measure, value=round(value, 6))


def _measured(a: Read, b: Read, towards: str | None) -> tuple[Measure, float]:
    if a.measured and (b.measured or towards is not None):
        ordered = b.values if b.measured else b.values == b.words.index(str(towards))
        return "Spearman", spearman(a.values, ordered.astype(np.float64))
    if b.measured:
        return "correlation ratio", correlation_ratio(_groups(a), b.values)
    if a.measured:
        return "correlation ratio", correlation_ratio(b.values, a.values)
    return "Cramer's V", cramers_v(_groups(a), b.values)


def blocks(moments: Moments) -> tuple[Array, tuple[Block, ...]]:
    """The block of each row, -1 where its moment is missing, and the blocks.

    Blocks hold about equally many rows; rows of one moment stay together.
    """
    values, known = moments.values, ~np.isnan(moments.values)
    codes = np.full(len(values), -1)
    ordered = np.sort(values[known])
    if not len(ordered):
        return codes, ()
    starts = np.unique(ordered[np.arange(_BLOCKS) * len(ordered) // _BLOCKS])
    codes[known] = np.searchsorted(starts, values[known], side="right") - 1
    ends = np.r_[np.searchsorted(ordered, starts[1:], side="left"), len(ordered)]
    sizes = np.diff(np.r_[0, ends])
    return codes, tuple(
        Block(
            start=moments.text(float(start)),
            stop=moments.text(float(ordered[end - 1])),
            rows=int(size),
        )
        for start, end, size in zip(starts, ends, sizes, strict=True)
    )


def change(one: Read, block: Array, count: int) -> Change | None:
    """How a column changed over `count` blocks; rows whose block is -1 are left out."""
    if count < 2 or (not one.measured and len(one.words) > _MOST_GROUPS):
        return None
    known = block >= 0
    one, block = one.take(known), block[known]
    groups = _tenths(one) if one.measured else _groups(one)
    size = round(cramers_v(block, groups), 6)
    what, values = _what(one, groups, block, count)
    return Change(size=size, what=what, values=values)


def _what(
    one: Read, groups: Array, block: Array, count: int
) -> tuple[str, tuple[float | int | str, ...]]:
    """What is shown of a change: the value whose share moved most; of numbers the median."""
    each = np.maximum(np.bincount(block, minlength=count), 1)
    shares = crossed(groups, block)
    shares = np.pad(shares, ((0, 0), (0, count - shares.shape[1]))) / each
    most = int(np.argmax(np.ptp(shares, axis=1))) if len(shares) else 0
    if one.measured and most != 0:
        parts = [one.values[(block == k) & ~one.missing] for k in range(count)]
        return "median", tuple(middle(one.column, part) if len(part) else "" for part in parts)
    what = "missing" if most == 0 else one.words[most - 1]
    return what, tuple(round(float(share), 6) for share in shares[most])


def duplicates(columns: Sequence[Read]) -> int:
    """Rows that repeat an earlier one in all columns, by a 64-bit hash of their values."""
    if not columns or not len(columns[0].values):
        return 0
    mixed = np.zeros(len(columns[0].values), dtype=np.uint64)
    for one in columns:
        mixed ^= _bits(one.values)
        mixed *= _MIX
        mixed ^= mixed >> _TURN
    return len(mixed) - len(np.unique(mixed))


def _bits(values: Array) -> Array:
    if values.dtype.kind != "f":
        return values.astype(np.int64).view(np.uint64)
    plain = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, and no minus zero
    return plain.view(np.uint64)


def _groups(one: Read) -> Array:
    """Words as groups from 1 on, 0 for missing."""
    return one.values + 1


def _tenths(one: Read) -> Array:
    """Numbers as ten groups of about equal size from 1 on, 0 for missing."""
    present = np.sort(one.values[~one.missing])
    if not len(present):
        return np.zeros(len(one.values), dtype=np.int64)
    inner = even_edges(present)[1:-1]
    return np.where(one.missing, 0, np.searchsorted(inner, one.values, side="right") + 1)
