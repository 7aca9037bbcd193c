"""Bundles and objects at a URL: on the local file system, in memory, and on S3 over HTTP."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
import store_acts

from servers import Bucket
from twinkeel.errors import BundleError, ConfigError, MissingExtra, StoreError
from twinkeel.store.store import Store

PASSWORD = "not-for-eyes"


@pytest.fixture(params=["file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/elsewhere"
    if request.param == "memory":
        return f"memory://{secrets.token_hex(8)}/store"
    return f"{request.getfixturevalue('s3').url}/team/store"


def at(url: str) -> tuple[Any, str]:
    """The file system behind a URL, and the path there."""
    options = {"auto_mkdir": True} if url.startswith("file:") else {}
    return fsspec.core.url_to_fs(url, use_listings_cache=False, **options)


def names(url: str) -> set[str]:
    files, root = at(url)
    return {name[len(root) + 1 :] for name in files.find(root)}


def test_a_version_is_read_on_another_machine_as_it_was_made(tmp_path, url):
    with Store.open(tmp_path / "one", bundles=url) as store:
        made = store_acts.version(store)
        digest = store.put_object(b"evidence")

    shutil.copytree(tmp_path / "one" / ".twinkeel", tmp_path / "two" / ".twinkeel")
    shutil.rmtree(tmp_path / "two" / ".twinkeel" / "cache")
    with Store.open(tmp_path / "two", bundles=url) as store:
        bundle = store.open_bundle(made.bundle)
        assert (bundle.digest, bundle.read("deep/notes.txt")) == (made.bundle, b"hello")
        assert store.get_object(digest) == b"evidence"
    learned = made.lineage.learned_digest
    assert names(url) == {
        *(f"objects/{one[:2]}/{one}" for one in (digest, learned)),
        *(
            f"bundles/{made.bundle}/{name}"
            for name in ("manifest.json", "contract.json", "deep/notes.txt")
        ),
    }


def test_the_digest_is_the_same_wherever_a_bundle_is(tmp_path, url):
    with (
        Store.open(tmp_path / "here") as here,
        Store.open(tmp_path / "there", bundles=url) as there,
    ):
        assert store_acts.bundle(here) == store_acts.bundle(there)


def test_what_is_read_again_comes_from_here(tmp_path, url):
    with Store.open(tmp_path, bundles=url) as store:
        made = store_acts.version(store)
    files, root = at(url)
    files.rm(root, recursive=True)

    with Store.open(tmp_path, bundles=url) as store:
        assert store.open_bundle(made.bundle).read("deep/notes.txt") == b"hello"


def test_a_damaged_copy_here_is_fetched_again(tmp_path, url):
    with Store.open(tmp_path, bundles=url) as store:
        made = store_acts.version(store)
        copy = store.open_bundle(made.bundle).path / "deep" / "notes.txt"
        copy.write_bytes(b"HELLO")

        assert store.open_bundle(made.bundle).read("deep/notes.txt") == b"hello"


CHANGES: dict[str, Callable[[Any, str], None]] = {
    r"deep/notes.txt .* is damaged": lambda files, at: files.pipe_file(
        f"{at}/deep/notes.txt", b"HELLO"
    ),
    r"deep/notes.txt .* is missing": lambda files, at: files.rm_file(f"{at}/deep/notes.txt"),
    "Damaged is the manifest": lambda files, at: files.pipe_file(f"{at}/manifest.json", b"{}"),
    "There is no bundle": lambda files, at: files.rm_file(f"{at}/manifest.json"),
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_what_is_damaged_elsewhere_is_refused_and_repaired_by_a_build(tmp_path, url, sentence):
    with Store.open(tmp_path, bundles=url) as store:
        made = store_acts.version(store)
        files, root = at(url)
        CHANGES[sentence](files, f"{root}/bundles/{made.bundle}")
        shutil.rmtree(tmp_path / ".twinkeel" / "cache")

        with pytest.raises(BundleError, match=sentence):
            store.open_bundle(made.bundle)

        store_acts.version(store)
        shutil.rmtree(tmp_path / ".twinkeel" / "cache")
        assert store.open_bundle(made.bundle).read("deep/notes.txt") == b"hello"


def test_gc_takes_what_nothing_refers_to_and_nothing_else(tmp_path, url):
    with Store.open(tmp_path, bundles=url) as store:
        old = store_acts.version(store, "old")
        new = store_acts.version(store, "new")
        store.put_object(b"an orphan")
        files, root = at(url)
        files.pipe_file(f"{root}/bundles/{'a' * 64}/part.json", b"{}")  # of a killed upload
        first = store.gc(keep_versions=1, grace=3600)
        assert (first.versions, first.bundles) == (("churn@1",), 0)

        collected = store.gc(keep_versions=1, grace=0)

        assert (collected.bundles, collected.objects) == (2, 1)
        assert store.open_bundle(new.bundle)
        assert {name.split("/")[1] for name in names(url) if "bundles" in name} == {new.bundle}
        with pytest.raises(BundleError, match="There is no bundle"):
            store.open_bundle(old.bundle)


def test_a_shared_file_is_fetched_with_its_bundle(tmp_path, url):
    with Store.open(tmp_path, bundles=url) as store:
        shared = store.shared()
        assert shared("big.json", "a key", lambda: b'"shared"') == b'"shared"'
        with store.scratch() as folder:
            info = store.add_bundle(
                store_acts.fill(folder), kind="toy", runtime="json", shared=shared.entries
            )
        shutil.rmtree(tmp_path / ".twinkeel" / "cache")

        assert store.open_bundle(info.digest).read("big.json") == b'"shared"'
        again = store.shared()
        assert again("big.json", "a key", lambda: pytest.fail("made again")) == b'"shared"'


def test_a_server_that_does_not_know_us_is_one_sentence(tmp_path, s3: Bucket):
    with (
        Store.open(tmp_path, bundles=f"{s3.url}-not-there/x") as store,
        pytest.raises(
            StoreError, match=r"The store cannot use s3://test-\w+-not-there/x: "
        ) as said,
    ):
        store.put_object(b"x")
    assert PASSWORD not in str(said.value)
    assert not list((tmp_path / ".twinkeel").rglob(".new-*"))


@pytest.mark.parametrize(
    ("url", "error", "sentence"),
    [
        ("nope://ann:secret@bucket/x", ConfigError, r"cannot be nope://bucket/x: Protocol"),
        ("folder", ConfigError, "bundles is not a URL: expected one such as s3://"),
        ("gs://bucket/x", MissingExtra, r"A store at gs://bucket/x needs"),
    ],
)
def test_what_is_no_place_for_bundles_is_one_sentence(tmp_path, url, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        Store.open(tmp_path, bundles=url)
    assert "secret" not in str(caught.value)
