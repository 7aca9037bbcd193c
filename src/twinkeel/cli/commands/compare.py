"""`twinkeel compare`: two versions on the same cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag, Ref

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from twinkeel.records import Beside, Change, Comparison, Decisions

_GROUPS = 8
_COLUMNS = 8
_STYLES: dict[Change, str] = {
    "better": "green",
    "worse": "bold red",
    "no difference seen": "",
    "cannot tell": "dim",
}


def compare(
    old: Ref,
    new: Ref | None = None,
    /,
    *,
    open_: Annotated[Flag, Parameter(name="--open")] = False,
    out: Path | None = None,
    here: Here,
) -> Reply:
    """Two versions on the same cases: what is better, worse, and decided differently.

    Parameters
    ----------
    old
        A version such as churn@3. Alone, it is the new one, and production the old one.
    new
        The version that is compared with it.
    open_
        Write the comparison as one HTML file and open it in the browser.
    out
        Write the comparison to this file.
    """
    with here.progress():
        found = here.project.compare(old, new)
    if not open_ and out is None:
        return Reply(data=found, parts=tuple(_parts(found)))
    from twinkeel.cli.commands.show import browse

    path = here.project.report_comparison(found, out).resolve()
    opened = open_ and browse(path)
    hint = "" if opened or not open_ else " (no browser could be opened)"
    said = f"The comparison is {path}{hint}"
    return Reply(data={"report": path, "opened": opened, "comparison": found}, parts=(said,))


def _parts(found: Comparison) -> Iterator[RenderableType]:
    from twinkeel.report.comparison import contract_said, groups_said, headline, said, told_apart

    yield headline(found)
    yield from said(found)
    yield ""
    yield _besides(found, found.scores)
    if found.slices:
        yield ""
        yield groups_said(found.slices)
        yield _besides(found, told_apart(found.slices)[:_GROUPS])
    if found.decisions is not None:
        yield from _decisions(found.decisions)
    if found.timings:
        yield ""
        yield _timings(found)
    if found.importance:
        yield ""
        yield _importance(found)
        yield contract_said(found)
    yield from (f"   breaks  {sentence}" for sentence in found.breaking)
    yield from (f"  differs  {sentence}" for sentence in found.differing)


def _besides(found: Comparison, besides: Sequence[Beside]) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table
    from twinkeel.report.comparison import gain
    from twinkeel.report.notebook import number

    numbers = (found.old, found.new, "gain (+ is better)", "95% interval", "n")
    table = plain_table("score", *numbers, "", right=numbers)
    for one in besides:
        value, bounds = gain(one)
        told = one.gain is None or one.gain.low is None
        word = bounds if told and bounds != "-" else one.change
        table.add_row(
            Text(one.key),
            number(one.old.value),
            number(one.new.value),
            value,
            "-" if told else bounds,
            f"{(one.gain or one.new).n:,}",
            Text(word, style=_STYLES[one.change]),
        )
    return table


def _decisions(found: Decisions) -> Iterator[RenderableType]:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table
    from twinkeel.report.comparison import decisions_said

    yield ""
    yield decisions_said(found)
    if not found.switches:
        return
    table = plain_table("from", "to", "cases", "won", "lost", right=("cases", "won", "lost"))
    for one in found.switches:
        counts = (f"{count:,}" for count in (one.n, one.won, one.lost))
        table.add_row(Text(one.old), Text(one.new), *counts)
    yield table


def _timings(found: Comparison) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table
    from twinkeel.report.comparison import measured

    table = plain_table("as measured then", found.old, found.new)
    for one in found.timings:
        sides = (measured(side) for side in (one.old, one.new))
        table.add_row(Text(one.key), *sides)
    return table


def _importance(found: Comparison) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table
    from twinkeel.report.comparison import plain

    sides = (found.old, found.new)
    table = plain_table("importance of", *sides, right=sides)
    for one in found.importance[:_COLUMNS]:
        table.add_row(Text(one.name), plain(one.old), plain(one.new))
    return table
