"""`twinkeel contract`: what a version reads of a row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag, Ref
from twinkeel.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from twinkeel.data.contract import Column, Contract

_SHOWN = 4


def contract(
    version: Ref,
    newer: Ref | None = None,
    /,
    *,
    export: Annotated[
        tuple[Literal["json-schema", "pandera"], Path] | None, Parameter(metavar="FORM FILE")
    ] = None,
    write: Flag = False,
    here: Here,
) -> Reply:
    """What a version reads of a row: shown, compared with another's, exported or pinned.

    Ends with 1 where the newer version would refuse calls that the first one reads.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    newer
        Another version: what differs for those who send rows.
    export
        Write it as json-schema or as pandera to a file.
    write
        Write it to the file that `contract` of the component names, which builds are held to.
    """
    if sum((newer is not None, export is not None, write)) > 1:
        raise UsageError("Compare with another version, --export or --write: one at a time.")
    if newer is not None:
        return _compared(here, version, newer)
    if export is not None:
        form, out = export
        path = here.project.export_contract(version, form, out).resolve()
        return Reply(data={"file": path, "form": form}, parts=(f"The {form} file is {path}",))
    if write:
        path = here.project.pin_contract(version)
        return Reply(data={"file": path}, parts=(f"Builds are held to {path} from now on.",))
    found, ref = here.project.contract(version), str(here.project.version(version).ref)
    return Reply(data={"version": ref, "contract": found}, parts=(_head(ref, found), _table(found)))


def _compared(here: Here, version: str, newer: str) -> Reply:
    old, new = (str(here.project.version(one).ref) for one in (version, newer))
    found = here.project.differences(old, new)
    breaking = sum(one.breaking for one in found)
    if not found:
        said = f"{new} reads what {old} reads."
    elif breaking:
        said = f"{new} breaks callers of {old}: it may refuse calls that {old} reads."
    else:
        said = f"{new} breaks no callers of {old}: it reads every call that {old} reads."
    lines = [f"  {'breaks' if one.breaking else 'differs':>7}  {one.sentence}" for one in found]
    data = {"old": old, "new": new, "breaking": breaking > 0, "differences": found}
    return Reply(data=data, parts=(said, *lines), exit_code=int(breaking > 0))


def _head(ref: str, found: Contract) -> str:
    read = "1 column" if len(found.columns) == 1 else f"{len(found.columns)} columns"
    required = sum(column.required for column in found.columns)
    head = f"{ref} reads {read}; every call has {required} of them."
    if not found.expectations.columns:
        return head
    what = "refused" if found.expectations.on_violation == "stop" else "answered with a warning"
    return f"{head} A row that is not as expected is {what}."


def _table(found: Contract) -> Table:
    from rich.text import Text

    from twinkeel.cli.tables import plain_table

    expects = bool(found.expectations.columns)
    table = plain_table("column", "type", "call", *(("expected",) if expects else ()), "seen")
    for column in found.columns:
        cells = [column.name, column.type, "required" if column.required else "optional"]
        cells += [_expected(found, column)] if expects else []
        table.add_row(*(Text(cell) for cell in (*cells, _seen(column))))
    return table


def _expected(found: Contract, column: Column) -> str:
    from twinkeel.data.rules import rule

    one = found.expectations.columns.get(column.name)
    held = None if one is None else rule(column, one, column.name)
    return "" if held is None else ", ".join(held.expected())


def _seen(column: Column) -> str:
    from twinkeel.data.types import day_text

    missing = "; may be missing" if column.nullable else ""
    if column.low is not None and column.high is not None:
        show = day_text if column.type == "date" else "{:.6g}".format
        return f"{show(column.low)} to {show(column.high)}{missing}"
    if column.type == "category" and not column.values:
        return f"very many categories{missing}"
    rest = f" and {len(column.values) - _SHOWN} more" if len(column.values) > _SHOWN else ""
    return f"{', '.join(column.values[:_SHOWN])}{rest}{missing}"
