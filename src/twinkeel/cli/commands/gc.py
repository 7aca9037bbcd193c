"""`twinkeel gc`: remove what retention no longer covers."""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag


def gc(*, dry_run: Flag = False, here: Here) -> Reply:
    """Remove what the stated retention no longer covers: [versions] keep, [events] retention.

    Released versions are always kept.

    Parameters
    ----------
    dry_run
        Only say what would be removed.
    """
    found = here.project.gc(dry_run=dry_run)
    return Reply(data=found, parts=(str(found),))
