"""Rebuilding on request: `twinkeel rebuild` as a process of its own, beside the server.

Owns that one runs at a time, at a lower priority than calls, and that it ends with the server. What
training needs is never loaded here. Refuses to release what it made: a person reads first.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

import msgspec

from twinkeel.errors import Refused
from twinkeel.records import Json, Record, now

_NICE = 10
_STOP_SECONDS = 5.0


class Job(Record, frozen=True, kw_only=True):
    """One rebuild that was asked for."""

    component: str
    who: str
    dry_run: bool
    started: str
    state: Literal["running", "done", "failed"] = "running"
    ended: str | None = None
    found: Json = None
    """The decision with its table, as `twinkeel rebuild --json` prints it."""
    error: str | None = None
    """Why there is none, in a sentence."""


class Rebuilds:
    """The newest rebuild of each component of the project in `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def newest(self, component: str) -> Job | None:
        """The component's newest rebuild since the server started."""
        return self._jobs.get(component)

    def start(self, component: str, *, dry_run: bool, who: str) -> Job:
        """Begin a rebuild; raises Refused while another one runs."""
        with self._lock:
            running = next((one for one in self._jobs.values() if one.state == "running"), None)
            if running is not None:
                raise Refused(f"{running.component} is being rebuilt: wait until that has ended.")
            job = Job(component=component, who=who, dry_run=dry_run, started=now())
            self._process = self._spawn(job)
            self._jobs[component] = job
            self._thread = threading.Thread(
                target=self._wait, args=(job, self._process), name="twinkeel-rebuild", daemon=True
            )
            self._thread.start()
        return job

    def close(self) -> None:
        """End what runs; a later rebuild goes on from its finished steps."""
        if self._process is None or self._thread is None:
            return
        self._process.terminate()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _spawn(self, job: Job) -> subprocess.Popen[bytes]:
        more = ["--dry-run"] if job.dry_run else ["--no-release"]
        command = [sys.executable, "-m", "twinkeel", "rebuild", job.component, "--json", *more]
        process = subprocess.Popen(  # noqa: S603  our own command, a name of twinkeel.toml
            command,
            cwd=self._root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        return process

    def _wait(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        said, _ = process.communicate()
        found, error = _read(said)
        self._jobs[job.component] = msgspec.structs.replace(
            job, state="failed" if error else "done", ended=now(), found=found, error=error
        )


def _read(said: bytes) -> tuple[Json, str | None]:
    """The decision, or why there is none."""
    try:
        found = msgspec.json.decode(said)
    except msgspec.DecodeError:
        return None, "It ended before it could decide: run twinkeel rebuild to see why."
    if isinstance(found, dict) and "error" in found:
        return None, str(found["error"])
    return found, None
