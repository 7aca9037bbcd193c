"""A server whose store is elsewhere, and which goes on while the store does not answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from server_site import ROW, Site
from starlette.testclient import TestClient

from servers import Bucket, PostgresServer
from twinkeel.store.store import Store
from waiting import eventually

CALL = "/v1/components/toy/call"


def test_a_database_that_goes_away_stops_no_call_and_loses_no_event(
    tmp_path: Path,
    postgres_url: str,
    postgres_server: PostgresServer,
    make_client: Callable[..., TestClient],
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(tmp_path, url=postgres_url)
    site.release(2.0)
    key = {"Authorization": f"Bearer {site.store.add_key('web', 'caller')}"}
    client = make_client(site)
    assert client.post(CALL, json=ROW, headers=key).status_code == 200

    postgres_server.stop()
    try:
        assert eventually(
            lambda: client.get("/readyz").json()["degraded"] == ["the store does not answer"]
        )
        answers = [client.post(CALL, json=ROW, headers=key).json() for _ in range(3)]
        stranger = client.post(CALL, json=ROW, headers={"X-API-Key": "twk_unknown"})
    finally:
        postgres_server.start()

    assert [answer["output"]["total"] for answer in answers] == [40, 40, 40]
    (told,) = [line for line in caplog.messages if "what is loaded keeps answering" in line]
    assert ".;" not in told
    assert stranger.status_code == 503  # who cannot be asked about is not let in
    assert eventually(lambda: client.get("/readyz").json()["degraded"] == [])
    ids = {answer["event"] for answer in answers}
    site.store.events.move()
    with Store.open(tmp_path / "elsewhere", url=postgres_url) as store:
        assert ids <= {event.id for event in store.events.query()}


def test_a_release_is_served_from_an_object_store(
    tmp_path: Path, s3: Bucket, make_client: Callable[..., TestClient]
) -> None:
    site = Site(tmp_path, bundles=f"{s3.url}/team")
    site.release(2.0)
    site.store.close()
    shutil.rmtree(tmp_path / ".twinkeel" / "cache")

    site.store = Store.open(tmp_path, bundles=f"{s3.url}/team")
    client = make_client(site)

    assert client.post(CALL, json=ROW).json()["output"]["total"] == 40
    site.release(3.0)
    assert eventually(lambda: client.post(CALL, json=ROW).json()["output"]["total"] == 60)
