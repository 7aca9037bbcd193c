"""Errors as people see them: one sentence and an exit code.

1 refused (a gate, a verification), 2 wrong usage or input, 3 the environment, 130 interrupted.
What nobody foresaw is a defect of ours: its traceback goes to a file in `.twinkeel/`, never to
the screen.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel import __version__
from twinkeel.cli.names import project_root
from twinkeel.config import FILE
from twinkeel.errors import TwinkeelError

if TYPE_CHECKING:
    from cyclopts import CycloptsError

USAGE, ENVIRONMENT, INTERRUPTED, PIPE_CLOSED = 2, 3, 130, 141
TRACEBACK = "TWINKEEL_TRACEBACK"
"""Set in the environment, this prints the traceback of a defect on standard error."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Failure:
    """What to say, and what to tell the shell."""

    sentence: str
    exit_code: int


def report(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell a person (or, with `--json`, a program) what went wrong; returns the exit code."""
    if isinstance(error, BrokenPipeError):
        _silence(sys.stdout)
        return PIPE_CLOSED
    failure = explain(error, project_root(arguments))
    try:
        _say(failure, as_json="--json" in arguments)
    except OSError:  # standard output is what failed
        _silence(sys.stdout)
        _complain(failure.sentence)
    return failure.exit_code


def explain(error: BaseException, root: Path | None = None) -> Failure:
    """The sentence and exit code that `error` means; `root` is the project, where there is one."""
    from cyclopts import CycloptsError

    if isinstance(error, TwinkeelError):
        return Failure(str(error), error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        return Failure(
            "Interrupted. Nothing is half-written, and a build goes on from its finished steps "
            "when the same command is run again.",
            INTERRUPTED,
        )
    if isinstance(error, CycloptsError):
        return Failure(_usage(error), USAGE)
    if isinstance(error, MemoryError):
        return Failure(
            "The machine's memory is used up: close other programs, or set memory_limit in "
            f"{FILE}.",
            ENVIRONMENT,
        )
    known = _from_system(error) if isinstance(error, OSError) else None
    return known or Failure(_defect(error, root), ENVIRONMENT)


def _usage(error: CycloptsError) -> str:
    text = " ".join(str(error).split())
    verb = " ".join(["twinkeel", *(error.command_chain or ())])
    return text if "Did you mean" in text else f"{text} See {verb} --help."


def _from_system(error: OSError) -> Failure | None:
    where = "" if error.filename is None else f" ({error.filename})"
    if error.errno in _FULL:
        return Failure(
            f"The disk is full{where}: free some space and run the command again; what was "
            "stored before is whole.",
            ENVIRONMENT,
        )
    if error.errno in _FORBIDDEN:
        why = "the file system is read-only" if error.errno == errno.EROFS else "no permission"
        return Failure(
            f"A file cannot be used{where}, {why}: change its permissions, or work in a folder "
            "that you may write to.",
            ENVIRONMENT,
        )
    if error.filename is not None:
        return Failure(f"{error.filename}: {error.strerror}.", ENVIRONMENT)
    return None


def _defect(error: BaseException, root: Path | None) -> str:
    summary = " ".join(f"{type(error).__name__}: {error}".split())
    text = "".join(traceback.format_exception(error))
    if os.environ.get(TRACEBACK):
        _complain(text)
    said = f"Twinkeel met a defect of its own ({summary[:200]}). Please report it"
    path = None if root is None else _write_traceback(root, text)
    if path is None:
        return f"{said} with what {TRACEBACK}=1 prints when you run the command again."
    return f"{said} with the file {path}, after removing from it what is private."


def _write_traceback(root: Path, text: str) -> Path | None:
    path = root / ".twinkeel" / f"defect-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    about = f"twinkeel {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{about}\n{text}", encoding="utf-8")
    except OSError:
        return None
    return path


def _say(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        from twinkeel.cli.invocation import print_json

        print_json({"error": failure.sentence, "exit_code": failure.exit_code})
        return
    sys.stdout.flush()
    _complain(failure.sentence)


def _complain(sentence: str) -> None:
    encoding = sys.stderr.encoding or "ascii"
    with contextlib.suppress(OSError):
        sys.stderr.write(sentence.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stderr.flush()


def _silence(stream: object) -> None:
    """Point a stream that can take no more at nothing, so that Python's exit does not complain."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]  # a file
