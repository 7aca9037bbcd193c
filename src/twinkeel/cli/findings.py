"""What the checks before training found, as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twinkeel.records import Finding

if TYPE_CHECKING:
    from rich.console import RenderableType


def found(
    findings: Sequence[Finding], ref: str, *, every: bool = False
) -> tuple[RenderableType, ...]:
    """Each warning with the key that does otherwise; notes as well with `every`, else how many."""
    from rich.table import Table
    from rich.text import Text

    told = [one for one in findings if every or one.severity == "warning"]
    table = Table.grid(padding=(0, 2))
    for one in told:
        style = "yellow" if one.severity == "warning" else "dim"
        table.add_row("", Text(one.severity, style=style), Text(one.label), Text(one.sentence))
    quiet = len(findings) - len(told)
    more = f"  {quiet} more from the checks of the data: twinkeel show {ref}"
    return (*((table,) if told else ()), *((more,) if quiet else ()))
