"""`twinkeel status`: where every component stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from twinkeel.cli.invocation import Here, Reply

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from twinkeel.lifecycle.status import ComponentStatus

_HEADINGS = ("component", "kind", "production", "newest", "verdict", "stale", "next")


def status(*, here: Here) -> Reply:
    """Where every component stands, and what comes next."""
    project = here.project
    found = project.status()
    if not found:
        line = f"{project.config.project.name} has no components yet: add one to twinkeel.toml."
        return Reply(data=found, parts=(line,))
    return Reply(data=found, parts=(Standing(found),))


class Standing:
    """A row per component, or a block of lines each where the terminal is too narrow for rows."""

    def __init__(self, found: list[ComponentStatus]) -> None:
        self._rows = [_cells(one) for one in found]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """The rows, or the blocks."""
        from rich.measure import Measurement
        from rich.text import Text

        from twinkeel.cli.tables import plain_table

        table = plain_table(*_HEADINGS)
        for row in self._rows:
            table.add_row(*row)
        wide = options.update(max_width=sys.maxsize)
        if Measurement.get(console, wide, table).maximum <= options.max_width:
            yield table
            return
        for name, *rest in self._rows:
            yield Text(name, style="bold")
            for heading, cell in zip(_HEADINGS[1:], rest, strict=True):
                if cell not in ("", "-"):
                    yield Text(f"  {heading:<11}{cell}", overflow="fold")


def _cells(one: ComponentStatus) -> tuple[str, ...]:
    return (
        one.component,
        one.kind,
        "-" if one.production is None else f"{one.component}@{one.production.number}",
        "-" if one.newest is None else f"{one.component}@{one.newest}",
        one.outcome or "-",
        ", ".join(one.stale) or "-",
        one.next,
    )
