"""How tables of the command line look."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table


def plain_table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A table without a frame; the columns named in `right` are aligned to the right."""
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        show_header=any(headings),
    )
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table
