"""A small project of a kind that needs no training, and the command line in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

KINDS = Path(__file__).parent / "kinds"
if str(KINDS) not in sys.path:
    sys.path.append(str(KINDS))

from twinkeel import plugins  # noqa: E402
from twinkeel.cli.app import run  # noqa: E402

plugins._registered.cache_clear()

TOML = """
[project]
name = "shirts"
[sources.shirts]
path = "shirts.csv"
[components.sold]
kind = "lookup"
source = "shirts"
target = "sold"
by = "color"
time_limit = "40s"
[components.sold.gates]
accuracy = "{gate}"
"""


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def shirts(count: int = 400) -> str:
    """A table in which red sells, blue does not, and one row in ten disagrees."""
    lines = ["id,color,sold"]
    for k in range(count):
        red, odd = k % 2 == 0, k % 10 == 7 or (k % 10 == 2 and k % 20 == 2)
        lines.append(f"s{k},{'red' if red else 'blue'},{'yes' if red != odd else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose gate passes."""
    return write(tmp_path / "shirts", gate=">= 0.6")


def write(folder: Path, *, gate: str) -> Path:
    """A project on the shirts table with one gate on accuracy."""
    folder.mkdir()
    (folder / "shirts.csv").write_text(shirts())
    (folder / "twinkeel.toml").write_text(TOML.format(gate=gate))
    return folder


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`cli("build", "sold")`: run in this process on the project, or on `project`."""

    def call(*arguments: str, project: Path = folder) -> Ran:
        capsys.readouterr()
        code = run([*arguments, "--project", str(project)])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def spawn(
    *arguments: str,
    env: dict[str, str] | None = None,
    stdin: str = "",
    cwd: Path | None = None,
    out: Any = subprocess.PIPE,
) -> Ran:
    """`python -m twinkeel` in a process of its own, which also knows the kind above."""
    done = subprocess.run(
        [sys.executable, "-m", "twinkeel", *arguments],
        input=stdin,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(KINDS), **(env or {})},
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout or "", done.stderr)
