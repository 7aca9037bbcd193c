"""Runs the blocks of a page as a reader would: a shell, an interpreter, files, servers.

Each page has a folder with two copies of the project it starts from, one for what is typed and
one for the tabs named Python. A block whose last command serves is left running on a free port,
which stands for the 8400 that the pages show, until the next one serves or the page ends.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doc_blocks import NOT_RUN, Block, same

from twinkeel import config

PORT = "8400"
_SERVES = re.compile(r"^(twinkeel serve|python -m twinkeel\.server)\b")
_PROGRESS = re.compile(r"^\[ *\d+\.\d s(, [^\]]* left)?\] .*\n", re.MULTILINE)
"""What a terminal shows live and then takes away."""
_WAIT = 60.0

_INTERPRETER = """
import contextlib, io, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
page = {"__name__": "__main__"}
sys.path.insert(0, "")
for line in sys.stdin:
    block, printed, error = json.loads(line), io.StringIO(), None
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(block["text"], block["place"], "exec"), page)
    except BaseException:
        error = traceback.format_exc()
    print(json.dumps({"printed": printed.getvalue(), "error": error}), file=answers, flush=True)
"""


def free_port() -> str:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@dataclass
class Runner:
    """One page's shell, interpreter and server; use it as a context."""

    folder: Path
    start: Path | None = None
    """The project to start from."""
    binaries: Path = Path(sys.executable).parent
    """The folder of `python` and `twinkeel`."""
    port: str = field(default_factory=free_port)
    _interpreters: dict[Path, subprocess.Popen[str]] = field(default_factory=dict)
    _server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Runner:
        for name in ("typed", "python"):
            if self.start is None:
                (self.folder / name).mkdir(parents=True)
            else:
                shutil.copytree(self.start, self.folder / name)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_serving()
        for process in self._interpreters.values():
            process.stdin.close()  # type: ignore[union-attr]  # opened as a pipe
            process.wait(_WAIT)
            process.stdout.close()  # type: ignore[union-attr]  # opened as a pipe

    def run(self, block: Block) -> None:
        """Do what one block says; raises AssertionError naming the block."""
        if block.title.startswith(NOT_RUN):
            return
        if block.file is not None:
            self._write(block)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.runs:
            self._check(block, self._output(block))

    def home(self, block: Block) -> Path:
        """The copy of the project that a block works on."""
        return self.folder / ("python" if block.tab == "Python" else "typed")

    def environment(self) -> dict[str, str]:
        """What a block finds: this environment's commands first, nothing of the caller's own."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = f"{self.binaries}{os.pathsep}{os.environ['PATH']}"
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        plain = {"COLUMNS": "100", "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "TERM": "dumb"}
        return {**kept, **pip, **plain, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def _write(self, block: Block) -> None:
        """A file of the page goes into both copies; a whole twinkeel.toml must also load."""
        homes = [self.home(block)] if block.tab else [self.folder / "typed", self.folder / "python"]
        for home in homes:
            path = home / str(block.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            if path.name == config.FILE:
                config.load(path.parent)

    def _output(self, block: Block) -> str:
        text = block.text.replace(PORT, self.port)
        real = self._python(block, text) if block.language == "python" else self._shell(block, text)
        return _PROGRESS.sub("", real).replace(self.port, PORT)

    def _check(self, block: Block, real: str) -> None:
        if block.shows is not None:
            message = f"{block.place} shows\n{block.shows}\nbut printed\n{real}"
            assert same(block.shows, real), message

    def _shell(self, block: Block, text: str) -> str:
        home = self.home(block)
        *before, last = text.strip().splitlines()
        if _SERVES.match(last):
            printed = self._shell(block, "\n".join(before)) if before else ""
            return printed + self._serve(home, last, block)
        exports = self.folder / f"{home.name}.exports"
        known = f'. "{exports}"; ' if exports.exists() else ""
        done = subprocess.run(
            ["sh", "-ec", f'{known}{text}\nexport -p > "{exports}"'],
            cwd=home,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{block.place} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _serve(self, home: Path, command: str, block: Block) -> str:
        self._stop_serving()
        if "--port" not in command and command.startswith("twinkeel"):
            command = command.replace("twinkeel serve", f"twinkeel serve --port {self.port}")
        exports = self.folder / f"{home.name}.exports"
        known = f'. "{exports}"; ' if exports.exists() else ""
        log = self.folder / "server.log"
        with log.open("wb") as out:
            self._server = subprocess.Popen(
                ["sh", "-c", f"{known}exec {command}"],
                cwd=home,
                env=self.environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        ends = time.monotonic() + _WAIT
        while not self._listens():
            alive = self._server.poll() is None and time.monotonic() < ends
            assert alive, f"{block.place} does not serve:\n{log.read_text()}"
            time.sleep(0.05)
        return log.read_text(encoding="utf-8")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.port))) == 0

    def _stop_serving(self) -> None:
        if self._server is not None and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGTERM)
            try:
                self._server.wait(_WAIT)
            except subprocess.TimeoutExpired:
                os.killpg(self._server.pid, signal.SIGKILL)
                raise
        self._server = None

    def _python(self, block: Block, text: str) -> str:
        process = self._interpreter(self.home(block))
        request = json.dumps({"text": text, "place": block.place})
        process.stdin.write(f"{request}\n")  # type: ignore[union-attr]  # opened as a pipe
        process.stdin.flush()  # type: ignore[union-attr]  # opened as a pipe
        answer: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]  # opened as a pipe
        assert answer["error"] is None, f"{block.place}:\n{answer['error']}"
        return str(answer["printed"])

    def _interpreter(self, home: Path) -> subprocess.Popen[str]:
        if home not in self._interpreters:
            self._interpreters[home] = subprocess.Popen(
                [self.binaries / "python", "-c", _INTERPRETER],
                cwd=home,
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._interpreters[home]
