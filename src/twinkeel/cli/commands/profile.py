"""`twinkeel profile`: a table in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.cli.invocation import Here, Reply

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from twinkeel.data.profile import ColumnProfile, Profile

_NAME = 22
_GLOB = frozenset("*?[")


def profile(
    source: str,
    /,
    *,
    target: str | None = None,
    time: str | None = None,
    html: Path | None = None,
    here: Here,
) -> Reply:
    """What each column of a table holds, what goes with the target, and what changes over time.

    Parameters
    ----------
    source
        A source of the project, or a file of a table.
    target
        The column that the others are compared with.
    time
        The column that says when, in dates, years or numbers: which columns change over it.
    html
        Write the profile to this file as one HTML page.
    """
    from twinkeel.lifecycle.profile import profile_file, write_profile

    if Path(source).is_file() or _GLOB & set(source):
        found = profile_file(source, target=target, time=time)
    else:
        found = here.project.profile(source, target=target, time=time)
    parts = [*_parts(Path(source).name, found)]
    if html is not None:
        parts.append(f"The page is {write_profile(Path(source).name, found, html).resolve()}")
    return Reply(data=found, parts=tuple(parts))


def _parts(name: str, found: Profile) -> list[RenderableType]:
    from twinkeel.report.profiles import facts, rows

    columns = (*found.columns, *([] if found.target is None else [found.target]))
    head = f"{name}: {rows(found)}, {len(columns):,} column{'s' * (len(columns) != 1)}."
    said = [f"  {sentence}" for sentence in facts(found)]
    notes = [f"  {note}" for one in columns for note in one.notes]
    return [head, *said, "", _table(found, columns), *([""] if notes else []), *notes]


def _table(found: Profile, columns: tuple[ColumnProfile, ...]) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table
    from twinkeel.report import profiles

    compared = found.target is not None
    headings = ("column", "type", "missing", "distinct", "shape", *(("with",) if compared else ()))
    table = plain_table(*headings, "values", right=("missing", "distinct", "with"))
    for one in columns:
        cells = (
            one.name if len(one.name) <= _NAME else f"{one.name[: _NAME - 1]}…",
            one.type,
            profiles.missing(one, found.rows),
            f"{one.distinct:,}",
            profiles.shape(one),
            *((profiles.association(one) or "-",) if compared else ()),
            profiles.values(one, most=3),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table
