"""`twinkeel release`: put a version into production."""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref
from twinkeel.records import Release


def release(version: Ref, /, *, override: str | None = None, here: Here) -> Reply:
    """Put a version into production, if its gates passed.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for its newest version.
    override
        The reason to release a version that has not passed; it is recorded with your name.
    """
    made = here.project.release(version, override=override)
    lines = [in_production(made)]
    if made.override is not None:
        lines.append(f"Its gates were overridden by {made.who}: {made.override}")
    return Reply(data=made, parts=(*lines, "Next: twinkeel serve"))


def in_production(made: Release) -> str:
    """What is in production now, and what was before."""
    before = "nothing" if made.previous is None else f"{made.component}@{made.previous}"
    return f"{made.component}@{made.number} is in production (before: {before})."
