"""A profile as people read it: one section with a table and charts, and the words of its cells.

The same words stand in the report, on the page of a profile and in the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from twinkeel.data.profile import ColumnProfile, Profile
from twinkeel.data.types import brief
from twinkeel.report import charts
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Chart, Section, Table

CHANGED = 0.1
"""From this size on, a column is said to have changed over time."""
_DRAWN = 24
"""Columns that are drawn; the table has all."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 10


def section(profile: Profile, text: str) -> Section:
    """A profile as one section, under `text`."""
    columns = (*profile.columns, *([] if profile.target is None else [profile.target]))
    return Section(
        title="Data",
        text=" ".join((text, *facts(profile))),
        table=Table(columns=_headings(profile), rows=tuple(_row(one, profile) for one in columns)),
        charts=tuple(_charts(profile, columns)),
    )


def rows(profile: Profile) -> str:
    """How many rows a profile is of, and of how many they are a sample."""
    if profile.source_rows is None:
        return f"{profile.rows:,} rows"
    return f"a sample of {profile.rows:,} of {profile.source_rows:,} rows"


def facts(profile: Profile) -> list[str]:
    """What is true of the whole table, a sentence each."""
    said = [*profile.notes]
    said += [f"{profile.duplicates:,} rows repeat an earlier one."] if profile.duplicates else []
    if profile.target is not None and profile.compared < profile.rows:
        said.append(f"What goes together is measured on {profile.compared:,} random rows.")
    if profile.blocks:
        first, last = profile.blocks[0], profile.blocks[-1]
        said.append(
            f"Changes are over {len(profile.blocks)} blocks of time with about equally many rows, "
            f"from {first.start} to {last.stop}."
        )
        said += [changed(one) for one in changes(profile)]
    return said


def changes(profile: Profile) -> list[ColumnProfile]:
    """The columns that changed over time, the largest change first."""
    found = [one for one in profile.columns if one.change and one.change.size >= CHANGED]
    return sorted(found, key=lambda one: -one.change.size if one.change else 0)


def changed(column: ColumnProfile) -> str:
    """A change in one sentence."""
    if column.change is None:
        return ""
    change, share = column.change, column.change.what != "median"
    what = (
        f"the share of {brief(change.what)}" if share and change.what != "missing" else change.what
    )
    first, last = (
        f"{value:.0%}" if share and isinstance(value, float) else _short(value) or "missing"
        for value in (change.values[0], change.values[-1])
    )
    return f"{column.name} changed ({change.size:.2f}): {what} from {first} to {last}."


def values(column: ColumnProfile, *, most: int = 4) -> str:
    """What a column holds, in a few words."""
    if column.top and column.type != "text":
        return ", ".join(
            f"{brief(one.value)} {_share(one.count, column)}" for one in column.top[:most]
        )
    if column.lengths:
        low, middle, high = (column.lengths[level] for level in ("0", "0.5", "1"))
        end = "1 character" if high == 1 else f"{high} characters"
        return end if low == high else f"{low} to {end}, median {middle}"
    if column.low is None:
        return ""
    far = f", {column.outliers:,} far out" if column.outliers else ""
    ends = f"{_short(column.low)} to {_short(column.high)}"
    return f"{ends}, median {_short(column.quantiles['0.5'])}{far}"


def missing(column: ColumnProfile, rows: int) -> str:
    """The share of missing values; "" where there are none."""
    if not column.missing:
        return ""
    share = column.missing / rows
    return "<0.1%" if share < 0.001 else f"{share:.1%}"


def shape(column: ColumnProfile) -> str:
    """The distribution as a row of small bars, at most ten."""
    counts = [one.count for one in column.bins] or [one.count for one in column.top]
    if column.type == "text" or not counts:
        return ""
    if not column.bins:
        counts = counts[:_WIDTH]
    elif len(counts) > _WIDTH:
        step = -(-len(counts) // _WIDTH)
        counts = [sum(counts[at : at + step]) for at in range(0, len(counts), step)]
    most = max(counts)
    return "".join(_BLOCKS[round((len(_BLOCKS) - 1) * count / most)] for count in counts)


def association(column: ColumnProfile) -> str:
    """How far a column goes together with the target: signed where both have an order."""
    found = column.association
    if found is None:
        return ""
    return f"{found.value:+.2f}" if found.measure == "Spearman" else f"{found.value:.2f}"


def _headings(profile: Profile) -> tuple[str, ...]:
    names = ("column", "type", "missing", "distinct", "shape", "values")
    with_target = ("with target", "measured by") if profile.target is not None else ()
    return (*names, *with_target, *(("change",) if profile.blocks else ()))


def _row(one: ColumnProfile, profile: Profile) -> tuple[object, ...]:
    found = one.association
    cells: list[object] = [one.name, one.type, one.missing, one.distinct, shape(one), values(one)]
    if profile.target is not None:
        cells += [found and found.value, found and found.measure]
    if profile.blocks:
        cells.append(one.change and one.change.size)
    return tuple(cells)


def _charts(profile: Profile, columns: Sequence[ColumnProfile]) -> list[Chart]:
    drawn = []
    found = {one.name: one.association.value for one in profile.columns if one.association}
    if found and profile.target is not None:
        drawn.append(charts.bars(found, axis=f"association with {profile.target.name}"))
    moved = {one.name: one.change.size for one in profile.columns if one.change}
    if moved:
        drawn.append(charts.bars(moved, axis="change over time, 0 to 1"))
    return [*drawn, *(_drawn(one) for one in columns[:_DRAWN] if one.bins or one.top)]


def _drawn(one: ColumnProfile) -> Chart:
    if one.bins:
        bins = [(each.low, each.high, each.count) for each in one.bins]
        return charts.binned(bins, axis=one.name, moments=one.type == "date")
    top = {each.value: each.count for each in one.top[:10]}
    return charts.bars(top, axis=f"{one.name}: rows")


def _share(count: int, column: ColumnProfile) -> str:
    total = sum(one.count for one in column.top)
    return f"{count / total:.0%}"


def _short(value: object) -> str:
    return shown(value) if isinstance(value, int | float) else str(value)
