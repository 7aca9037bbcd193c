"""No library that Twinkeel brings reports what a user does, unless the user allows it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_LEARNS_AND_ANSWERS = """
from twinkeel.learn import TabularClassifier
import numpy as np
x = np.arange(60.0)[:, None] % 7
model = TabularClassifier(work_limit=1).fit(x, np.where(x[:, 0] > 3, "yes", "no"))
print(model.predict(x[:1]))
"""


def test_learning_and_answering_leave_no_trace_of_telemetry(tmp_path: Path) -> None:
    quiet = {"CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY"}  # which hush it as well
    kept = {name: value for name, value in os.environ.items() if name not in quiet}
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}

    done = subprocess.run(
        [sys.executable, "-c", _LEARNS_AND_ANSWERS],
        env=kept | places,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "no" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
