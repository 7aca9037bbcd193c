"""A store that cannot be written: calls are answered, and everybody can see what is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server_site import ROW, Site
from starlette.testclient import TestClient

from twinkeel.errors import StoreError
from twinkeel.lifecycle.serve import Live
from twinkeel.records import Event
from twinkeel.server.app import application, project_service
from twinkeel.store.store import Store
from waiting import PATIENCE, eventually

CALL = "/v1/components/toy/call"


def test_a_read_only_store_answers_and_says_so(
    site: Site, make_client: Callable[..., TestClient]
) -> None:
    site.store.close()
    site.store = Store.open(site.root, read_only=True)
    client = make_client(site)

    answer = client.post(CALL, json=ROW).json()

    assert answer["output"]["total"] == 40
    assert answer["event"] is None
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["degraded"] == ["events are not being recorded"]
    assert "twinkeel_degraded 1" in client.get("/metrics").text


NO_SUCH_ARGUMENT: Any = '2.0, "other": 1.0'
"""In place of a factor: a model that the toy kind fails upon with a TypeError."""


def test_a_load_that_fails_in_an_unknown_way_stops_neither_the_start_nor_the_watch(
    tmp_path: Path, make_client: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path)
    site.release(NO_SUCH_ARGUMENT)
    client = make_client(site)
    before = client.post(CALL, json=ROW)

    site.release(3.0)
    assert eventually(lambda: client.get("/readyz").json()["degraded"] == [])
    site.release(NO_SUCH_ARGUMENT)
    assert eventually(lambda: client.get("/readyz").json()["degraded"] != [])
    after = client.post(CALL, json=ROW)

    assert (before.status_code, "TypeError" in before.text) == (503, False)
    assert after.json()["version"] == "toy@2"
    assert "TypeError" in caplog.text


def test_a_store_that_fails_in_an_unknown_way_is_asked_again(site: Site) -> None:
    events, failed = site.store.events, threading.Event()
    move = events.move

    def fail_once() -> object:
        if not failed.is_set():
            failed.set()
            raise ValueError("a row")
        return move()

    events.move = fail_once  # type: ignore[method-assign,assignment]
    live = Live.of(site.config, site.store)
    live.start()
    assert failed.wait(PATIENCE)
    site.release(3.0)

    assert eventually(lambda: live.find("toy").ref.number == 2)
    live.close()


class FullDisk:
    """An event log whose disk is full until it is not."""

    def __init__(self, log: object) -> None:
        self.full = True
        self._log = log

    def append(self, event: Event) -> None:
        if self.full:
            raise StoreError("The store cannot use the disk: the disk is full.")
        self._log.append(event)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


@pytest.fixture
def full(site: Site) -> tuple[TestClient, FullDisk]:
    disk = FullDisk(site.store.events)
    site.store.events = disk  # type: ignore[assignment]
    app = application(project_service(site.config, site.store))
    client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))
    return client, disk


def test_a_full_disk_recovers_by_itself(full: tuple[TestClient, FullDisk]) -> None:
    client, disk = full
    with client:
        first = client.post(CALL, json=ROW).json()
        degraded = client.get("/readyz").json()["degraded"]
        disk.full = False
        second = client.post(CALL, json=ROW).json()

        assert (first["event"], first["output"]) == (None, second["output"])
        assert degraded != []
        assert client.get(f"/v1/events/{second['event']}").json()["inputs"]["amount"] == 20
        assert client.get("/readyz").json()["degraded"] == []


def test_a_label_that_cannot_be_kept_is_refused(full: tuple[TestClient, FullDisk]) -> None:
    client, disk = full
    with client:
        disk.full = False
        event = client.post(CALL, json=ROW).json()["event"]
        disk.full = True

        reply = client.post(f"/v1/events/{event}/label", json={"value": 1})

        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "1"


def test_infer_without_events_says_nothing_of_them(full: tuple[TestClient, FullDisk]) -> None:
    client, _ = full
    body = {"inputs": [{"name": "amount", "datatype": "FP64", "shape": [1], "data": [1]}]}
    with client:
        reply = client.post("/v2/models/toy/infer", json=body).json()

        assert reply["parameters"] == {}


def test_the_folder_is_left_as_it_was(site: Site, make_client: Callable[..., TestClient]) -> None:
    def names() -> set[Path]:
        return set((site.root / ".twinkeel").rglob("*.log"))

    site.store.close()
    site.store = Store.open(site.root, read_only=True)
    before = names()
    make_client(site).post(CALL, json=ROW)

    assert names() == before
