"""Versions, evaluations, releases, keys and objects, through the store's own door."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import store_acts

from twinkeel.errors import BundleError, Refused, StoreError, UnknownName, UsageError
from twinkeel.records import VersionRef
from twinkeel.store.bundles import BundleInfo

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path):
    with store_acts.opened(tmp_path) as opened:
        yield opened


def test_versions_are_numbered_by_component_and_found_again(store):
    churn = [store_acts.version(store, text) for text in ("a", "b")]
    other = store_acts.version(store, "a", component="other")

    assert [str(made.ref) for made in [*churn, other]] == ["churn@1", "churn@2", "other@1"]
    assert store.version(churn[1].ref) == churn[1]
    assert store.versions() == [*churn, other]
    assert store.latest("churn") == churn[1]
    assert store.latest("nothing") is None
    assert churn[0].bundle == other.bundle


def test_many_threads_never_get_the_same_number(store):
    bundle, lineage = store_acts.bundle(store), store_acts.lineage(store)
    threads = [
        threading.Thread(target=store.add_version, args=("churn", "toy", bundle, lineage))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [version.number for version in store.versions("churn")] == list(range(1, 13))


def test_an_unknown_version_says_which_there_are(store):
    with pytest.raises(UnknownName, match=r"no version churn@3: build it first"):
        store.version(VersionRef(component="churn", number=3))
    store_acts.version(store)

    with pytest.raises(UnknownName, match=r"no version churn@3: its versions are 1\."):
        store.version(VersionRef(component="churn", number=3))


def test_the_newest_evaluation_holds(store):
    made = store_acts.version(store)
    first, second = (store_acts.evaluation(store, made, text) for text in ("[1]", "[2]"))
    assert store.evaluation(made.ref) is None

    store.add_evaluation(first)
    store.add_evaluation(second)

    assert store.evaluation(made.ref) == second
    assert store.evaluations(made.ref) == [second, first]


def test_a_record_may_not_refer_to_what_is_not_stored(store):
    bundle, absent = store_acts.bundle(store), "a" * 64
    with pytest.raises(StoreError, match=r"Bundle .* is not in the store"):
        store.add_version(
            "churn", "toy", BundleInfo(digest=absent, bytes=1), store_acts.lineage(store)
        )
    with pytest.raises(StoreError, match=r"Object .* is not in the store"):
        store.add_version("churn", "toy", bundle, store_acts.lineage(store, learned_digest=absent))

    assert store.versions() == []


def test_releases_follow_each_other_and_the_newest_holds(store):
    for text in "ab":
        store_acts.version(store, text)
    assert (store.current("churn"), store.mark()) == (None, 0)

    first = store.release("churn", 1, expected=None, action="release", who="ann")
    second = store.release("churn", 2, expected=1, action="release", who="bob", override="why")

    assert store.current("churn") == second
    assert (second.previous, second.override, store.mark()) == (1, "why", 2)
    assert store.releases("churn") == [second, first]


@pytest.mark.parametrize("expected", [None, 2])
def test_a_release_on_an_outdated_view_is_refused(store, expected):
    store_acts.version(store)
    store.release("churn", 1, expected=None, action="release", who="ann")

    with pytest.raises(Refused, match="churn@1 is in production now"):
        store.release("churn", 1, expected=expected, action="release", who="bob")
    assert store.mark() == 1


def test_what_is_not_there_cannot_be_released(store):
    with pytest.raises(UnknownName, match="churn@1"):
        store.release("churn", 1, expected=None, action="release", who="ann")


def test_of_two_processes_that_release_at_once_one_wins(tmp_path):
    with store_acts.opened(tmp_path) as store:
        for text in "ab":
            store_acts.version(store, text)
    command = [sys.executable, store_acts.__file__, str(tmp_path), "race", "none"]

    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    (tmp_path / "go").touch()
    won = [[int(word) for word in racer.communicate(timeout=60)[0].split()] for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(won[0] + won[1]) == list(range(1, 41))
    with store_acts.opened(tmp_path) as store:
        assert [one.sequence for one in store.releases("churn")] == list(range(40, 0, -1))


def test_a_key_is_found_by_its_secret_until_it_is_revoked(store, tmp_path):
    secret = store.add_key("web", "operator")
    found = store.find_key(secret)

    assert found is not None
    assert (found.name, found.role, found.revoked) == ("web", "operator", None)
    assert len(secret) >= 43
    assert store.find_key(f"{secret}x") is None
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".twinkeel").glob("catalog*"))
    assert secret.encode() not in kept

    store.revoke_key("web")
    assert store.find_key(secret) is None
    (key,) = store.keys()
    assert key.revoked is not None


@pytest.mark.parametrize(
    ("name", "role", "words"),
    [
        ("web", "caller", "named 'web' exists"),
        ("old", "caller", "named 'old' was revoked at"),
        ("", "caller", "cannot name a key"),
        ("a\nb", "caller", "cannot name a key"),
        ("new", "root", "is not a role: expected one of caller, viewer, operator, admin"),
    ],
)
def test_a_key_that_cannot_be_is_refused(store, name, role, words):
    store.add_key("web", "caller")
    store.add_key("old", "caller")
    store.revoke_key("old")

    with pytest.raises(UsageError, match=words):
        store.add_key(name, role)


def test_revoking_an_unknown_key_says_so(store):
    with pytest.raises(UnknownName, match="no key named 'web'"):
        store.revoke_key("web")


def test_an_object_is_stored_once_and_verified(store, tmp_path):
    digest = store.put_object(b"cases")
    assert store.put_object(b"cases") == digest
    assert store.get_object(digest) == b"cases"
    path = tmp_path / ".twinkeel" / "objects" / digest[:2] / digest
    path.write_bytes(b"casez")

    with pytest.raises(StoreError, match=f"Object {digest} is damaged"):
        store.get_object(digest)
    store.put_object(b"cases")
    assert store.get_object(digest) == b"cases"


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_only_a_digest_becomes_a_path(store, digest):
    with pytest.raises(StoreError, match="is not a digest"):
        store.get_object(digest)
    with pytest.raises(BundleError, match="is not a digest"):
        store.open_bundle(digest)


def test_a_missing_object_is_one_sentence(store):
    with pytest.raises(StoreError, match="is not in the store: restore"):
        store.get_object("0" * 64)


def test_a_damaged_bundle_is_refused_by_name_and_repaired_by_adding_it_again(store, tmp_path):
    info = store_acts.bundle(store)
    path = tmp_path / ".twinkeel" / "bundles" / info.digest / "deep" / "notes.txt"
    path.write_text("hellp")

    with pytest.raises(BundleError, match=r"^deep/notes.txt .* is damaged"):
        store.open_bundle(info.digest)
    assert store_acts.bundle(store) == info
    assert store.open_bundle(info.digest).read("deep/notes.txt") == b"hello"


def test_adding_a_bundle_leaves_the_folder_as_it_was(store, tmp_path):
    folder = store_acts.fill(tmp_path / "mine")
    before = sorted(folder.rglob("*"))

    store.add_bundle(folder, kind="toy", runtime="json")

    assert sorted(folder.rglob("*")) == before


def test_a_build_folder_is_held_alone_kept_on_failure_and_removed_on_success(store):
    def fail_in(folder: Path) -> None:
        (folder / "step").touch()
        with pytest.raises(Refused, match="is running already"), store.building("key"):
            pytest.fail("two builds in one folder")
        with store.building("other"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.building("key") as folder:
        fail_in(folder)
    with store.building("key") as folder:
        assert (folder / "step").exists()
    assert not folder.exists()


@pytest.mark.parametrize("key", ["../x", "", "a/b", ".hidden"])
def test_a_work_key_stays_in_the_work_folder(store, key):
    with pytest.raises(ValueError, match="work key"):
        store.work_folder(key)
