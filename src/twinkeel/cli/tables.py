"""How tables of the command line look."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table


def plain_table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A table without a frame; columns named in `right` are aligned to the right.

    The last column is the one that is folded where space is short.
    """
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_header=any(headings),
    )
    last = len(headings) - 1
    for position, heading in enumerate(headings):
        side: JustifyMethod = "right" if heading in right else "left"
        table.add_column(heading, justify=side, no_wrap=position < last, overflow="fold")
    return table
