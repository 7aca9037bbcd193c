"""The named moments between two effects on the disk, at any of which a process may die.

In production `reached` does nothing. A test sets an observer in a child process, which kills it
at one name, then opens the store and looks. Every write path passes its names; a new effect
needs a new name here.
"""

from __future__ import annotations

from collections.abc import Callable

NAMES: tuple[str, ...] = (
    "step.filled",
    "step.done",
    "object.written",
    "object.renamed",
    "made.written",
    "made.renamed",
    "bundle.copied",
    "bundle.sealed",
    "bundle.renamed",
    "bundle.synced",
    "version.inserted",
    "version.committed",
    "evaluation.inserted",
    "evaluation.committed",
    "release.inserted",
    "release.committed",
    "key.inserted",
    "key.committed",
    "work.removed",
    "segment.created",
    "segment.renamed",
    "segment.rotated",
    "event.written",
    "event.synced",
    "move.inserted",
    "move.committed",
    "move.removed",
    "look.inserted",
    "look.committed",
    "trial.inserted",
    "trial.updated",
    "trial.committed",
    "move.files",
    "move.copied",
    "remote.written",
    "remote.removed",
    "gc.marked",
    "gc.committed",
    "gc.renamed",
    "gc.removed",
    "migrate.applied",
    "migrate.committed",
)
"""Every name, in no order that matters."""

_observer: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Say that a write path is at this point; nothing happens unless somebody observes."""
    if _observer is not None:
        _observer(name)


def observe(observer: Callable[[str], None] | None) -> None:
    """Call `observer(name)` at every point of this process; None ends it."""
    global _observer  # noqa: PLW0603 - one process has one observer
    _observer = observer
