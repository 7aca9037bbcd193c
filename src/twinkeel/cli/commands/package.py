"""`twinkeel package`: a folder that serves a version by itself."""

from __future__ import annotations

from pathlib import Path

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref


def package(version: Ref, /, *, out: Path | None = None, here: Here) -> Reply:
    """Write a folder that serves a version by itself: bundle, locked requirements, Dockerfile.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    out
        The folder to write; by default COMPONENT-package here.
    """
    ref = here.project.version(version).ref
    made = here.project.package(str(ref), out or Path(f"{ref.component}-package"))
    return Reply(
        data={"ref": str(ref), "folder": made},
        parts=(f"{made} serves {ref} by itself; its README says how.",),
    )
