"""Sections of the report that every version learned from a table has."""

from __future__ import annotations

from collections.abc import Mapping

from twinkeel.data.profile import ColumnProfile, Profile
from twinkeel.kinds.tabular.options import PROFILE
from twinkeel.report import charts
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Section, Table
from twinkeel.store.bundles import Bundle


def importance(of: Mapping[str, float], *, moves: str, unit: str) -> Section:
    """How far each column moves what is predicted: `moves` in words, in units of `unit`."""
    return Section(
        title="Importance",
        text=f"How far each column moves {moves} on average, without regard to direction.",
        charts=(charts.bars(dict(of), axis=f"mean absolute contribution, {unit}"),),
    )


def profile(bundle: Bundle) -> Section:
    """The data that was learned from, as the bundle describes it."""
    described = bundle.json(PROFILE, Profile)
    columns = [*described.columns, *([] if described.target is None else [described.target])]
    rows = tuple(
        (column.name, column.type, column.missing, column.distinct, _values(column))
        for column in columns
    )
    return Section(
        title="Data",
        text=f"The {described.rows:,} rows that were learned from.",
        table=Table(columns=("column", "type", "missing", "distinct", "values"), rows=rows),
    )


def _values(column: ColumnProfile) -> str:
    if column.top:
        return ", ".join(f"{one.value} ({one.count:,})" for one in column.top[:4])
    if column.low is None:
        return ""
    return f"{_short(column.low)} to {_short(column.high)}, mean {_short(column.mean)}"


def _short(value: object) -> str:
    return shown(value) if isinstance(value, int | float) else str(value)
