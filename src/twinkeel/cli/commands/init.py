"""`twinkeel init`: start a project from a table."""

from __future__ import annotations

from pathlib import Path

from twinkeel.cli.invocation import Here, Reply


def init(
    table: Path,
    /,
    *,
    target: str | None = None,
    name: str | None = None,
    here: Here,
) -> Reply:
    """Start a project from a table.

    Writes twinkeel.toml and .gitignore into the folder of --project, and never overwrites.

    Parameters
    ----------
    table
        A table (CSV, JSON lines, Parquet, Arrow or Excel), or a folder of such files.
    target
        The column to learn; by default the one that looks like it, and you are told why.
    name
        The project's name; by default the folder's.
    """
    from twinkeel.lifecycle.init import init as start

    started = start(table, here.folder, target=target, name=name)
    lines = [
        f"{started.config} describes the component {started.component}, a {started.kind} "
        f"of {started.target}.",
        started.why,
        "Read it through, change what is not right, then run:",
        f"  {started.next}",
    ]
    return Reply(data=started, parts=tuple(lines))
