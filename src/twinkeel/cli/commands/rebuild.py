"""`twinkeel rebuild`: what can be done about production, and what is worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component, Flag

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twinkeel.records import Rebuild, Score


def rebuild(
    component: Component,
    /,
    *,
    dry_run: Flag = False,
    release: Annotated[bool, Parameter(negative="--no-release", show_default=False)] = True,
    here: Here,
) -> Reply:
    """Compare what can be done about production on the newest cases, and do what is worth it.

    Exit codes: 0 decided, also when nothing is worth it; 1 something is better than production
    and a gate holds it back. One that was interrupted goes on when it is run again.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    dry_run
        Show the table; register and release nothing.
    release
        Release what is chosen; `--no-release` leaves it as a version.
    """
    with here.progress():
        found = here.project.rebuild(component, dry_run=dry_run, release=release)
    return Reply(data=found, parts=shown(found), exit_code=exit_code(found, release=release))


def exit_code(found: Rebuild, *, release: bool = True) -> int:
    """1 where something better may not be released."""
    held = any(row.fate == "held back" for row in found.table)
    refused = release and found.version is not None and not found.released
    return 1 if refused or (held and found.chosen == "keep") else 0


def shown(found: Rebuild) -> tuple[RenderableType, ...]:
    """A rebuild for people."""
    production = f"{found.component}@{found.production}"
    main = found.table[0].scores[0].key if found.table[0].scores else "score"
    reasons = [f"  {row.name}: {row.reason}" for row in found.table]
    return (
        f"{found.cases:,} of the newest cases, of which {production} learned none.",
        *found.notes,
        "",
        _table(found, main),
        "",
        *reasons,
        "",
        f"{_outcome(found)} {found.why}",
    )


def _outcome(found: Rebuild) -> str:
    production = f"{found.component}@{found.production}"
    if found.chosen == "keep":
        return f"{production} stays in production."
    if found.version is None:
        return f"{found.chosen} would replace {production}."
    if found.released:
        return f"{found.version} ({found.chosen}) is in production in place of {production}."
    return f"{found.version} ({found.chosen}) is not released: {production} is in production."


def _table(found: Rebuild, main: str) -> RenderableType:
    from twinkeel.cli.tables import plain_table

    numbers = ("seconds", main, "beside production")
    table = plain_table("candidate", *numbers, "verdict", right=numbers)
    for row in found.table:
        table.add_row(
            row.name,
            f"{row.seconds:.1f}",
            _value(next(iter(row.scores), None)),
            _value(next(iter(row.gains), None), signed=True),
            row.fate,
        )
    return table


def _value(score: Score | None, *, signed: bool = False) -> str:
    if score is None or score.value is None:
        return "-"
    sign = "+" if signed else ""
    value = f"{score.value:{sign}.4f}"
    if score.low is None or score.high is None:
        return value
    return f"{value} ({score.low:{sign}.4f} to {score.high:{sign}.4f})"
