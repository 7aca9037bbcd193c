"""`twinkeel verify`: is a version still what it was?"""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref


def verify(version: Ref, /, *, here: Here) -> Reply:
    """Re-hash, reload and recompute a version. Ends with 1 if anything differs.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    """
    with here.progress():
        found = here.project.verify(version)
    lines = [f"{'ok' if c.ok else 'FAILED':>8}  {c.name}: {c.detail}" for c in found.checks]
    end = "is what it was." if found.ok else "could not be verified: see what FAILED above."
    return Reply(
        data={"ref": found.ref, "ok": found.ok, "checks": found.checks},
        parts=(*lines, f"{found.ref} {end}"),
        exit_code=0 if found.ok else 1,
    )
