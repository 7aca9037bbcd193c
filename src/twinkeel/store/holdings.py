"""Where a store keeps its bundles and objects: in its own folder, or at a URL.

At a URL there are verified copies in the store's folder, under `cache`. Refuses nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from twinkeel.store.bundles import Bundle, BundleInfo, Bundles, FileEntry
from twinkeel.store.gc import Swept
from twinkeel.store.objects import Objects, ObjectStore


class BundleStore(Protocol):
    """Where bundles are kept."""

    def add(
        self, folder: Path, *, kind: str, runtime: str, shared: Mapping[str, FileEntry]
    ) -> BundleInfo:
        """Store a copy of a filled folder as a bundle. Raises BundleError."""
        ...

    def copy(self, bundle: Bundle) -> None:
        """Store a verified bundle that is elsewhere, as it is."""
        ...

    def open(self, digest: str) -> Bundle:
        """A verified bundle. Raises BundleError."""
        ...

    def shared(self, digest: str) -> set[str]:
        """The digests of the objects that a bundle refers to. Raises BundleError."""
        ...

    def has(self, digest: str) -> bool:
        """Whether there is a bundle of this name; it is not verified."""
        ...

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been used for so many seconds."""
        ...

    def leftovers(self) -> Iterator[Path]:
        """Temporary folders here that a killed process may have left."""
        ...


class Holdings(NamedTuple):
    """Where objects and bundles are kept."""

    objects: ObjectStore
    bundles: BundleStore


def holdings(folder: Path, url: str | None) -> Holdings:
    """Objects and bundles in the store's folder, or at a URL with copies in the store's folder."""
    here = folder if url is None else folder / "cache"
    kept = Objects(here / "objects")
    if url is None:
        return Holdings(kept, Bundles(here / "bundles", kept))
    from twinkeel.store.remote import Folder, RemoteBundles, RemoteObjects

    there = Folder(url)
    objects = RemoteObjects(there, kept)
    return Holdings(objects, RemoteBundles(there, Bundles(here / "bundles", objects)))
