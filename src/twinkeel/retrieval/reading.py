"""Reading files of strangers in a process of its own, which may use so much and no more.

Owns that process: one for many documents, started when the first is read, ended and started again
where a document takes too much time or memory, or crashes what reads it. Such a document is
refused with the reason, as a damaged one is. Formats and their own limits are `documents`'.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from twinkeel.errors import EnvironmentProblem, SourceError
from twinkeel.records import Record
from twinkeel.retrieval.documents import Document, read

SECONDS = 30.0
"""Processor time for a document, by itself."""
SECONDS_PER_MIB = 2.0
"""Processor time for each MiB of a file."""
MEMORY = 2 * 2**30
"""Bytes of address space of the process that reads."""
_PATIENCE = 4
"""How many times the processor time may pass on the clock, on a busy machine."""
_LARGEST_REPLY = 512 * 2**20
_FRAME = struct.Struct("<I")
_START = (sys.executable, "-P", "-m", __name__)
"""`-P`: nothing is imported from the folder that the documents are in."""


class _Asked(Record, frozen=True):
    """One file to read."""

    path: str
    name: str
    seconds: float


class _Told(Record, frozen=True):
    """A document, or why there is none."""

    document: Document | None = None
    refused: str | None = None
    missing: str | None = None
    """What is not installed."""


class Reader:
    """Reads documents one after the other, each within its limits; use it as a context."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        seconds_per_mib: float = SECONDS_PER_MIB,
        memory: int = MEMORY,
    ) -> None:
        self._seconds = seconds
        self._per_mib = seconds_per_mib
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def limits(self) -> str:
        """What decides, beside a document itself, whether it is refused."""
        return f"{self._seconds:g}s {self._per_mib:g}s/MiB {self._memory}B"

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def read(self, path: Path, name: str) -> Document:
        """The document in a file. Raises SourceError with the reason, which does not name it."""
        seconds = self._seconds + self._per_mib * _size(path) / 2**20
        asked = _Asked(path=str(path.absolute()), name=name, seconds=seconds)
        try:
            told = self._ask(asked)
        except BaseException:
            self._end()
            raise
        if told.missing is not None:
            raise EnvironmentProblem(told.missing)
        if told.document is None:
            raise SourceError(told.refused or "It cannot be read.")
        return told.document

    def _ask(self, asked: _Asked) -> _Told:
        process = self._process = self._process or self._started()
        data = msgspec.msgpack.encode(asked)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_FRAME.pack(len(data)) + data)
            process.stdin.flush()
            ends = time.monotonic() + _PATIENCE * asked.seconds
            reply = _frame(process.stdout, ends)
            return msgspec.msgpack.decode(reply, type=_Told)
        except TimeoutError:
            raise _too_long(asked.seconds) from None
        except (EOFError, BrokenPipeError, msgspec.MsgspecError):
            raise _ended(process.wait(timeout=5), asked.seconds) from None

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - this interpreter, and no word of a stranger
            [*_START, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the reading will say so
        return 0


def _too_long(seconds: float) -> SourceError:
    return SourceError(
        f"Reading it took more than {math.ceil(seconds)} seconds; split it, or save it again."
    )


def _ended(code: int, seconds: float) -> SourceError:
    """Why the process that reads ended by itself."""
    if code == -signal.SIGXCPU:
        return _too_long(seconds)
    return SourceError(
        "It is damaged or needs more memory than a document may, so that reading it broke off; "
        "save it again, or split it."
    )


def _frame(pipe: IO[bytes], ends: float | None = None) -> bytes:
    """The next frame; raises EOFError where there is none, TimeoutError where it is late."""
    (length,) = _FRAME.unpack(_exactly(pipe, _FRAME.size, ends))
    if length > _LARGEST_REPLY:
        raise EOFError
    return _exactly(pipe, length, ends)


def _exactly(pipe: IO[bytes], count: int, ends: float | None) -> bytes:
    data = bytearray()
    while len(data) < count:
        if (
            ends is not None
            and not select.select([pipe], [], [], max(0.0, ends - time.monotonic()))[0]
        ):
            raise TimeoutError
        piece = os.read(pipe.fileno(), min(count - len(data), 1 << 20))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def _answer(asked: _Asked) -> _Told:
    """Read one document; whatever goes wrong is a reason."""
    try:
        return _Told(document=read(Path(asked.path), asked.name))
    except SourceError as error:
        return _Told(refused=str(error))
    except EnvironmentProblem as error:
        return _Told(missing=str(error))
    except MemoryError:
        return _Told(refused="Reading it takes too much memory; split it, or save it again.")
    except Exception as error:  # noqa: BLE001 - whatever a hostile file leads a parser to
        return _Told(refused=f"It cannot be read ({type(error).__name__}); save it again.")


def _limit(what: int, value: int) -> None:
    """Lower a limit of this process, where the system has it."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (value, resource.getrlimit(what)[1]))


def _main() -> None:
    """The process that reads: one reply per question, until there are no more."""
    import resource

    _limit(resource.RLIMIT_AS, int(sys.argv[1]))
    _limit(resource.RLIMIT_CORE, 0)
    asking = os.fdopen(os.dup(0), "rb", buffering=0)
    telling = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a parser prints is no reply
    while True:
        try:
            asked = msgspec.msgpack.decode(_frame(asking), type=_Asked)
        except EOFError:
            return
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _limit(resource.RLIMIT_CPU, math.ceil(used + asked.seconds))
        reply = msgspec.msgpack.encode(_answer(asked))
        telling.write(_FRAME.pack(len(reply)) + reply)
        telling.flush()


if __name__ == "__main__":
    _main()
