"""Compressed files as streams of bytes: gzip, bzip2, xz, zstandard, and zip with one member.

Owns the recognition of compression by content and the caps on what it may unfold to. Nothing is
ever unpacked to disk, so names inside an archive lead nowhere. Refuses what unfolds to far more
than any table does, archives of several members, and archives within archives.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from twinkeel.errors import SourceError

ZIP = b"PK\x03\x04"
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (ZIP, "zip"),
)
RATIO = 200
"""Real tables unfold to 3 to 30 times their compressed size."""
FLOOR = 64 << 20
"""Bytes that any file may unfold to, however small it is."""
_MEMBERS = 1_000
_FAULTS = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError)


def compression_of(head: bytes) -> str | None:
    """The compression that a file beginning with `head` has."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's contents, uncompressed as they are read. Raises SourceError, at a read too."""
    with explained(path), path.open("rb") as raw:
        name = compression_of(raw.read(6))
        raw.seek(0)
        if name is None:
            yield raw
            return
        with _unfolded(path, raw, name) as stream:
            limit = max(FLOOR, RATIO * path.stat().st_size)
            capped = io.BufferedReader(_Capped(path, stream, limit), 1 << 20)
            _refuse_nested(path, capped.peek(6)[:6])
            yield capped


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what the file system says into a SourceError that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}: check the path.") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder, and a file was expected: name a file.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None


def only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one file in a zip archive. Raises SourceError for any other number of them."""
    members = [
        one
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise SourceError(
            f"{path} is a zip archive of {len(members):,} files, and one was expected: unpack it "
            "and name the folder or a glob."
        )
    if members[0].flag_bits & 1:
        raise SourceError(f"{path} is a zip archive with a password: unpack it first.")
    return members[0]


def check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise SourceError for an archive that unfolds to far more than its size, or to too much."""
    members = archive.infolist()
    total = sum(one.file_size for one in members)
    if len(members) > _MEMBERS or total > max(FLOOR, RATIO * path.stat().st_size):
        raise _bomb(path)


@contextmanager
def _unfolded(path: Path, raw: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if name != "zip":
        with _stream(raw, name) as stream:
            yield stream
        return
    try:
        with zipfile.ZipFile(raw) as archive, archive.open(only_member(path, archive)) as member:
            yield member
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise _damaged(path, error) from None


def _stream(raw: IO[bytes], name: str) -> IO[bytes]:
    if name == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]  # it reads as IO[bytes]
    if name == "bzip2":
        import bz2

        return bz2.BZ2File(raw)
    if name == "xz":
        return lzma.LZMAFile(raw)
    import pyarrow as pa

    stream: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return stream


class _Capped(io.RawIOBase):
    """A stream that refuses to give more than `limit` bytes, and says what is damaged."""

    def __init__(self, path: Path, stream: IO[bytes], limit: int) -> None:
        self._path = path
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # bytes are written
        try:
            data = self._stream.read(len(buffer))
        except _FAULTS as error:
            raise _damaged(self._path, error) from None
        self._left -= len(data)
        if self._left < 0:
            raise _bomb(self._path)
        buffer[: len(data)] = data
        return len(data)


def _refuse_nested(path: Path, start: bytes) -> None:
    inner = compression_of(start)
    if inner is not None:
        raise SourceError(
            f"{path} holds another archive ({inner}), and a table was expected: unpack it first."
        )


def _bomb(path: Path) -> SourceError:
    return SourceError(
        f"{path} unfolds to more than {RATIO} times its size, which no table does: unpack it "
        "yourself if you trust it."
    )


def _damaged(path: Path, error: Exception) -> SourceError:
    reason = str(error).rstrip(".") or type(error).__name__
    return SourceError(f"{path} is a damaged archive ({reason}): make it again.")
