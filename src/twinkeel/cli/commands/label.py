"""`twinkeel label`: what turned out to be true of calls, from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component
from twinkeel.errors import UsageError

if TYPE_CHECKING:
    from twinkeel.lifecycle.join import Joined


def label(
    component: Component,
    /,
    *columns: str,
    in_: Annotated[Path | None, Parameter(name="--in")] = None,
    here: Here,
) -> Reply:
    """Record what turned out to be true of calls, from a table. Ends with 1 if a row is refused.

    The same table twice adds nothing. Labels that contradict each other are all kept.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    columns
        Which column holds what, as value=churned event=event_id, or id=customer time=day: the keys
        of [components.NAME.labels], which hold where none are given.
    in_
        The table; by default the source that [components.NAME.labels] names.
    """
    return reply(here.project.label(component, in_, columns=roles(columns)))


def roles(columns: tuple[str, ...]) -> dict[str, str]:
    """KEY=COLUMN words as a mapping; raises UsageError."""
    found: dict[str, str] = {}
    for word in columns:
        key, equals, column = word.partition("=")
        if not key or not equals or not column:
            raise UsageError(f"{word!r} names no column: expected KEY=COLUMN, as value=churned.")
        found[key] = column
    return found


def reply(made: Joined) -> Reply:
    """What became of every row."""
    what = "labels" if made.kind == "label" else "feedback"
    counts = (
        f"{made.rows:,} rows: {made.joined:,} joined, {made.known:,} known already, "
        f"{made.unknown:,} about no call, {made.invalid:,} invalid."
    )
    more = (
        [f"{made.contradicting:,} of the joined contradict a label that is there; all are kept."]
        if made.contradicting
        else []
    )
    if made.ambiguous:
        more.append(f"{made.ambiguous:,} could be about several calls; the latest is meant.")
    rows = [f"  row {one.row}, {one.what}: {one.sentence}" for one in made.told]
    return Reply(
        data=made,
        parts=(f"{made.component} {what}, {counts}", *more, *rows),
        exit_code=1 if made.refused else 0,
    )
