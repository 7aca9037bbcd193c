"""Folders to work in: one for each build that can be resumed, and short-lived ones.

A build's folder is named by its key and locked while somebody fills it; the lock ends with the
process. It is kept when a build fails, for the next try, and removed when it succeeds.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import Refused
from twinkeel.store import files, points

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}")


class Work:
    """The store's folder of work in progress."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        """The folder for one key, made if it is not there."""
        if _KEY.fullmatch(key) is None or key.endswith(".lock"):
            raise ValueError(f"work key {key!r}: expected letters, digits, _ . @ -")
        with files.explained(self.root):
            folder = files.folder(self.root / key)
            folder.with_name(f"{key}.lock").touch()
        return folder

    @contextmanager
    def building(self, key: str) -> Iterator[Path]:
        """The folder for one key, held alone; removed at the end unless there was an error.

        Raises Refused while another process (or thread) holds it.
        """
        folder = self.folder(key)
        lock = self.root / f"{key}.lock"
        with files.explained(lock):
            descriptor = files.own(lock)
        if descriptor is None:
            raise Refused(
                "A build of the same component, data, options and seed is running already: "
                "wait until it ends, or give another --seed for another version."
            )
        try:
            with files.disk_explained(folder):
                yield files.folder(folder)
            shutil.rmtree(folder, ignore_errors=True)
            points.reached("work.removed")
            with files.explained(lock):
                lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder in the same file system, removed at the end in any case."""
        with files.explained(self.root):
            path = Path(tempfile.mkdtemp(prefix=files.FRESH, dir=files.folder(self.root)))
        try:
            with files.disk_explained(path):
                yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
