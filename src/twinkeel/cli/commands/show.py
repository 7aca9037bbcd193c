"""`twinkeel show`: a version's scorecard, or its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from twinkeel.cli.findings import found
from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag, Ref
from twinkeel.cli.scorecards import as_data, describe, open_findings


def show(
    version: Ref,
    /,
    *,
    open_: Annotated[Flag, Parameter(name="--open")] = False,
    out: Path | None = None,
    here: Here,
) -> Reply:
    """A version's scorecard and verdict, or its report.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    open_
        Write the report as one HTML file and open it in the browser.
    out
        Write the report to this file.
    """
    if open_ or out is not None:
        return _report(here, version, out, open_=open_)
    from twinkeel.lifecycle.show import about, origin

    judged = here.project.show(version)
    made, lineage = judged.version, judged.version.lineage
    heading = about(made)
    notes = tuple(f"  {note}" for note in lineage.notes)
    data = tuple(f"  {one.name}: {origin(one)}" for one in lineage.origins)
    current = here.project.store.current(made.component)
    released = current is not None and current.number == made.number
    checks = found(open_findings(judged), str(made.ref), every=True)
    scores = describe(judged, every=True, released=released)
    parts = (heading, *data, *notes, *checks, *scores)
    return Reply(data={**as_data(judged), "in_production": released}, parts=parts)


def _report(here: Here, version: str, out: Path | None, *, open_: bool) -> Reply:
    path = here.project.report(version, out).resolve()
    opened = open_ and browse(path)
    hint = "" if opened or not open_ else " (no browser could be opened)"
    return Reply(data={"report": path, "opened": opened}, parts=(f"The report is {path}{hint}",))


def browse(path: Path) -> bool:
    """Open a page in the browser; whether there is one."""
    import webbrowser

    try:
        return webbrowser.open(path.as_uri())
    except webbrowser.Error:
        return False
