"""`serve --monitor` as an operator runs it: a real process that answers calls and raises alerts."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from telecom import churn_lines, write_project
from twinkeel.project import Project


def test_a_server_answers_calls_and_raises_alerts_about_them(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "watched", rows=1_000)
    with (folder / "twinkeel.toml").open("a") as file:
        file.write('\n[monitor]\ncycle = "2s"\n')
    project = Project.open(folder)
    project.build("churn")
    project.release("churn", override="for this test")
    rows = [row | {"tenure": "1"} for row in csv.DictReader(churn_lines(300))]
    serving = subprocess.Popen(
        [sys.executable, "-m", "twinkeel", "serve", "--monitor", "--port", "0"],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    url = serving.stdout.readline().split()[3]

    answers = []
    for _ in range(60):
        reply = httpx.post(f"{url}/v1/components/churn/call", json={"rows": rows})
        answers.append(reply.status_code)
        if any(one.cause == "input.tenure" for one in project.alerts()):
            break
        time.sleep(0.5)
    metrics = httpx.get(f"{url}/metrics").text
    serving.send_signal(signal.SIGINT)
    _, log = serving.communicate(timeout=20)

    assert set(answers) == {200}
    assert any(one.cause == "input.tenure" for one in project.alerts())
    assert 'twinkeel_alert_open{component="churn",cause="input.tenure"} 1' in metrics
    assert "alert churn@1: Input tenure is lower" in log
    assert "Traceback" not in log
    assert serving.returncode == 0
    project.close()
