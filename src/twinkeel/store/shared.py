"""Files that bundles share: stored once as objects, found again by what they were made from.

A kind names each such file by a key that says all that its contents depend on. What an earlier
build made under the same key is used again, verified; a missing, damaged or forgotten one is made
anew. The keys are only a memory: losing one costs work and never changes a result.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from twinkeel.errors import StoreError
from twinkeel.store import files, points
from twinkeel.store.bundles import FileEntry
from twinkeel.store.objects import ObjectStore


class Made:
    """The store's folder of keys, each a small file that holds the digest of what was made."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, key: str) -> str | None:
        """The digest of what was made under this key, if that is remembered."""
        path = self._path(key)
        try:
            digest = path.read_text(encoding="ascii")
            if files.is_digest(digest):
                files.touch(path)
                return digest
        except (FileNotFoundError, UnicodeDecodeError):
            pass
        return None

    def remember(self, key: str, digest: str) -> None:
        """Keep the digest; not synced, since a torn file is no digest and so forgotten."""
        path = self._path(key)
        fresh = files.fresh(files.folder(path.parent))
        fresh.write_text(digest, encoding="ascii")
        points.reached("made.written")
        os.replace(fresh, path)  # noqa: PTH105 - says that it replaces
        points.reached("made.renamed")

    def stale(self, keep: set[str]) -> Iterator[Path]:
        """The keys of what is not among the digests to keep, and what a killed process left."""
        for path in self._root.glob("??/*"):
            if path.name.startswith(files.FRESH) or path.read_bytes().decode("latin1") not in keep:
                yield path

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._root / name[:2] / name


class Shared:
    """What one build shares with others: the door that a task gives to its kind."""

    def __init__(
        self, objects: ObjectStore, made: Made, using: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._objects = objects
        self._made = made
        self._using = using
        """Holds off removal, and explains what a disk refuses."""
        self._entries: dict[str, FileEntry] = {}

    @property
    def entries(self) -> Mapping[str, FileEntry]:
        """By name, what the bundle refers to."""
        return self._entries

    def find(self, name: str, key: str) -> bytes | None:
        """The contents that any build made under `key`, as the bundle's file `name`; or None."""
        with self._using():
            digest = self._made.find(key)
            if digest is None or not self._objects.has(digest):
                return None
            try:
                data = self._objects.get(digest)
            except StoreError:
                return None
            self._objects.use(digest)
        self._entries[name] = FileEntry(sha256=digest, bytes=len(data))
        return data

    def add(self, name: str, key: str, data: bytes) -> None:
        """Store what was made under `key`, as the bundle's file `name`."""
        with self._using():
            digest = self._objects.put(data)
            self._made.remember(key, digest)
        self._entries[name] = FileEntry(sha256=digest, bytes=len(data))

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Files of a bundle in this store that the new one has as well."""
        self._entries.update(entries)

    def __call__(self, name: str, key: str, make: Callable[[], bytes]) -> bytes:
        """`find`, else `make()` and `add`."""
        data = self.find(name, key)
        if data is None:
            data = make()
            self.add(name, key, data)
        return data
