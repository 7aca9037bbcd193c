"""Who may ask, from where, for what: every route has its decision, and it holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any, get_args

import pytest
from server_site import ROW, TOML, Site
from starlette.routing import Route
from starlette.testclient import TestClient

from twinkeel.config import load
from twinkeel.errors import UsageError
from twinkeel.server.app import application, project_service
from twinkeel.server.routes import ROUTES
from twinkeel.server.security import RANK, Access, check_listening, check_path
from twinkeel.server.table import Endpoint
from waiting import eventually

CALL = "/v1/components/toy/call"
ROLES = ("caller", "viewer", "operator", "admin")
Maker = Callable[..., TestClient]


def test_every_route_has_an_authorisation_decision(site: Site) -> None:
    app = application(project_service(site.config, site.store))

    for route in app.router.routes:
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, Endpoint), f"{route.path} goes around the table"
        assert route.endpoint.route in ROUTES
        assert route.endpoint.route.access in get_args(Access)
    assert len(app.router.routes) == len(ROUTES)


def test_what_is_public_is_known_by_name() -> None:
    public = {route.path for route in ROUTES if route.access == "public"}

    assert public == {
        "/",
        "/chat",
        "/try",
        "/monitor",
        "/static/{name}",
        "/healthz",
        "/readyz",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_holds_to_its_decision(site: Site, make_client: Maker, route: Any) -> None:
    secrets = {role: site.store.add_key(role, role) for role in ROLES}
    client = make_client(site)

    def status(headers: dict[str, str]) -> int:
        path = re.sub(r"\{\w+(:path)?\}", "x", route.path)
        return client.request(route.method, path, headers=headers).status_code

    assert (status({}) == 401) == (route.access != "public")
    for role, secret in secrets.items():
        refused = status({"Authorization": f"Bearer {secret}"}) in (401, 403)
        assert refused == (RANK[role] < RANK[route.access]), role


def test_a_key_goes_in_either_header_and_its_name_is_recorded(
    site: Site, make_client: Maker
) -> None:
    secret = site.store.add_key("shop", "caller")
    client = make_client(site)

    bearer = client.post(CALL, json=ROW, headers={"Authorization": f"Bearer {secret}"})
    plain = client.post(CALL, json=ROW, headers={"X-API-Key": secret})

    for reply in (bearer, plain):
        event = site.store.events.find(reply.json()["event"])
        assert event is not None
        assert event.who == "shop"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic wrong"},
        {"Authorization": "Bearer "},
        {"X-API-Key": ""},
    ],
)
def test_a_missing_or_wrong_key_is_401(
    site: Site, make_client: Maker, headers: dict[str, str]
) -> None:
    site.store.add_key("shop", "caller")

    reply = make_client(site).post(CALL, json=ROW, headers=headers)

    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "key" in reply.json()["error"].lower() or "Bearer" in reply.json()["error"]


def test_a_revoked_key_ends_within_seconds(site: Site, make_client: Maker) -> None:
    headers = {"X-API-Key": site.store.add_key("shop", "caller")}
    client = make_client(site)
    assert client.post(CALL, json=ROW, headers=headers).status_code == 200

    site.store.revoke_key("shop")

    assert eventually(lambda: client.post(CALL, json=ROW, headers=headers).status_code == 401)


def test_without_keys_only_this_machine_is_served(site: Site, make_client: Maker) -> None:
    stranger = make_client(site, peer="203.0.113.9")

    assert stranger.post(CALL, json=ROW).status_code == 401
    assert stranger.get("/healthz").status_code == 200
    assert make_client(site).post(CALL, json=ROW).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_listening_elsewhere_needs_a_key(host: str) -> None:
    with pytest.raises(UsageError, match="needs a key") as caught:
        check_listening(host, keys=False, advice="make one")

    assert caught.value.exit_code == 2
    check_listening(host, keys=True, advice="make one")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_none(host: str) -> None:
    check_listening(host, keys=False, advice="make one")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::2]", "[foo", "["]
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    reply = client.post(CALL, json=ROW, headers={"Host": host})

    assert reply.status_code == 403
    assert "allowed_hosts" in reply.json()["error"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:8400", "[::1]:8400", "LOCALHOST"])
def test_our_own_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/v1/components", headers={"Host": host}).status_code == 200


def test_a_wildcard_address_serves_addresses_and_configured_names(
    site: Site, make_client: Maker
) -> None:
    client = make_client(configured(site, '[server]\nallowed_hosts = ["shop"]'), host="0.0.0.0")

    for host, status in (("10.0.0.1:80", 200), ("shop:8400", 200), ("other", 403)):
        assert client.get("/healthz", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:9", "file://", "http://[foo", "[", ""],
)
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    reply = client.post(CALL, json=ROW, headers={"Origin": origin})

    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


def test_the_own_page_and_configured_origins_may_call(site: Site, make_client: Maker) -> None:
    client = make_client(configured(site, '[server]\ncors = ["https://shop.example"]'))
    origin = {"Origin": "https://shop.example"}

    asked = client.options(CALL, headers={**origin, "Access-Control-Request-Method": "POST"})
    reply = client.post(CALL, json=ROW, headers=origin)
    own = client.post(CALL, json=ROW, headers={"Origin": "http://localhost:8400"})

    assert asked.status_code == 204
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert reply.headers["access-control-allow-origin"] == "https://shop.example"
    assert (reply.status_code, own.status_code) == (200, 200)


def test_an_error_reaches_a_configured_page_too(site: Site, make_client: Maker) -> None:
    client = make_client(configured(site, '[server]\ncors = ["https://shop.example"]'))

    reply = client.post(CALL, json={}, headers={"Origin": "https://shop.example"})

    assert reply.status_code == 422
    assert reply.headers["access-control-allow-origin"] == "https://shop.example"


def test_the_answer_to_a_path_that_does_not_exist_is_json(client: TestClient) -> None:
    for method, path, status in (("GET", "/x", 404), ("GET", CALL, 405), ("DELETE", "/", 405)):
        reply = client.request(method, path)
        assert reply.status_code == status
        assert reply.json().keys() == {"error", "request_id"}


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/%252e%252e/app.py", "/..%2fetc",
        "/static/%25252e%25252e%25252fapp.py", "/static/..%5capp.py", "/static\\app.py",
        "/static/%00", "//etc/passwd", "/static//x", "/%2f/etc", "/a/%0d%0aX:1", "/%25" + "25" * 20,
    ],
)  # fmt: skip
def test_paths_that_mean_another_one_are_refused(path: str) -> None:
    from twinkeel.errors import RequestError

    with pytest.raises(RequestError) as caught:
        check_path(path.encode())

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "path", ["/", "/static/try.js", "/v1/components/a%20b", "/v1/a...b/%C3%A4"]
)
def test_plain_paths_pass(path: str) -> None:
    check_path(path.encode())


def configured(site: Site, extra: str) -> Site:
    """The same store under another configuration."""
    Path(site.root / "twinkeel.toml").write_text(TOML + extra)
    other = copy(site)
    other.config = load(site.root)
    return other
