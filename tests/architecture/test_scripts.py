"""The scripts that a new user runs first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ["scripts/demo", "scripts/test", "scripts/environment.sh"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_posix_shell(script: str) -> None:
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", script], cwd=ROOT, check=True)
    text = (ROOT / script).read_text()
    assert "[[" not in text
    assert "Windows" in text


@pytest.mark.parametrize("script", ["scripts/demo", "scripts/test", ".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_a_demo_with_an_unknown_option_says_its_usage() -> None:
    done = subprocess.run(
        ["sh", "scripts/demo", "--nope"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "usage: scripts/demo [--no-serve]\n")


def test_without_a_recent_python_the_scripts_say_what_is_missing(tmp_path: Path) -> None:
    clone, tools = tmp_path / "clone", tmp_path / "bin"
    (clone / "scripts").mkdir(parents=True)
    tools.mkdir()
    for script in SCRIPTS:
        shutil.copy(ROOT / script, clone / script)
    for name in ("sh", "dirname", "cat", "cksum"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit\nexit 1\n')
    old.chmod(0o755)
    done = subprocess.run(
        ["sh", "scripts/demo"],
        cwd=clone, capture_output=True, text=True, check=False, env={"PATH": str(tools)},
    )  # fmt: skip
    assert done.returncode == 3
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert "Python 3.9.2" in done.stderr


PYTHON = """#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch .venv/anew ;;
esac
"""
NO_PIP = PYTHON + 'case "$*" in *"pip --version") exit 1 ;; esac\n'


@pytest.mark.parametrize(
    ("python", "place", "anew"), [(PYTHON, ".", False), (NO_PIP, ".", True), (PYTHON, "..", True)]
)
def test_an_interrupted_or_moved_environment_is_made_anew(
    tmp_path: Path, python: str, place: str, anew: bool
) -> None:
    for path, text in {"bin/python3.13": PYTHON, ".venv/bin/python": python}.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    (tmp_path / ".venv" / "place").write_text(f"{(tmp_path / place).resolve()}\n")
    done = subprocess.run(
        ["sh", "-euc", f". {ROOT}/scripts/environment.sh; environment dev x"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert ("Making .venv" in done.stdout) is anew, done.stderr
    assert (tmp_path / ".venv" / "anew").exists() is anew


def test_constraints_pin_every_dependency_and_name_no_host() -> None:
    text = (ROOT / "constraints.txt").read_text()
    pinned = {name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.M)}
    wanted = re.findall(r'^ +"([A-Za-z0-9_-]+)>=', (ROOT / "pyproject.toml").read_text(), re.M)
    ours = {"twinkeel-minilm"}  # installed from packages/, so it needs no pin
    assert {name.lower() for name in wanted} - pinned - ours == set()
    assert "://" not in text
    assert "torch" not in pinned
