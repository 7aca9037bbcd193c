"""What a team expects of a source's rows, beyond what a contract infers from them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records.base import FieldType, Record

Violation: TypeAlias = Literal["stop", "report"]


class ColumnExpectation(
    Record, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """`[sources.NAME.expect.columns]`: what is expected of one column, `COLUMN = {...}`."""

    type: FieldType | None = None
    """What every value can be read as."""
    min: float | str | None = None
    """The least number, or the earliest date as `"2024-05-31"`."""
    max: float | str | None = None
    """The largest number, or the latest date."""
    values: tuple[str | bool | int | float, ...] | None = None
    """The only values there are."""
    unique: bool = False
    """Whether no value may be there twice: of a source, and of a file whose rows are called."""
    missing: float | None = None
    """The largest share of missing values, 0 to 1; of single served rows, only 0 says something."""


class RowsExpectation(
    Record, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """`rows` of `[sources.NAME.expect]`: how many there are."""

    min: int | None = None
    """The fewest rows."""
    max: int | None = None
    """The most rows."""


class FreshExpectation(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fresh` of `[sources.NAME.expect]`: how new the newest row is."""

    column: str
    """The column of dates."""
    within: str
    """The longest time since the newest of them, as `7d`."""


class Expectations(
    Record, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """`[sources.NAME.expect]`: what a team expects of a source."""

    on_violation: Violation = "stop"
    """`stop` ends the build and refuses the served call; `report` notes it and warns."""
    rows: RowsExpectation | None = None
    """How many rows there are: `{min = 1000}`."""
    fresh: FreshExpectation | None = None
    """How new the newest row is: `{column = "signup", within = "7d"}`."""
    columns: dict[str, ColumnExpectation] = {}
    """What is expected of single columns."""
