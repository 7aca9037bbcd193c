"""Alerts: when one opens and ends, and looks again and again beside a server."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest
from production import Traffic, alarms
from starlette.testclient import TestClient

from twinkeel.lifecycle.rounds import Rounds
from twinkeel.records import Event, now
from twinkeel.server.app import application, project_service
from twinkeel.store.events import new_id
from waiting import eventually


def test_one_alert_is_open_for_a_cause_until_it_is_gone(traffic: Traffic) -> None:
    store = traffic.project.store
    traffic.day(0, 600, lambda row: row | {"MonthlyCharges": None})

    first, second = traffic.look(1.1), traffic.look(1.2)
    opened = store.watching.alerts("churn", only_open=True)
    traffic.begin()
    traffic.day(0, 600)
    traffic.look(1.1)

    assert alarms(first)["input.MonthlyCharges"].test == "missing"
    assert alarms(second).keys() == alarms(first).keys()
    assert sorted(one.cause for one in opened) == sorted(alarms(first))
    assert store.watching.alerts("churn", only_open=True) == []
    resolved = {one.id: one.why for one in store.watching.alerts("churn")}
    assert "was released" in str(resolved[opened[0].id])


def test_a_look_beside_the_server_raises_alerts_and_the_server_tells(
    traffic: Traffic, caplog: pytest.LogCaptureFixture
) -> None:
    project = traffic.project
    past = msgspec.structs.replace(project.config.monitor, cycle="1s", minimum=100)
    config = msgspec.structs.replace(project.config, monitor=past)
    for _ in range(300):
        project.store.events.append(wrong_call(traffic))
    time.sleep(1.1)

    Rounds(config, project.store).look()

    assert "alert churn@" in caplog.text
    assert "input.tenure" in {one.cause for one in project.alerts("churn")}
    server = application(project_service(config, project.store))
    here = TestClient(server, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    page = here.get("/metrics").text
    assert 'twinkeel_alert_open{component="churn",cause="input.tenure"} 1' in page


def wrong_call(traffic: Traffic) -> Event:
    """A call of this moment whose tenure is always the same."""
    row = {k: v for k, v in traffic.rows[0].items() if k not in ("Churn", "customerID", "gender")}
    return Event(
        id=new_id(),
        kind="call",
        component="churn",
        number=traffic.number,
        at=now(),
        inputs=row | {"tenure": "1"},
        output=traffic.model.call([traffic.rows[0]])[0].values,
    )


def test_rounds_look_soon_after_the_start_however_long_the_cycle_is(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.rounds._SETTLE", 0.01)
    store, stop = traffic.project.store, threading.Event()
    rounds = threading.Thread(target=Rounds(traffic.project.config, store).run, args=(stop,))

    def looked() -> bool:
        release = store.releases("churn")[0].sequence
        return any(look.release == release for look in store.watching.looks("churn"))

    rounds.start()
    came = eventually(looked)
    stop.set()
    rounds.join()

    assert came
