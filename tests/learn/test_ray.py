"""A real Ray cluster, in a process of its own, learns what threads do and leaves nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from learn import ray_acts
from learn.conftest import TELCO
from servers import without
from twinkeel.errors import MissingExtra
from twinkeel.learn.engine import train
from twinkeel.records import Limits


@pytest.fixture
def short():
    """A folder with a short name: Ray puts sockets into it."""
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "home").mkdir()
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


def written(folder: Path) -> list[str]:
    """The files below it."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_ray_cluster_learns_the_same_bytes_as_threads_and_leaves_nothing(short):
    if importlib.util.find_spec("ray") is None:
        without("Ray", 'pip install "twinkeel[ray]"')
    told = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    told |= {"HOME": str(short / "home"), "TMPDIR": str(short / "tmp")}

    ran = subprocess.run(
        [sys.executable, ray_acts.__file__, TELCO],
        check=False,
        env=told,
        cwd=short,
        capture_output=True,
        text=True,
        timeout=400,
    )

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["same"]
    assert found["listening"]
    assert set(found["listening"]) <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert found["let_in"] == [False]
    assert found["left"] == []
    assert written(short) == []


def test_without_ray_one_sentence_says_what_to_install(telco, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(MissingExtra, match=r'workers = "ray" needs ray.*twinkeel\[ray\]'):
        train(telco, limits=Limits(work=1, workers="ray"))
