"""A kill, a full disk and an I/O error at every change that an act makes, one after the other.

What is covered: each call through libc that changes something below the project's folder, of Python
and of SQLite. What is not: writes through a memory map (SQLite's shared index), reads, and disks
that lie about what they have synced.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fault_runs
import pytest
from test_store_crash import filled

HERE = Path(__file__).parent
COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or COMPILER is None,
        reason="faults are injected on Linux, by a library that a C compiler makes: install gcc",
    ),
]
CHANGES = {"release": 20, "append": 20, "build": 80, "gc": 60}
"""Acts, and how many changes each makes at least: a shim that saw none would find no fault."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("shim") / "faults.so"
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(library), f"{HERE}/faults.c"]
    subprocess.run([*command, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("fault", fault_runs.FAULTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_fault_at_any_change_leaves_the_old_state_or_the_new(
    tmp_path: Path, shim: Path, project: Path, name: str, fault: str
) -> None:
    command = [sys.executable, fault_runs.__file__, str(project), name, fault, str(tmp_path)]
    paths = os.pathsep.join((str(HERE), str(HERE.parent)))
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": paths}

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["bad"] == []
    assert found["changes"] >= CHANGES[name] // (2 if fault == "ENOSPC" else 1)
