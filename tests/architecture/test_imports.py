"""What importing costs, and what the light faces must not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "catboost", "duckdb", "joblib", "lightgbm", "narwhals", "onnx", "onnxruntime", "pandas",
    "polars", "pyarrow", "pydantic", "scipy", "sklearn", "sqlalchemy", "starlette", "torch",
    "uvicorn",
}  # fmt: skip
"""Libraries that nobody waits for who only asks for help."""

TRIES = 25


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are loaded once `code` has run in a process of its own."""
    report = "import json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def fastest(*arguments: str, limit: float) -> float:
    """Seconds of the processor of the fastest run of Python, which is the one that other programs
    disturbed least; no further run is made once one is within `limit`."""
    best = float("inf")
    for _ in range(TRIES):
        before = spent()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        best = min(best, spent() - before)
        if best <= limit:
            break
    return best


def spent() -> float:
    """Seconds of the processor that this process's ended children took."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize(
    "code",
    [
        "import twinkeel",
        "from twinkeel.cli.app import run; run(['--help'])",
        "from twinkeel.cli.app import run; run(['build', '--help'])",
        "from twinkeel.cli.app import run; run(['--version'])",
    ],
)
def test_light_faces_load_nothing_heavy(code: str) -> None:
    assert loaded_by(code) & (HEAVY | {"numpy"}) == set()


@pytest.mark.parametrize(
    "module",
    ["config", "errors", "plugins", "records", "project", "gates", "metrics.scorecard", "stats"],
)
def test_the_core_loads_no_heavy_library(module: str) -> None:
    assert loaded_by(f"import twinkeel.{module}") & HEAVY == set()


def test_import_takes_at_most_150_ms() -> None:
    assert fastest("-c", "import twinkeel", limit=0.150) <= 0.150


def test_help_takes_at_most_300_ms() -> None:
    assert fastest("-m", "twinkeel", "--help", limit=0.300) <= 0.300
