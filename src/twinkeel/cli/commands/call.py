"""`twinkeel call`: ask a version, for one row or a file of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from twinkeel import strict_json
from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag, Ref
from twinkeel.errors import InputError, UsageError
from twinkeel.records import Explanation, Output

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from twinkeel.lifecycle.call import Scored

_DEPTH = 32
"""The deepest nesting of JSON, as of a server unless it is configured."""
_SHOWN = 10
"""Contributions of an explanation that are shown; `--json` has them all."""


def call(
    version: Ref,
    /,
    *cells: str,
    in_: Annotated[Path | None, Parameter(name="--in")] = None,
    out: Path | None = None,
    json_in: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    explain: Flag = False,
    here: Here,
) -> Reply:
    """Ask a version for its output, for one row or a file of them.

    One row is written as COLUMN=VALUE words, or as JSON in --json-in or on standard input.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    cells
        One row, as COLUMN=VALUE words.
    in_
        A table of rows: CSV, JSON lines, Parquet, Arrow or Excel.
    out
        The file to write: the rows of --in with the outputs beside them.
    json_in
        One row as a JSON object, or several as a list of them; - reads standard input.
    explain
        Say also why, column by column.
    """
    if in_ is not None or out is not None:
        return _file(here, version, in_, out, other=bool(cells) or json_in is not None or explain)
    rows = _rows(cells, json_in)
    outputs, reasons, ref = _asked(here, version, rows, explain=explain)
    data = [
        {"version": ref, **msgspec.to_builtins(output)}
        | ({"explanation": reasons[i]} if explain else {})
        for i, output in enumerate(outputs)
    ]
    parts: list[RenderableType] = []
    for i, output in enumerate(outputs):
        parts += [""] if explain and i else []
        parts += _answer(ref, output)
        parts += _why(reasons[i]) if explain else []
    return Reply(data=data[0] if len(data) == 1 else data, parts=tuple(parts))


def _asked(
    here: Here, version: str, rows: list[dict[str, Any]], *, explain: bool
) -> tuple[list[Output], list[Explanation], str]:
    """Outputs, reasons (where they are wanted) and the name of the one version asked."""
    from twinkeel.lifecycle import call as lifecycle

    found, store = here.project.version(version), here.project.store
    outputs: list[Output] = lifecycle.call(store, found, rows)
    return outputs, lifecycle.explain(store, found, rows) if explain else [], str(found.ref)


def _file(here: Here, version: str, source: Path | None, out: Path | None, *, other: bool) -> Reply:
    if source is None or out is None or other:
        raise UsageError(
            "A file of rows needs --in FILE and --out FILE, and neither cells, --json-in nor "
            "--explain."
        )
    ref = str(here.project.version(version).ref)
    with here.progress():
        scored = here.project.call_file(ref, source, out)
    rows = f"{scored.rows:,} row{'' if scored.rows == 1 else 's'}"
    said = f"{out} has {rows} with the outputs of {ref}."
    return Reply(
        data={
            "version": ref,
            "rows": scored.rows,
            "out": out,
            "notes": scored.notes,
            "warned": scored.warned,
            "first_warning": scored.first_warning,
        },
        parts=(said, *_unusual(scored), *scored.notes),
    )


def _unusual(scored: Scored) -> tuple[str, ...]:
    """That rows have warnings: the first, and how many; nothing where none has."""
    if not scored.warned:
        return ()
    if scored.warned == 1:
        return (f"1 row has a warning: {scored.first_warning}",)
    return (f"{scored.warned:,} rows have warnings; the first is {scored.first_warning}",)


def _rows(cells: tuple[str, ...], json_in: str | None) -> list[dict[str, Any]]:
    if cells and json_in is not None:
        raise UsageError("Give a row as COLUMN=VALUE words or as --json-in, not both.")
    if cells:
        return [_row(cells)]
    text = json_in or ""
    if json_in == "-" or (json_in is None and not sys.stdin.isatty()):
        text = sys.stdin.read()
    if not text.strip():
        raise UsageError(
            "Give a row: COLUMN=VALUE words, --json-in '{...}', or --in FILE with --out FILE."
        )
    return _from_json(text)


def _row(cells: tuple[str, ...]) -> dict[str, str]:
    row: dict[str, str] = {}
    for name, value in map(_cell, cells):
        if name in row:
            raise UsageError(f"The column {name} is given twice: give one value for it.")
        row[name] = value
    return row


def _cell(cell: str) -> tuple[str, str]:
    name, equals, value = cell.partition("=")
    if not name or not equals:
        other = "; a row as JSON comes after --json-in" if cell.lstrip()[:1] in ("{", "[") else ""
        raise UsageError(f"{cell!r} is not a cell: expected COLUMN=VALUE, such as tenure=3{other}.")
    return name, value


def _from_json(text: str) -> list[dict[str, Any]]:
    found = strict_json.decode(text.encode("utf-8", "surrogateescape"), depth=_DEPTH)
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError("The row must be a JSON object of columns, or a list of them.")
    return rows


def _answer(ref: str, output: Output) -> list[RenderableType]:
    values = ", ".join(f"{name}: {_shown(value)}" for name, value in output.values.items())
    return [f"{ref}  {values}", *(f"  note: {warning}" for warning in output.warnings)]


def _why(reason: Explanation) -> list[RenderableType]:
    most = reason.contributions[:_SHOWN]
    rest = reason.contributions[_SHOWN:]
    heading = f"Why, in {reason.unit} of {reason.of}:"
    return ["", heading, _contributions(reason, most, sum(one.contribution for one in rest))]


def _contributions(reason: Explanation, most: tuple[Any, ...], others: float) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table

    table = plain_table("", "", "")
    table.add_row("on average", "", f"{reason.base:+.3f}")
    for one in most:
        table.add_row(Text(one.name), Text(_shown(one.value)), f"{one.contribution:+.3f}")
    if len(reason.contributions) > len(most):
        count = len(reason.contributions) - len(most)
        table.add_row(f"{count} more", "", f"{others:+.3f}")
    table.add_row("this row", "", f"{reason.total:+.3f}")
    return table


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return f"[{', '.join(value)}]"
    return "-" if value is None else str(value)
