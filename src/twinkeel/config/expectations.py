"""`[sources.NAME.expect]` -> `Expectations`: every key read, and every limit possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkeel.config.decode import decode, known, shown
from twinkeel.config.values import seconds
from twinkeel.errors import ConfigError
from twinkeel.records import (
    ColumnExpectation,
    Expectations,
    FreshExpectation,
    RowsExpectation,
)

_KEYS = Expectations.__struct_fields__


def expectations(table: object, where: str) -> Expectations:
    """Read the table; raises ConfigError naming the key, and the nearest one for a misspelt."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table of keys, not {shown(table)}.")
    known(table, _KEYS, where)
    plain = {key: table[key] for key in table if key == "on_violation"}
    found: dict[str, Any] = {}
    if "rows" in table:
        found["rows"] = _rows(decode(table["rows"], RowsExpectation, f"{where} rows"), where)
    if "fresh" in table:
        found["fresh"] = decode(table["fresh"], FreshExpectation, f"{where} fresh")
        seconds(found["fresh"].within, f"{where} fresh.within")
    if "columns" in table:
        found["columns"] = _columns(table["columns"], f"{where[:-1]}.columns]")
    read = decode(plain, Expectations, where)
    return Expectations(on_violation=read.on_violation, **found)


def _rows(rows: RowsExpectation, where: str) -> RowsExpectation:
    if rows.min is not None and rows.max is not None and rows.min > rows.max:
        raise ConfigError(f"{where} rows: min {rows.min} is above max {rows.max}.")
    return rows


def _columns(table: object, where: str) -> dict[str, ColumnExpectation]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must hold columns, as tenure = {{min = 0}}.")
    return {name: _column(each, f"{where} {name}") for name, each in table.items()}


def _column(table: object, where: str) -> ColumnExpectation:
    found = decode(table, ColumnExpectation, where)
    if found.missing is not None and not 0 <= found.missing <= 1:
        raise ConfigError(f"{where} missing must be a share from 0 to 1, not {found.missing}.")
    low, high = found.min, found.max
    if low is None or high is None:
        return found
    if isinstance(low, str) != isinstance(high, str):
        raise ConfigError(f"{where}: min and max must be two numbers or two dates.")
    if low > high:  # type: ignore[operator]  # of one type, by the lines above
        raise ConfigError(f"{where}: min {low} is above max {high}.")
    return found
