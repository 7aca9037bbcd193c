"""A project with the toy kind in its store, and its application in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_site import TOY, Site
from starlette.testclient import TestClient

from twinkeel import plugins
from twinkeel.server.app import application, project_service


@pytest.fixture(autouse=True, scope="module")
def toy_kind() -> Iterator[None]:
    """The toy kind is installed, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOY)
        forget_kinds()
        yield
    forget_kinds()


def forget_kinds() -> None:
    plugins._registered.cache_clear()
    plugins.kind.cache_clear()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    made.release(2.0)
    yield made
    made.store.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., TestClient]]:
    """`make_client(site)`: the application in this process, called as from loopback."""
    opened: list[TestClient] = []

    def make(site: Site, *, host: str = "127.0.0.1", peer: str = "127.0.0.1") -> TestClient:
        app = application(project_service(site.config, site.store, host=host))
        client = TestClient(
            app,
            base_url="http://localhost:8400",
            client=(peer, 50_000),
            raise_server_exceptions=False,
        )
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(site: Site, make_client: Callable[..., TestClient]) -> TestClient:
    return make_client(site)
