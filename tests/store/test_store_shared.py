"""Files that bundles share: made once, verified always, kept while a bundle refers to them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import store_acts

from twinkeel.errors import BundleError
from twinkeel.store.bundles import open_bundle
from twinkeel.store.objects import Objects
from twinkeel.store.store import Store

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path):
    with store_acts.opened(tmp_path) as opened:
        yield opened


def sharing(store: Store, *parts: str, component: str = "help"):
    """A version whose bundle shares one file for each of the parts."""
    shared = store.shared()
    for part in parts:
        shared(f"{part}.json", f"key of {part}", lambda part=part: f'"{part}"'.encode())
    with store.scratch() as folder:
        sealed = store.add_bundle(
            store_acts.fill(folder), kind="toy", runtime="json", shared=shared.entries
        )
    return store.add_version(component, "toy", sealed, store_acts.lineage(store))


def stored(store: Store, version, name: str) -> Path:
    digest = store.open_bundle(version.bundle).manifest.shared[name].sha256
    return store.folder / "objects" / digest[:2] / digest


def test_what_one_build_made_another_finds(store):
    first = sharing(store, "a", "b")

    second = store.shared()
    again = second("other.json", "key of a", lambda: pytest.fail("it was made again"))

    assert again == b'"a"'
    assert store.open_bundle(first.bundle).read("a.json") == b'"a"'
    assert second.entries["other.json"].bytes == 3


def test_an_array_is_read_where_it_is(store):
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype=np.float32).reshape(3, 2))
    shared = store.shared()
    shared.add("vectors.npy", "key", file.getvalue())
    with store.scratch() as folder:
        np.save(store_acts.fill(folder) / "own.npy", np.ones(4))
        sealed = store.add_bundle(folder, kind="toy", runtime="npy", shared=shared.entries)

    bundle = store.open_bundle(sealed.digest)

    assert bundle.mapped("vectors.npy").tolist() == [[0, 1], [2, 3], [4, 5]]
    assert bundle.mapped("own.npy").tolist() == [1, 1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        bundle.mapped("own.npy")[0] = 2
    with pytest.raises(BundleError, match="holds no file"):
        bundle.mapped("gone.npy")


def test_a_bundle_counts_and_verifies_what_it_shares(store):
    version = sharing(store, "a")
    stored(store, version, "a.json").write_bytes(b'"x"')

    with pytest.raises(BundleError, match=r"a.json in the bundle at .* is shared: .* damaged"):
        store.open_bundle(version.bundle)

    assert version.bundle_bytes == sharing(store).bundle_bytes + 3


def test_a_damaged_shared_file_is_made_again(store):
    version = sharing(store, "a")
    stored(store, version, "a.json").write_bytes(b'"x"')

    sharing(store, "a")

    assert store.open_bundle(version.bundle).read("a.json") == b'"a"'


def test_a_shared_file_may_be_no_code(store):
    shared = store.shared()
    shared.add("part.json", "key", b"\x80\x04.")
    with store.scratch() as folder:
        sealed = store.add_bundle(folder, kind="toy", runtime="json", shared=shared.entries)

    with pytest.raises(BundleError, match=r"part.json .* is a pickle"):
        store.open_bundle(sealed.digest)


def test_what_is_not_stored_cannot_be_referred_to(store):
    shared = store.shared()
    shared.add("part.json", "key", b"1")
    for path in (store.folder / "objects").glob("??/*"):
        path.unlink()

    with store.scratch() as folder, pytest.raises(BundleError, match=r"part.json is not in the"):
        store.add_bundle(folder, kind="toy", runtime="json", shared=shared.entries)


def test_gc_keeps_what_any_kept_bundle_refers_to(store):
    old, new = sharing(store, "a", "b"), sharing(store, "b", "c")
    gone, both = stored(store, old, "a.json"), stored(store, old, "b.json")

    store.gc(keep_versions=1, grace=0)

    assert not gone.exists()
    assert both.exists()
    assert store.open_bundle(new.bundle).read("c.json") == b'"c"'
    keys = [path.read_text() for path in (store.folder / "made").glob("??/*")]
    assert sorted(keys) == sorted([both.name, stored(store, new, "c.json").name])


def test_gc_removes_no_object_while_a_bundle_cannot_say_what_it_needs(store):
    version = sharing(store, "a")
    part = stored(store, version, "a.json")
    (store.folder / "bundles" / version.bundle / "manifest.json").write_text("{")

    store.gc(grace=0)

    assert part.exists()


def test_a_forgotten_key_costs_work_and_nothing_else(store):
    sharing(store, "a")
    for path in (store.folder / "made").glob("??/*"):
        path.write_text("torn")

    shared = store.shared()

    assert shared.find("a.json", "key of a") is None
    assert shared("a.json", "key of a", lambda: b'"a"') == b'"a"'
    assert shared.find("a.json", "key of a") == b'"a"'


def test_a_copy_with_its_objects_opens_elsewhere(store, tmp_path):
    bundle = store.open_bundle(sharing(store, "a").bundle)
    objects = Objects(tmp_path / "copied")
    objects.put(bundle.read("a.json"))

    elsewhere = open_bundle(bundle.path, digest=bundle.digest, objects=objects)

    assert elsewhere.read("a.json") == b'"a"'
    with pytest.raises(BundleError, match="no folder of objects"):
        open_bundle(bundle.path)
