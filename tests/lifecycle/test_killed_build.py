"""A build that is killed leaves the old state or the new one, and is resumed from its steps."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.project import Project
from twinkeel.records import Tick

MakeProject = Callable[..., Project]

KILLED_AT = """
import os, signal, sys
from twinkeel.project import Project
from twinkeel.store import points

def observe(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

points.observe(observe)
Project.open(sys.argv[1]).build("churn")
"""


def build_killed_at(root: Path, point: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_AT, str(root), point], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "point",
    [
        "object.renamed",
        "step.filled",
        "step.done",
        "bundle.sealed",
        "bundle.renamed",
        "version.inserted",
        "version.committed",
        "evaluation.inserted",
        "evaluation.committed",
    ],
)
def test_a_build_killed_anywhere_is_old_or_new_and_can_be_repeated(
    make_project: MakeProject, point: str
) -> None:
    project = make_project(rows=400)
    build_killed_at(project.config.root, point)

    project = Project.open(project.config.root)
    for version in project.store.versions("churn"):
        project.store.open_bundle(version.bundle)
    again = project.build("churn")

    assert project.release(str(again.version.ref), override="to see it").number
    assert project.verify(str(again.version.ref)).ok


def test_a_killed_build_goes_on_from_its_finished_steps(make_project: MakeProject) -> None:
    whole = make_project(rows=400)
    ticks: list[Tick] = []
    whole.progress = ticks.append
    digest = whole.build("churn").version.bundle
    killed = make_project(rows=400)
    build_killed_at(killed.config.root, "bundle.sealed")
    steps = sorted(killed.config.root.glob(".twinkeel/work/*/steps/*"))
    assert steps
    before = {path: path.stat().st_mtime_ns for path in steps}

    seen: list[dict[Path, int]] = []
    killed = Project.open(killed.config.root)
    killed.progress = lambda tick: seen.append(
        {path: path.stat().st_mtime_ns for path in steps if path.exists()}
    )
    judged = killed.build("churn")

    assert judged.version.bundle == digest
    assert before in seen
    assert not any(path.exists() for path in steps)
