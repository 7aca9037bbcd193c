"""`twinkeel status`: where every component stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinkeel.cli.invocation import Here, Reply

if TYPE_CHECKING:
    from rich.table import Table

    from twinkeel.lifecycle.status import ComponentStatus


def status(*, here: Here) -> Reply:
    """Where every component stands, and what comes next."""
    project = here.project
    found = project.status()
    if not found:
        line = f"{project.config.project.name} has no components yet: add one to twinkeel.toml."
        return Reply(data=found, parts=(line,))
    return Reply(data=found, parts=(_table(found),))


def _table(found: list[ComponentStatus]) -> Table:
    from twinkeel.cli.tables import plain_table

    table = plain_table("component", "kind", "production", "newest", "verdict", "stale", "next")
    for one in found:
        release = one.production
        table.add_row(
            one.component,
            one.kind,
            "-" if release is None else f"{one.component}@{release.number}",
            "-" if one.newest is None else f"{one.component}@{one.newest}",
            one.outcome or "-",
            ", ".join(one.stale) or "-",
            one.next,
        )
    return table
