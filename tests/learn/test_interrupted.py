"""Ctrl+C during a build: no crash, no scratch left behind, and the next build goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from telecom import TOML, write_project
from twinkeel.project import Project

BUILD = [sys.executable, "-m", "twinkeel", "build", "churn", "--project"]
FINISHED_STEPS = (1, 6, 11)
"""How many folds are fitted when Ctrl+C is pressed: while each of the families is at work."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    toml = TOML.replace("work_limit = 1", "work_limit = 3")
    return write_project(tmp_path / "project", rows=400, toml=toml)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def finished(project: Path) -> dict[Path, int]:
    """The fitted folds, and when each was written."""
    steps = project.glob(".twinkeel/work/*/steps/*[!~]")
    return {path: path.stat().st_mtime_ns for path in steps}


def interrupt(project: Path, after: int) -> tuple[int, str]:
    """Press Ctrl+C while a fold is fitted, once `after` others are finished."""
    build = subprocess.Popen([*BUILD, project], stderr=subprocess.PIPE, text=True)
    assert build.stderr is not None
    while "training" not in build.stderr.readline():
        assert build.poll() is None
    while len(finished(project)) < after:
        assert build.poll() is None
        time.sleep(0.002)
    build.send_signal(signal.SIGINT)
    _, said = build.communicate(timeout=60)
    return build.returncode, said


def test_an_interrupted_build_ends_cleanly_and_is_resumed(project: Path, scratch: Path) -> None:
    done: dict[Path, int] = {}
    for after in FINISHED_STEPS:
        code, said = interrupt(project, after)

        assert code == 130, said
        assert "Interrupted. Nothing is half-written" in said
        assert not any(scratch.iterdir())
        assert done.items() <= finished(project).items()  # found again, not fitted again
        done = finished(project)

    assert len(done) >= max(FINISHED_STEPS)
    whole = write_project(
        project.with_name("whole"), rows=400, toml=(project / "twinkeel.toml").read_text()
    )
    assert bundle(project) == bundle(whole)


def bundle(project: Path) -> str:
    """Build in this process; returns the digest of the bundle."""
    opened = Project.open(project)
    try:
        return opened.build("churn").version.bundle
    finally:
        opened.close()
