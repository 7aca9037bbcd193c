"""Files that appear whole or not at all: temporary name, sync, rename, sync of the folder.

Owns the names of temporary files, the locks between processes (`flock`, released by the kernel
when a process dies) and the words for a disk that refuses. Knows nothing of what is stored.
Locks need `fcntl`, which Linux and macOS have and Windows has not.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkeel.errors import StoreError

FRESH = ".new-"
"""The start of the name of what is being written; a leftover is swept once it is old."""
DROPPED = ".old-"
"""The start of the name of what is being removed; a leftover is swept at once."""

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and try again",
    errno.EDQUOT: "the disk quota is used up: free some space and try again",
    errno.EFBIG: "the file may not grow further: raise the file size limit and try again",
    errno.EROFS: "the file system is read-only: use a project folder that can be written",
    errno.EACCES: "permission is denied: use a project folder that can be written",
    errno.EPERM: "permission is denied: use a project folder that can be written",
    errno.EIO: "the disk reports an error: check it before anything else",
}


def explain(path: Path, error: OSError) -> StoreError:
    """The one sentence for a file system that refuses."""
    reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
    return StoreError(f"The store cannot use {path}: {reason}.")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into a StoreError."""
    try:
        yield
    except OSError as error:
        raise explain(path, error) from error


@contextmanager
def disk_explained(path: Path) -> Iterator[None]:
    """Turn an OSError that only the disk can be blamed for into a StoreError.

    For the work of others in `path`: their other errors are theirs to explain.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK:
            raise explain(path, error) from error
        raise


def sync(path: Path) -> None:
    """Wait until a file's contents, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folder(path: Path) -> Path:
    """Make a folder with its parents, durably; returns it."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir(exist_ok=True)
        sync(path.parent)
    return path


def sync_tree(path: Path) -> None:
    """Sync every file and folder below a folder, and the folder itself."""
    for inner in path.rglob("*"):
        sync(inner)
    sync(path)


def fresh(parent: Path) -> Path:
    """A name in `parent` for something that is about to be written there."""
    return parent / f"{FRESH}{secrets.token_hex(8)}"


def write(path: Path, data: bytes) -> None:
    """Write a new file and sync it; its name is not yet durable."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, over what was there; durable when this returns."""
    temporary = fresh(folder(path.parent))
    try:
        write(temporary, data)
        os.replace(temporary, path)  # noqa: PTH105 - says that it replaces
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def age(path: Path) -> float:
    """Seconds since the last change; 0 for what is no longer there."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def touch(path: Path) -> None:
    """Mark as used now, so that no sweep takes it for an orphan."""
    os.utime(path)


def digest_of(data: bytes) -> str:
    """The sha256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Whether this is a sha256 in lower-case hex: the only name that becomes part of a path."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


@contextmanager
def locked(path: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock between processes (and threads), waiting for it."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


@contextmanager
def claimed(path: Path, *, exclusive: bool) -> Iterator[bool]:
    """Hold a lock between processes (and threads) if it can be had at once, and say whether."""
    with path.open("ab") as file:
        with locked(_door(path), exclusive=True):
            held = lock(file.fileno(), exclusive=exclusive)
        yield held


def is_claimed(path: Path) -> bool:
    """Whether somebody holds such a lock; nobody who wants it is turned away for the asking."""
    with locked(_door(path), exclusive=True), path.open("ab") as file:
        return not lock(file.fileno())


def _door(path: Path) -> Path:
    """What those who want a lock, or ask for it, hold for that moment: they wait for each other."""
    return path.with_name(f"{path.name}-door")


def own(path: Path) -> int | None:
    """Open and lock a file unless another has it or it is gone; the lock ends with `os.close`.

    The name must still mean the locked file: another owner may have removed it meanwhile.
    """
    flags = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    if lock(descriptor) and _is_named(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def lock(descriptor: int, *, exclusive: bool = True) -> bool:
    """Take a lock on an open file if nobody has one that stands against it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
