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
    verb = "Would remove" if found.dry_run else "Removed"
    lines = [
        f"{verb} {_count(len(found.versions), 'version')}, {_count(found.events, 'event')} and "
        f"{_count(found.bundles + found.objects + found.leftovers, 'file')} "
        f"({found.bytes / 1e6:.1f} MB)."
    ]
    if found.versions:
        lines.append(f"  {', '.join(found.versions)}")
    return Reply(data=found, parts=tuple(lines))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
