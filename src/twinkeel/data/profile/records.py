"""A table in numbers: the records of a profile, which are stored in bundles and compared later.

They hold counts, bounds and frequent values, and no row.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records import FieldType, Json, Record

Measure: TypeAlias = Literal["Spearman", "correlation ratio", "Cramer's V"]


class Count(Record, frozen=True):
    """A value and in how many rows it is."""

    value: str
    count: int


class Bin(Record, frozen=True):
    """How many values lie between two bounds, the lower one included (in the last bin, both)."""

    low: Json
    high: Json
    count: int


class Association(Record, frozen=True):
    """How far a column goes together with the target."""

    measure: Measure
    """Spearman's rank correlation of two numbers, or of a number with the rarer of two classes;
    the correlation ratio of ranks of a number and a grouping, corrected for chance; Cramer's V of
    two groupings, bias-corrected."""
    value: float
    """-1 to 1 for Spearman, else 0 to 1."""


class Change(Record, frozen=True):
    """How a column changed over the blocks of time."""

    size: float
    """Bias-corrected Cramer's V of the block and the column's values, numbers in tenths: 0 is no
    change, 1 is another column in every block."""
    what: str
    """What `values` are: `median`, `missing`, or a value whose share moved most."""
    values: tuple[Json, ...]
    """The median of numbers and dates, else a share, in each block."""


class Block(Record, frozen=True):
    """Rows that follow each other in time; blocks have about equally many."""

    start: str
    stop: str
    rows: int


class ColumnProfile(Record, frozen=True):
    """One column; bounds, mean, quantiles and bins of dates are ISO 8601 texts."""

    name: str
    type: FieldType
    missing: int
    distinct: int
    """Different values, missing not counted."""
    low: Json = None
    high: Json = None
    mean: Json = None
    quantiles: dict[str, Json] = {}
    """Of numbers and dates: `0.05`, `0.25`, `0.5`, `0.75`, `0.95`."""
    outliers: int | None = None
    """Of numbers: values beyond the quartiles by more than three times the distance between them
    (Tukey 1977: far out); None where the quartiles are equal."""
    lengths: dict[str, int] = {}
    """Of texts: characters, at `0`, `0.25`, `0.5`, `0.75`, `1`."""
    bins: tuple[Bin, ...] = ()
    """Of numbers and dates: a histogram of equal widths."""
    tenths: tuple[Bin, ...] = ()
    """Of numbers and dates: bins of about equally many values, to compare later data with."""
    top: tuple[Count, ...] = ()
    """Of booleans and categories: every value as written, the most frequent first; of texts those
    in five rows or more, at most ten."""
    association: Association | None = None
    change: Change | None = None
    notes: tuple[str, ...] = ()
    """What was found odd while its type was inferred, a sentence each."""


class Profile(Record, frozen=True):
    """A whole table."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    """In the contract's order, or the table's where there is no contract."""
    target: ColumnProfile | None = None
    duplicates: int = 0
    """Rows that repeat an earlier one in every column of the profile and in the target."""
    compared: int = 0
    """How many rows associations and changes are measured on: all, or a random sample."""
    blocks: tuple[Block, ...] = ()
    """The blocks of time, in order, where a time was given."""
    source_rows: int | None = None
    """How many rows the source has, where the table is a sample of them."""
    notes: tuple[str, ...] = ()
    """How the source was read, a sentence each."""
