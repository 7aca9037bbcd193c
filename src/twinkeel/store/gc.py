"""What retention no longer covers: which versions may go, and the files that nothing refers to.

Versions go in the catalog first, files after: a kill between leaves files that nothing refers
to, which the next sweep takes. A file is swept only when it has not been written or used for a
while, so that what a build has stored but not yet recorded stays.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from twinkeel.records import Evaluation, Record, Release, Trial, Version, VersionRef
from twinkeel.store import files, points

GRACE = 3600.0
"""Seconds for which an unreferenced file is left alone."""
WORK_GRACE = 7 * 86_400.0
"""Seconds for which the finished steps of a build that failed are kept."""

KEEP_EVALUATIONS = 3
"""Newest evaluations of a version that are kept, besides those that a release went by."""


class Collected(Record, frozen=True):
    """What was removed, or in a dry run would be."""

    versions: tuple[str, ...]
    """Removed versions, as `churn@3`; their numbers are never used again."""
    bundles: int
    objects: int
    leftovers: int
    """Temporary files, damaged parts of the event log and work folders of killed builds."""
    events: int
    bytes: int
    """Size of the removed files; a dry run does not count what only then becomes old enough."""
    dry_run: bool


class Swept(Record, frozen=True):
    """Files that were removed, or would be."""

    count: int = 0
    bytes: int = 0


class Plan(NamedTuple):
    """What gc took out of the catalog, and the digests that it still refers to."""

    versions: tuple[str, ...]
    events: int
    keep: set[str]
    shared: set[str] | None
    """Objects that bundles refer to; None where a damaged bundle cannot say, and all stay."""


def removable(
    versions: Sequence[Version],
    releases: Sequence[Release],
    tried: Sequence[Trial],
    *,
    keep: int,
) -> list[VersionRef]:
    """The versions that may go: not among the newest, never released, not on trial, not needed.

    Needed is what a kept version depends on, directly or through others.
    """
    by_name = {str(version.ref): version for version in versions}
    numbers: dict[str, list[int]] = defaultdict(list)
    for version in versions:
        numbers[version.component].append(version.number)
    kept = {
        f"{component}@{number}"
        for component, there in numbers.items()
        for number in sorted(there, reverse=True)[:keep]
    }
    kept |= {f"{release.component}@{release.number}" for release in releases}
    kept |= {trial.ref for trial in tried}
    waiting = [name for name in kept if name in by_name]
    while waiting:
        needs = set(by_name[waiting.pop()].lineage.depends_on.values()) - kept
        kept |= needs
        waiting.extend(name for name in needs if name in by_name)
    return [version.ref for name, version in by_name.items() if name not in kept]


def outdated(
    judged: Sequence[tuple[int, Evaluation]], releases: Sequence[Release]
) -> list[tuple[int, Evaluation]]:
    """The evaluations that may go, of all, which come newest first, each with its sequence.

    A version keeps its newest ones, and for each of its releases the newest before it.
    """
    by_version: dict[tuple[str, int], list[tuple[int, Evaluation]]] = defaultdict(list)
    for one in judged:
        by_version[one[1].component, one[1].number].append(one)
    doomed = []
    for name, there in by_version.items():
        kept = {sequence for sequence, _ in there[:KEEP_EVALUATIONS]}
        for release in releases:
            if (release.component, release.number) == name:
                before = (n for n, evaluation in there if evaluation.created <= release.at)
                kept |= {next(before, 0)}
        doomed += [one for one in there if one[0] not in kept]
    return doomed


def written(path: Path) -> str:
    """When a file was last written, as the text that events have for their time."""
    moment = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return moment.isoformat(timespec="microseconds")


def referenced(versions: Sequence[Version], evaluations: Iterable[Evaluation]) -> set[str]:
    """The digests of the bundles and objects that these versions and their evaluations need."""
    digests: set[str | None] = set()
    for version in versions:
        digests |= {version.bundle, version.lineage.learned_digest}
    there = {(version.component, version.number) for version in versions}
    for evaluation in evaluations:
        if (evaluation.component, evaluation.number) not in there:
            continue
        digests |= {
            evaluation.cases_digest,
            evaluation.evidence_digest,
            evaluation.against_digest,
        }
    return {digest for digest in digests if digest is not None}


def sweep(paths: Iterable[Path], *, keep: set[str], older: float, dry_run: bool) -> Swept:
    """Remove files and folders that are not in `keep` by name and older than so many seconds.

    What was being removed when a process died is removed whatever its age.
    """
    swept = Swept()
    for path in list(paths):
        half_gone = path.name.startswith(files.DROPPED)
        if path.name in keep or (files.age(path) < older and not half_gone):
            continue
        swept = Swept(count=swept.count + 1, bytes=swept.bytes + _size(path))
        if not dry_run:
            _remove(path)
            points.reached("gc.removed")
    return swept


def sweep_work(folder: Path, *, older: float, dry_run: bool) -> Swept:
    """Remove the work folders of builds that ended long ago; one in use is locked and stays."""
    scratch = folder.glob(f"{files.FRESH}*")
    swept = sweep(scratch, keep=set(), older=older, dry_run=dry_run)
    for lock in list(folder.glob("*.lock")):
        descriptor = files.own(lock)
        if descriptor is None:
            continue
        try:
            if files.age(lock) < older:
                continue
            work = lock.with_suffix("")
            swept = Swept(count=swept.count + 1, bytes=swept.bytes + _size(work))
            if not dry_run:
                shutil.rmtree(work, ignore_errors=True)
                lock.unlink()
        finally:
            os.close(descriptor)
    return swept


def _remove(path: Path) -> None:
    """Take the name away first: a folder that is half removed must not be found under it."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    dropped = path
    if not path.name.startswith(files.DROPPED):
        dropped = path.with_name(f"{files.DROPPED}{path.name}")
        path.rename(dropped)
        points.reached("gc.renamed")
    shutil.rmtree(dropped)


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    return sum(inner.lstat().st_size for inner in path.rglob("*") if inner.is_file())
