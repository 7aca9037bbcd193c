"""Releases over HTTP: who may, from where, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from server_site import Site
from starlette.testclient import TestClient

from twinkeel.server.app import application
from twinkeel.server.packaged import packaged_service
from waiting import eventually

RELEASE, ROLLBACK, REBUILD, TRIAL, STOP = (
    f"/v1/components/toy/{verb}"
    for verb in ("release", "rollback", "rebuild", "trial", "trial/stop")
)
SHADOW = {"version": 1, "mode": "shadow", "share": 0.5}


@pytest.fixture
def two(site: Site) -> Site:
    """Version 1, then version 2 in production."""
    site.release(3.0)
    return site


def test_an_operators_rollback_is_recorded_under_its_key(
    two: Site, make_client: Callable[..., TestClient]
) -> None:
    key = two.store.add_key("anna", "operator")

    reply = make_client(two).post(ROLLBACK, json={"instead_of": 2}, headers={"X-API-Key": key})

    assert (reply.status_code, reply.json()["number"]) == (200, 1)
    assert (two.store.releases("toy")[0].who, two.store.releases("toy")[0].action) == (
        "anna",
        "rollback",
    )


@pytest.mark.parametrize("role", ["caller", "viewer"])
def test_a_lesser_key_may_not(two: Site, make_client: Callable[..., TestClient], role: str) -> None:
    key = two.store.add_key("web", role)  # type: ignore[arg-type]  # a role, by the line above

    for path in (RELEASE, ROLLBACK, REBUILD, TRIAL, STOP):
        reply = make_client(two).post(path, json={}, headers={"X-API-Key": key})
        assert reply.status_code == 403
        assert "this needs operator or more" in reply.json()["error"]
    assert len(two.store.releases("toy")) == 2


def test_a_trial_begins_and_ends_under_the_name_of_its_key(
    two: Site, make_client: Callable[..., TestClient]
) -> None:
    key = {"X-API-Key": two.store.add_key("anna", "operator")}
    client = make_client(two)

    plain = client.post(TRIAL, json=SHADOW, headers=key)
    begun = client.post(TRIAL, json={**SHADOW, "override": "to see it"}, headers=key)
    again = client.post(TRIAL, json={**SHADOW, "override": "to see it"}, headers=key)
    ended = client.post(STOP, json={"why": "seen enough"}, headers=key)

    assert (plain.status_code, again.status_code) == (409, 409)
    said = begun.json()
    assert (said["who"], said["against"], said["share"]) == ("anna", 2, 0.5)
    assert (ended.json()["state"], ended.json()["why"]) == ("stopped", "seen enough (by anna)")
    assert two.store.trials.running("toy") is None
    assert client.post(STOP, json={"why": "again"}, headers=key).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (TRIAL, {"version": 1}, "missing required field `mode`"),
        (TRIAL, {**SHADOW, "mode": "silent"}, "Invalid enum value 'silent' - at `$.mode`"),
        (TRIAL, {**SHADOW, "percent": 5}, "There is no 'percent' here"),
        (STOP, {}, "stopping a trial needs a reason"),
    ],
)
def test_a_trial_that_is_not_understood_is_one_sentence(
    two: Site, client: TestClient, path: str, body: dict[str, object], said: str
) -> None:
    reply = client.post(path, json=body)

    assert reply.status_code == 422
    assert said in reply.json()["error"]


def test_no_trial_begins_where_production_has_changed_meanwhile(
    two: Site, client: TestClient
) -> None:
    reply = client.post(TRIAL, json={**SHADOW, "override": "so", "instead_of": 1})

    assert reply.status_code == 409
    assert two.store.trials.running("toy") is None


def test_what_was_not_judged_needs_a_reason(two: Site, client: TestClient) -> None:
    plain = client.post(RELEASE, json={"version": 1})
    empty = client.post(RELEASE, json={"version": 1, "override": " "})
    given = client.post(RELEASE, json={"version": 1, "override": "2 is wrong"})

    assert (plain.status_code, empty.status_code, given.status_code) == (409, 409, 200)
    assert "has not been evaluated" in plain.json()["error"]
    assert given.json()["override"] == "2 is wrong"


def test_nothing_happens_where_production_has_changed_meanwhile(
    two: Site, client: TestClient
) -> None:
    reply = client.post(RELEASE, json={"version": 1, "override": "so", "instead_of": 1})

    assert (reply.status_code, reply.json()["error"]) == (
        409,
        "Production has changed meanwhile: it is toy@2 now. Look again.",
    )
    assert len(two.store.releases("toy")) == 2


@pytest.mark.parametrize(
    "body", [{}, {"version": "2"}, {"version": True}, {"version": 1, "force": True}]
)
def test_a_wrong_body_is_one_sentence(client: TestClient, body: dict[str, object]) -> None:
    reply = client.post(RELEASE, json=body)

    assert reply.status_code == 422
    assert "send" in reply.json()["error"].lower()


def test_an_unknown_version_or_component_is_said(client: TestClient) -> None:
    assert client.post(RELEASE, json={"version": 9}).status_code == 404
    assert client.post("/v1/components/none/rollback", json={}).status_code == 404
    assert client.get("/v1/monitor/none").status_code == 404


def test_a_page_that_may_call_may_not_release(
    tmp_path: Path, make_client: Callable[..., TestClient]
) -> None:
    site = Site(tmp_path, '[server]\ncors = ["https://shop.example"]\n')
    site.release(2.0)
    client = make_client(site)
    foreign = {"Origin": "https://shop.example"}

    assert client.get("/v1/components", headers=foreign).status_code == 200
    assert client.post(ROLLBACK, json={}, headers=foreign).status_code == 403
    own = client.post(ROLLBACK, json={}, headers={"Origin": "http://localhost:8400"})
    assert own.status_code == 409  # heard, and there is nothing to go back to
    site.store.close()


def test_a_form_of_another_page_is_not_heard(client: TestClient) -> None:
    reply = client.post(ROLLBACK, content="{}", headers={"Content-Type": "text/plain"})

    assert reply.status_code == 415


def test_what_is_seen_of_production(two: Site, client: TestClient) -> None:
    index = client.get("/v1/monitor").json()
    seen = client.get("/v1/monitor/toy").json()

    assert index["you"] == {"name": "local", "role": "admin", "changes": True}
    assert [one["state"] for one in index["components"]] == ["cannot judge"]
    assert [one["number"] for one in seen["versions"]] == [2, 1]
    assert (seen["serving"], seen["glance"]["production"]) == ("toy@2", 2)


def test_one_rebuild_runs_at_a_time_and_its_failure_is_a_sentence(
    site: Site, client: TestClient
) -> None:
    begun = client.post(REBUILD, json={"dry_run": True})
    again = client.post(REBUILD, json={})

    assert (begun.status_code, begun.json()["state"], begun.json()["who"]) == (
        202,
        "running",
        "local",
    )
    assert (again.status_code, again.json()["error"]) == (
        409,
        "toy is being rebuilt: wait until that has ended.",
    )
    assert eventually(lambda: _rebuild(client)["state"] == "failed")
    assert "toy" in _rebuild(client)["error"]  # a kind that the new process does not know


def test_a_rebuild_ends_with_the_server(site: Site, make_client: Callable[..., TestClient]) -> None:
    client = make_client(site)
    client.post(REBUILD, json={})

    client.__exit__(None, None, None)

    jobs = client.app.service.rebuilds  # type: ignore[attr-defined]  # the gateway's
    assert jobs.newest("toy").state == "failed"


def test_what_to_rebuild_must_be_there(client: TestClient) -> None:
    assert client.post("/v1/components/none/rebuild", json={}).status_code == 404
    assert client.post(REBUILD, json={"dry_run": "yes"}).status_code == 422


def _rebuild(client: TestClient) -> dict[str, str]:
    found: dict[str, str] = client.get("/v1/monitor/toy").json()["rebuild"]
    return found


def test_a_packaged_version_is_changed_where_it_was_made(two: Site, tmp_path: Path) -> None:
    from twinkeel.lifecycle.package import package

    version = two.store.version(two.store.versions("toy")[0].ref)
    folder = package(two.config, two.store, version, tmp_path / "packaged")
    service = packaged_service(folder, folder, {})

    with TestClient(
        application(service), base_url="http://localhost", client=("127.0.0.1", 1)
    ) as client:
        reply = client.get("/v1/monitor")

    assert reply.status_code == 404
    assert "where it was made" in reply.json()["error"]
