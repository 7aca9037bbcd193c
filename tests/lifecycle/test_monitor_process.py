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
import pytest
from starlette.testclient import TestClient

from telecom import churn_lines, write_project
from twinkeel.lifecycle.beside import Beside
from twinkeel.project import Project
from twinkeel.server.app import application, project_service
from waiting import PATIENCE, eventually


def released(folder: Path, cycle: str) -> Project:
    """A project in production whose cycle is short."""
    project = Project.open(write_project(folder, rows=1_000))
    with (folder / "twinkeel.toml").open("a") as file:
        file.write(f'\n[monitor]\ncycle = "{cycle}"\n')
    project.build("churn")
    project.release("churn", override="for this test")
    return project


def test_a_server_answers_calls_and_raises_alerts_about_them(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    project = released(folder, "2s")
    rows = [row | {"tenure": "1"} for row in csv.DictReader(churn_lines(300))]
    serving = subprocess.Popen(
        [sys.executable, "-m", "twinkeel", "serve", "--monitor", "--port", "0"],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    url = serving.stdout.readline().split()[3]

    answers = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        reply = httpx.post(f"{url}/v1/components/churn/call", json={"rows": rows})
        answers.append(reply.status_code)
        if any(one.cause == "input.tenure" for one in project.alerts()):
            break
        time.sleep(0.5)
    metrics = httpx.get(f"{url}/metrics").text
    serving.send_signal(signal.SIGINT)
    _, log = serving.communicate(timeout=PATIENCE)

    assert set(answers) == {200}
    assert any(one.cause == "input.tenure" for one in project.alerts())
    assert 'twinkeel_alert_open{component="churn",cause="input.tenure"} 1' in metrics
    assert "alert churn@1: Input tenure is lower" in log
    assert "Traceback" not in log
    assert serving.returncode == 0
    project.close()


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_the_process_that_monitors_has_a_low_priority_is_started_again_and_ends_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.beside._AGAIN_SECONDS", 0.1)
    write_project(tmp_path / "idle", rows=20)

    with Beside(tmp_path / "idle") as beside:
        assert eventually(lambda: beside.pid is not None)
        first = beside.pid
        assert first is not None
        priority = os.getpriority(os.PRIO_PROCESS, first)
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: beside.pid != first)
        second = beside.pid
        assert second is not None
        assert eventually(lambda: running(second))

    assert priority == min(19, 10 + os.getpriority(os.PRIO_PROCESS, 0))
    assert not running(second)


def test_a_server_says_since_when_nobody_monitors_and_stays_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.beside._AGAIN_SECONDS", 2.0)
    project = released(tmp_path / "watched", "2s")
    row = next(csv.DictReader(churn_lines(1)))

    with Beside(project.config.root) as beside:
        app = application(project_service(project.config, project.store, pulse=beside.pulse))
        with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as here:
            assert eventually(lambda: bool(project.store.watching.looks("churn")))
            before = here.get("/readyz").json()
            assert beside.pid is not None
            os.kill(beside.pid, signal.SIGKILL)
            assert eventually(lambda: here.get("/readyz").json()["degraded"] != [])
            down, metrics = here.get("/readyz"), here.get("/metrics").text
            seen = here.get("/v1/monitor").json()
            answer = here.post("/v1/components/churn/call", json=row)
            again = eventually(lambda: here.get("/readyz").json()["degraded"] == [])
            healthy = here.get("/metrics").text

    project.close()
    assert before == {"ready": True, "degraded": []}
    assert (down.status_code, down.json()["ready"], answer.status_code) == (200, True, 200)
    assert down.json()["degraded"][0].startswith("monitoring is down since 20")
    assert seen["degraded"] == down.json()["degraded"]
    assert "twinkeel_monitoring_up 0" in metrics
    assert "twinkeel_degraded 1" in metrics
    assert again
    assert "twinkeel_monitoring_up 1" in healthy


def test_the_process_that_monitors_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    write_project(tmp_path / "idle", rows=20)
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from twinkeel.lifecycle.beside import Beside\n"
        "with Beside(Path(sys.argv[1])) as beside:\n"
        "    while beside.pid is None: time.sleep(0.01)\n"
        "    print(beside.pid, flush=True)\n    time.sleep(600)\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "idle")], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())

    server.kill()
    server.communicate()

    assert eventually(lambda: not running(pid))


def test_a_look_that_takes_long_does_not_outlive_its_server(tmp_path: Path) -> None:
    write_project(tmp_path / "idle", rows=20)
    program = (
        "import sys, time\nfrom twinkeel.lifecycle import rounds\n"
        "rounds.Rounds.run = lambda *_: (print('looking', flush=True), time.sleep(600))\n"
        "rounds.main(sys.argv[1])\n"
    )
    looking = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "idle")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert looking.stdin is not None
    assert looking.stdout is not None
    assert looking.stdout.readline() == "looking\n"

    looking.stdin.close()
    try:
        assert eventually(lambda: looking.poll() is not None)
    finally:
        looking.kill()


def pauses(log: pytest.LogCaptureFixture) -> list[str]:
    said = [one.getMessage() for one in log.records if "is not running" in one.getMessage()]
    return [text.rpartition("next start in ")[2] for text in said]


def test_a_mistake_in_the_settings_is_told_less_and_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.beside._AGAIN_SECONDS", 1.0)
    (tmp_path / "twinkeel.toml").write_text("[monitor]\ncycle = 7\n")

    with Beside(tmp_path):
        assert eventually(lambda: len(pauses(caplog)) >= 2)

    assert "monitoring: " in caplog.text
    assert "ended with code 2" in caplog.text
    assert pauses(caplog)[:2] == ["1 s", "2 s"]


def test_what_a_process_that_cannot_start_says_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_project(tmp_path / "idle", rows=20)
    (tmp_path / "sitecustomize.py").write_text("import msgspec\ndel msgspec.Struct\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with Beside(tmp_path / "idle"):
        assert eventually(lambda: bool(pauses(caplog)))

    assert "AttributeError" in caplog.text


def test_a_process_that_cannot_be_made_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.beside._AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))

    with Beside(tmp_path) as beside:
        assert eventually(lambda: len(pauses(caplog)) >= 2)

    assert beside.pid is None
    assert "could not be started (No such file or directory)" in caplog.text
