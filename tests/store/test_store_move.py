"""Moving a store to another database and another place for bundles, and back."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import store_acts
from test_store_crash import act, facts, filled

from servers import Bucket
from twinkeel.errors import Refused, StoreError, UsageError
from twinkeel.store.move import Copied, Place, move
from twinkeel.store.opening import migrated
from twinkeel.store.store import Store


def moved(root: Path, source: Place, target: Place) -> Copied:
    return move(root / ".twinkeel", source, target)


def told(root: Path, at: Place) -> list[object]:
    """Every record of a store, with the contents that its digests name."""
    with Store.open(root, url=at.url, bundles=at.bundles) as store:
        versions = store.versions()
        return [
            versions,
            [store.evaluations(version.ref) for version in versions],
            [store.get_object(version.lineage.learned_digest) for version in versions],
            [sorted(store.open_bundle(version.bundle).manifest.files) for version in versions],
            store.releases(),
            store.keys(),
            store.events.query(),
        ]


def test_a_store_moves_to_postgres_and_s3_and_back_with_identical_digests(
    tmp_path: Path, postgres_url: str, s3: Bucket
) -> None:
    root = filled(tmp_path)
    here, there = Place(), Place(url=postgres_url, bundles=f"{s3.url}/team")
    before = told(root, here)
    catalog = (root / ".twinkeel" / "catalog.db").read_bytes()

    first = moved(root, here, there)

    assert told(root, there) == before == told(root, here)
    assert (root / ".twinkeel" / "catalog.db").read_bytes() == catalog
    assert (first.rows["versions"], first.bundles, first.objects) == (4, 4, 6)
    assert moved(root, here, there) == first  # again changes nothing

    for name in ("cache", "bundles", "objects"):
        shutil.rmtree(root / ".twinkeel" / name)
    (root / ".twinkeel" / "catalog.db").unlink()
    assert moved(root, there, here) == first
    assert told(root, here) == before


def test_what_was_done_since_is_brought_back_too(tmp_path: Path, postgres_url: str) -> None:
    root, there = filled(tmp_path), Place(url=postgres_url)
    moved(root, Place(), there)
    with Store.open(root, url=postgres_url) as store:
        store_acts.version(store, "made there")
        store.release("churn", 5, expected=1, action="release", who="bob")

    moved(root, there, Place())

    assert told(root, Place()) == told(root, there)


def test_a_database_that_holds_other_things_is_refused_and_left(
    tmp_path: Path, postgres_url: str
) -> None:
    root, there = filled(tmp_path / "one"), Place(url=postgres_url)
    with Store.open(tmp_path / "other", url=postgres_url) as store:
        other = store_acts.version(store, "other")

    with pytest.raises(Refused, match=r"holds other things already .*: name an empty database"):
        moved(root, Place(), there)

    with Store.open(tmp_path / "other", url=postgres_url) as store:
        assert store.versions() == [other]


def test_a_catalog_that_is_in_the_way_at_home_is_told_by_its_name(
    tmp_path: Path, postgres_url: str
) -> None:
    root, there = filled(tmp_path), Place(url=postgres_url)
    moved(root, Place(), there)
    with Store.open(root) as store:
        store_acts.version(store, "made at home meanwhile")

    with pytest.raises(Refused, match=r"already .*: move \.twinkeel/catalog\.db away first"):
        moved(root, there, Place())


def test_a_store_that_is_written_to_is_not_moved(tmp_path: Path, postgres_url: str) -> None:
    with Store.open(tmp_path) as store:
        store.events.append(store_acts.call())

        with pytest.raises(Refused, match="A server is writing events into this store: stop it"):
            moved(tmp_path, Place(), Place(url=postgres_url))


@pytest.mark.parametrize("away", [False, True])
def test_a_store_with_an_idle_server_is_not_moved(
    tmp_path: Path, postgres_url: str, away: bool
) -> None:
    at, to = Place(), Place(url=f"{postgres_url}?options=-csearch_path%3Dnew")
    if away:
        at = Place(url=postgres_url)
    (tmp_path / "twinkeel.toml").write_text(
        '[project]\nname = "idle"\n' + (f'[store]\nurl = "{at.url}"\n' if away else "")
    )
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA new")
    command = [sys.executable, "-m", "twinkeel", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "Serving nothing yet" in server.stdout.readline()
        with pytest.raises(Refused, match="A server is running on this store: stop it"):
            moved(tmp_path, at, to)
        server.terminate()

    assert moved(tmp_path, at, to).rows["versions"] == 0


def test_a_server_does_not_start_on_a_store_that_is_being_moved(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, closing(migrated(store.folder, None)) as moving:
        with (
            moving.claim(exclusive=True) as alone,
            pytest.raises(Refused, match="The store is being moved: wait"),
            store.serving(),
        ):
            pass
        assert alone
        with store.serving(), store.serving():  # any number of servers
            pass


def test_a_damaged_object_stops_the_move(tmp_path: Path) -> None:
    root = filled(tmp_path)
    victim = next((root / ".twinkeel" / "objects").glob("??/*"))
    victim.write_bytes(b"damaged")

    with pytest.raises(StoreError, match="is damaged"):
        moved(root, Place(), Place(bundles=f"file://{root}/elsewhere"))


def test_there_must_be_something_to_move(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The store is there already"):
        moved(tmp_path, Place(), Place())


@pytest.mark.parametrize("point", ["remote.written", "move.files", "move.copied"])
def test_a_killed_move_leaves_both_sides_usable_and_can_be_repeated(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv("TWINKEEL_TEST_TARGET", postgres_url)
    root = filled(tmp_path)
    before = facts(root)

    for skip in itertools.count(0, 4):
        killed = act(root, "transfer", point, skip)
        assert facts(root) == before
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        with Store.open(root, url=postgres_url) as store:
            assert store.versions() == []
    there = Place(url=postgres_url, bundles=f"file://{root}/elsewhere")
    assert told(root, there) == told(root, Place())


def test_the_command_line_says_what_to_write(tmp_path: Path, postgres_url: str) -> None:
    root = filled(tmp_path)
    (root / "twinkeel.toml").write_text('[project]\nname = "moved"\n')
    (root / ".env").write_text(f"DATABASE_URL={postgres_url}\n")
    command = [sys.executable, "-m", "twinkeel", "store", "move", "$DATABASE_URL"]

    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert '[store]\nurl = "$DATABASE_URL"\n' in done.stdout
    assert "not-for-eyes" not in done.stdout + done.stderr
    assert told(root, Place(url=postgres_url)) == told(root, Place())
