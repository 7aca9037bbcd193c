"""The store's tests run on every database that can hold its catalog."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from store_acts import BUNDLES, DATABASE


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where `store_acts.opened` has its catalogs, in this process and its children."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgres":
            patch.setenv(DATABASE, request.getfixturevalue("postgres_server").url())
        yield request.param


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles and objects are outside the store's folder."""
    monkeypatch.setenv(BUNDLES, "1")
