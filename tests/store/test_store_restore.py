"""A backup that is restored gives the same records, under the same digests."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_store_crash import filled
from test_store_move import moved, told

from servers import PostgresServer, program, without
from twinkeel.store.move import Place
from twinkeel.store.store import Store


@pytest.fixture
def another_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a second empty database."""
    name = f"restored_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tool(name: str) -> str:
    found = program(name)
    return found or without(name, "apt install postgresql-client")


def test_a_dump_of_the_database_and_the_bundles_restore_with_identical_digests(
    tmp_path: Path, postgres_url: str, another_url: str
) -> None:
    root, bundles = filled(tmp_path / "project"), tmp_path / "team"
    used = Place(url=postgres_url, bundles=f"file://{bundles}")
    moved(root, Place(), used)
    with Store.open(root, url=used.url, bundles=used.bundles) as store:
        store.events.move()
    before = told(root, used)

    dump, copy = tmp_path / "catalog.dump", tmp_path / "copied"
    dumping = [tool("pg_dump"), "--format=custom", f"--file={dump}", postgres_url]
    subprocess.run(dumping, check=True, capture_output=True)
    shutil.copytree(bundles, copy)
    subprocess.run(
        [tool("pg_restore"), "--exit-on-error", f"--dbname={another_url}", dump],
        check=True,
        capture_output=True,
    )
    shutil.rmtree(bundles)

    elsewhere = tmp_path / "machine"
    elsewhere.mkdir()
    assert told(elsewhere, Place(url=another_url, bundles=f"file://{copy}")) == before


def test_a_copied_folder_restores_with_identical_digests(tmp_path: Path) -> None:
    root, elsewhere = filled(tmp_path / "project"), tmp_path / "machine"
    before = told(root, Place())

    shutil.copytree(root / ".twinkeel", elsewhere / ".twinkeel")
    shutil.rmtree(root)

    assert told(elsewhere, Place()) == before
