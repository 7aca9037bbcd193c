"""One file of the event log: lines of checksum, sequence and JSON, only ever added to.

A segment is locked while a process writes it. The kernel lifts the lock when that process ends
in any way, so a segment that can be locked is finished, whether it was closed or its writer was
killed. Whatever does not match its checksum is never taken for a record.
"""

from __future__ import annotations

import os
import secrets
import zlib
from pathlib import Path
from typing import NamedTuple

from twinkeel.errors import StoreError
from twinkeel.store import files, points

SUFFIX = ".log"
DAMAGED = ".damaged"


class Logged(NamedTuple):
    """One record of a segment."""

    sequence: int
    data: bytes
    """JSON."""


class Contents(NamedTuple):
    """What a segment holds."""

    records: list[Logged]
    torn: int
    """Bytes of a last line that was not finished."""
    damaged: int
    """Lines before the last one that do not match their checksum."""


def line(sequence: int, data: bytes) -> bytes:
    """A record as it is written: crc32 and sequence in hex, JSON (which holds no line break)."""
    body = b"%016x %s" % (sequence, data)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def parse(data: bytes) -> Contents:
    """Read a segment's bytes, passing over what does not match its checksum."""
    *lines, last = data.split(b"\n")
    records = [record(text) for text in lines]
    good = [found for found in records if found is not None]
    torn, damaged = len(last), len(lines) - len(good)
    if records and records[-1] is None and not last:
        torn, damaged = len(lines[-1]) + 1, damaged - 1
    return Contents(good, torn, damaged)


def record(text: bytes) -> Logged | None:
    """One line without its break, or None where it does not match its checksum."""
    body = text[9:]
    try:
        if len(text) < 26 or text[:9] != b"%08x " % zlib.crc32(body):
            return None
        return Logged(int(body[:16], 16), body[17:])
    except ValueError:
        return None


class Segment:
    """The segment that this process writes."""

    def __init__(self, folder: Path, sequence: int) -> None:
        self.path = folder / f"{sequence:016x}-{secrets.token_hex(4)}{SUFFIX}"
        self.size = 0
        self._named = False
        # Locked before it gets its name: nobody may take it for a finished one.
        fresh = files.fresh(files.folder(folder))
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._descriptor = os.open(fresh, flags, 0o666)
        files.lock(self._descriptor)
        points.reached("segment.created")
        fresh.rename(self.path)
        points.reached("segment.renamed")

    def write(self, data: bytes) -> None:
        """Hand a whole line to the operating system, or nothing. Raises StoreError."""
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            raise files.explain(self.path, error) from error
        if written != len(data):
            os.ftruncate(self._descriptor, self.size)
            raise StoreError(
                f"The store cannot use {self.path}: the disk is full: "
                "free some space and try again."
            )
        self.size += written

    def sync(self) -> None:
        """Wait until all that was written is on the disk, the first time its name too."""
        os.fsync(self._descriptor)
        if not self._named:
            files.sync(self.path.parent)
            self._named = True

    def close(self) -> None:
        """Finish: sync, and let anybody move it; an empty one is removed."""
        try:
            self.sync()
            if not self.size:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)
