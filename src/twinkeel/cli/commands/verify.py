"""`twinkeel verify`: is a version, or what is stored of calls, still what it was?"""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag, Ref
from twinkeel.errors import UsageError


def verify(
    version: Ref | None = None,
    /,
    *,
    events: Flag = False,
    known: str | None = None,
    here: Here,
) -> Reply:
    """Re-hash, reload and recompute a version, or check all events. Ends with 1 if it differs.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for the one in production.
    events
        Check instead that no stored event was changed, added or removed.
    known
        With --events: the newest hash that an earlier check told, which must still be there.
    """
    if (version is None) != events or (known is not None and not events):
        raise UsageError("Name a version, or check events with --events (and --known HASH).")
    with here.progress():
        if version is None:
            found = here.project.verify_events(known=known)
        else:
            found = here.project.verify(version)
    lines = [f"{'ok' if c.ok else 'FAILED':>8}  {c.name}: {c.detail}" for c in found.checks]
    end = (
        f"{'are what they were' if events else 'is what it was'}."
        if found.ok
        else "could not be verified: see what FAILED above."
    )
    return Reply(
        data={"ref": found.ref, "ok": found.ok, "checks": found.checks},
        parts=(*lines, f"{found.ref} {end}"),
        exit_code=0 if found.ok else 1,
    )
