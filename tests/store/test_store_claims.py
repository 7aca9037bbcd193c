"""Who serves from a store: servers hold a claim on it, and asking whether one does holds none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import store_acts

pytestmark = pytest.mark.usefixtures("database")


def test_a_store_knows_whether_a_server_runs_on_it(tmp_path: Path) -> None:
    with store_acts.opened(tmp_path) as store, store_acts.opened(tmp_path) as other:
        before = other.served()
        with store.serving(), store.serving():
            during = other.served()

        assert (before, during, other.served()) == (False, True, False)


def test_asking_whether_a_server_runs_keeps_none_from_starting(
    tmp_path: Path, database: str
) -> None:
    often = 300 if database == "postgres" else 5_000  # a file's lock is held for microseconds
    with store_acts.opened(tmp_path) as store, store_acts.opened(tmp_path) as other:

        def ask() -> None:
            for _ in range(often):
                other.served()

        asking = threading.Thread(target=ask)
        asking.start()
        while asking.is_alive():
            with store.serving():
                pass
        asking.join()
