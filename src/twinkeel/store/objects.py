"""Bytes by the sha256 of their contents: cases, evidence, lists of units.

An object is immutable and stored once. Reading one verifies it; putting one that is there
already marks it as used and repairs it if it was damaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from twinkeel.errors import StoreError
from twinkeel.store import files, points
from twinkeel.store.gc import Swept, sweep


class ObjectSource(Protocol):
    """Where objects can be had."""

    def get(self, digest: str) -> bytes:
        """The bytes with this digest, verified. Raises StoreError."""
        ...

    def has(self, digest: str) -> bool:
        """Whether there is an object of this name; it is not verified."""
        ...

    def path(self, digest: str) -> Path:
        """The file on this machine that holds it. Raises StoreError."""
        ...

    def use(self, digest: str) -> None:
        """Mark one that is there as used now, so that no sweep takes it for an orphan."""
        ...


class ObjectStore(ObjectSource, Protocol):
    """Where objects are kept."""

    def put(self, data: bytes) -> str:
        """Store bytes durably; returns their digest. Raises StoreError."""
        ...

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been used for so many seconds."""
        ...

    def leftovers(self) -> Iterator[Path]:
        """Temporary files here that a killed process may have left."""
        ...


class Objects:
    """A folder of objects, spread over sub-folders by the first two digits of their digest."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Store bytes durably; returns their digest. Raises StoreError."""
        digest = files.digest_of(data)
        path = self._path(digest)
        with files.explained(self._root):
            if self._holds(path, digest):
                files.touch(path)
            else:
                self._write(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises StoreError where they are missing or damaged."""
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(
                f"Object {digest} is not in the store: restore {path} from a backup."
            ) from None
        except OSError as error:
            raise files.explain(path, error) from error
        if files.digest_of(data) != digest:
            raise StoreError(
                f"Object {digest} is damaged: its contents have another sha256; "
                f"restore {path} from a backup."
            )
        return data

    def has(self, digest: str) -> bool:
        """Whether there is an object with this digest; its contents are not looked at."""
        return files.is_digest(digest) and self._path(digest).is_file()

    def use(self, digest: str) -> None:
        """Mark an object that is there as used now, so that no sweep takes it for an orphan."""
        files.touch(self._path(digest))

    def path(self, digest: str) -> Path:
        """The file that holds an object; it is never changed."""
        return self._path(digest)

    def paths(self) -> Iterator[Path]:
        """Every object's path; its name is its digest."""
        for path in self._root.glob("??/*"):
            if files.is_digest(path.name):
                yield path

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been used for so many seconds."""
        return sweep(self.paths(), keep=keep, older=older, dry_run=dry_run)

    def leftovers(self) -> Iterator[Path]:
        """Temporary files that a killed process may have left."""
        yield from self._root.glob(f"??/{files.FRESH}*")

    def _write(self, path: Path, data: bytes) -> None:
        fresh = files.fresh(files.folder(path.parent))
        try:
            files.write(fresh, data)
            points.reached("object.written")
            os.replace(fresh, path)  # noqa: PTH105 - says that it replaces
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        points.reached("object.renamed")
        files.sync(path.parent)

    def _holds(self, path: Path, digest: str) -> bool:
        return path.is_file() and files.digest_of(path.read_bytes()) == digest

    def _path(self, digest: str) -> Path:
        if not files.is_digest(digest):
            raise StoreError(f"{digest!r} is not a digest: expected a sha256 in lower-case hex.")
        return self._root / digest[:2] / digest
