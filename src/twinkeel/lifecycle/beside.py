"""Beside: the process that monitors next to a server, for as long as the server runs.

Owns that there is one, at a lower priority than calls, that what it says is in the server's log,
that it is known since when it does not look, that it is started again when it dies, ever later
while it dies at once, and that it ends with the server: the interpreter that answers calls is never
shared with a look. Refuses to let it outlive the server, even one killed, by more than seconds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import msgspec

from twinkeel.lifecycle.pulse import Looked, Pulse
from twinkeel.lifecycle.rounds import Said

_log = logging.getLogger(__name__)
_NICE = 10
_STOP_SECONDS = 3.0
_AGAIN_SECONDS, _AGAIN_MOST = 5.0, 300.0
"""How long after a process that died the next one starts: twice as long each time, up to the most,
until one has run that long."""


@dataclass
class Beside:
    """Keeps a process that monitors the project in `root` while inside."""

    root: Path
    pulse: Pulse = field(default_factory=Pulse, init=False)
    """Whether it looks as it should."""
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._keep, name="twinkeel-monitor", daemon=True)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._stop.set()
            process = self._process
        if process is not None:
            _end(process)
        self._thread.join()

    @property
    def pid(self) -> int | None:
        """The process that runs now; None before the first."""
        return None if self._process is None else self._process.pid

    def _keep(self) -> None:
        pause = _AGAIN_SECONDS
        while True:
            began = time.monotonic()
            why = self._one()
            if self._stop.is_set():
                return
            self.pulse.ended()
            if time.monotonic() - began >= _AGAIN_MOST:
                pause = _AGAIN_SECONDS
            _log.warning("monitoring is not running: %s; next start in %.0f s", why, pause)
            self._stop.wait(pause)
            pause = min(2 * pause, _AGAIN_MOST)

    def _one(self) -> str:
        """Keep one process until it ends; says why it did."""
        try:
            with self._lock:
                if self._stop.is_set():
                    return "the server stops"
                process = self._process = self._spawn()
        except OSError as error:
            return f"it could not be started ({error.strerror})"
        self.pulse.started()
        self._listen(process)
        return f"it ended with code {process.wait()}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "twinkeel.lifecycle.rounds", str(self.root)]
        process = subprocess.Popen(  # noqa: S603  our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # of Windows
        )
        with contextlib.suppress(AttributeError, OSError):  # no such call on Windows
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, process.pid, min(own + _NICE, 19))
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Put what the process says into this log, until it says no more."""
        assert process.stdout is not None
        for line in process.stdout:
            heard = _heard(line)
            if isinstance(heard, Looked):
                self.pulse.heard(heard)
            else:
                _log.log(heard.level, "%s", heard.text)


def _heard(line: bytes) -> Said | Looked:
    try:
        return msgspec.json.decode(line, type=Said | Looked)
    except msgspec.DecodeError:  # not its log but its standard error, as of a start that failed
        return Said(level=logging.WARNING, text=line.decode(errors="replace").rstrip())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process end: its input does, and if that is not enough, it is killed."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
