"""What gc removes, and all that it must not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import store_acts
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.errors import StoreError, UnknownName
from twinkeel.records import Lineage, Release, Version, VersionRef
from twinkeel.store import gc
from twinkeel.store.store import Store

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path):
    with store_acts.opened(tmp_path) as opened:
        yield opened


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def judged(store: Store, text: str, **changes: object) -> Version:
    made = store_acts.version(store, text, **changes)
    store.add_evaluation(store_acts.evaluation(store, made, f'["{text}"]'))
    return made


def test_old_versions_go_with_their_files_and_their_numbers_stay_taken(store):
    made = [judged(store, text) for text in "abc"]

    collected = store.gc(keep_versions=1, grace=0)

    assert (collected.versions, collected.bundles) == (("churn@1", "churn@2"), 2)
    assert collected.objects == 2  # their evidence; cases and units are the third's too
    assert collected.bytes > 0
    assert store.versions() == [made[2]]
    assert store.open_bundle(made[2].bundle)
    assert store.evaluation(made[2].ref) is not None
    with pytest.raises(UnknownName, match="churn@1 was removed by gc at 20"):
        store.version(made[0].ref)
    assert store_acts.version(store, "d").number == 4


def test_a_dry_run_says_the_same_and_removes_nothing(store):
    for text in "abc":
        judged(store, text)
    store.events.append(store_acts.call(at="2020-01-01"))
    store.events.move()
    options = {"keep_versions": 1, "events_before": "2021", "grace": 0}

    said = store.gc(**options, dry_run=True)

    assert len(store.versions()) == 3
    assert len(store.events.query()) == 1
    done = store.gc(**options)
    assert (said.versions, said.bundles, said.objects, said.events, said.bytes) == (
        *(done.versions, done.bundles, done.objects, done.events, done.bytes),
    )
    assert (said.dry_run, done.dry_run) == (True, False)


def test_released_versions_and_what_they_depend_on_stay(store):
    base = store_acts.version(store, "base", component="base")
    middle = store_acts.version(store, "m", component="middle", depends_on={"base": str(base.ref)})
    for text in "abc":
        store_acts.version(store, text, depends_on={"middle": str(middle.ref)})
    for component in ("base", "middle"):
        store_acts.version(store, "newer", component=component)
    store.release("churn", 1, expected=None, action="release", who="ann")
    store.release("churn", 3, expected=1, action="release", who="ann")

    store.gc(keep_versions=1, grace=0)

    left = [str(version.ref) for version in store.versions()]
    assert left == ["base@1", "base@2", "churn@1", "churn@3", "middle@1", "middle@2"]
    with pytest.raises(UnknownName, match="removed by gc"):
        store.release("churn", 2, expected=2, action="release", who="ann")


def test_a_bundle_that_two_versions_share_stays_for_the_other(store):
    versions = [store_acts.version(store, "same") for _ in range(2)]

    assert store.gc(keep_versions=1, grace=0).bundles == 0
    assert store.open_bundle(versions[1].bundle)


def test_what_was_stored_or_used_within_the_hour_stays(store, tmp_path):
    bundle, digest = store_acts.bundle(store), store.put_object(b"cases")
    folder = tmp_path / ".twinkeel"
    paths = [folder / "bundles" / bundle.digest, folder / "objects" / digest[:2] / digest]
    assert store.gc().bundles == 0

    for path in paths:
        make_old(path, 4000)
    assert store_acts.bundle(store) == bundle
    assert store.put_object(b"cases") == digest
    assert (store.gc().bundles, store.gc().objects) == (0, 0)

    for path in paths:
        make_old(path, 4000)
    collected = store.gc()
    assert (collected.bundles, collected.objects) == (1, 1)
    assert not any(path.exists() for path in paths)


def test_leftovers_of_killed_processes_are_swept_once_they_are_old(store, tmp_path):
    store_acts.version(store)
    folder = tmp_path / ".twinkeel"
    old = folder / "bundles" / ".new-1"
    young = folder / "bundles" / ".new-2"
    half_gone = folder / "bundles" / ".old-3"
    for path in (old, young, half_gone):
        store_acts.fill(path)
    make_old(old, 4000)

    assert store.gc().leftovers == 2
    assert (old.exists(), young.exists(), half_gone.exists()) == (False, True, False)


def test_work_of_a_build_stays_while_it_runs_and_a_week_after(store, tmp_path):
    locks = {}
    for key in ("running", "recent", "ancient"):
        folder = store_acts.fill(store.work_folder(key))
        locks[key] = folder.with_name(f"{key}.lock")
        locks[key].touch()
    make_old(locks["ancient"], 8 * 86_400)

    with store.building("running"):
        make_old(locks["running"], 8 * 86_400)
        assert store.gc().leftovers == 1
        assert sorted(path.name for path in folder.parent.iterdir()) == [
            *("recent", "recent.lock", "running", "running.lock"),
        ]


def test_events_go_by_their_time_even_those_still_in_the_log(store):
    for at in ("2026-01-01", "2026-02-01", "2026-03-01"):
        store.events.append(store_acts.call(id=at, at=at))

    assert store.gc(events_before="2026-02-01").events == 1
    assert [event.id for event in store.events.query()] == ["2026-03-01", "2026-02-01"]
    assert store.events.find("2026-01-01") is None


def test_damaged_segments_go_with_the_events_of_their_time(store, tmp_path):
    folder = tmp_path / ".twinkeel" / "events"
    folder.mkdir(exist_ok=True)
    for name in ("old", "young"):
        (folder / f"{name}.damaged").write_bytes(b"who knows")
    make_old(folder / "old.damaged", 3600)
    before = gc.written(folder / "young.damaged")

    assert store.gc(events_before=before, dry_run=True).leftovers == 1
    assert store.gc(events_before=before).leftovers == 1
    assert [path.name for path in folder.iterdir()] == ["young.damaged"]
    assert store.gc().leftovers == 0  # no age stated, nothing forgotten


def test_old_evaluations_go_but_those_that_a_release_went_by_stay(store):
    made = store_acts.version(store)
    judged = []
    for number in range(7):
        judged.append(store_acts.evaluation(store, made, f"[{number}]"))
        store.add_evaluation(judged[-1])
        if number == 2:
            store.release("churn", 1, expected=None, action="release", who="ann")
    newest_first = judged[::-1]

    said = store.gc(grace=0, dry_run=True)
    done = store.gc(grace=0)

    assert said.objects == done.objects == 3
    assert store.evaluations(made.ref) == [*newest_first[: gc.KEEP_EVALUATIONS], judged[2]]
    for kept in store.evaluations(made.ref):
        assert store.get_object(kept.evidence_digest)
    with pytest.raises(StoreError):
        store.get_object(judged[0].evidence_digest)


def test_a_record_made_after_its_files_were_swept_is_refused(store):
    bundle, lineage = store_acts.bundle(store), store_acts.lineage(store)
    store.gc(grace=0)

    with pytest.raises(StoreError, match="is not in the store"):
        store.add_version("churn", "toy", bundle, lineage)
    assert store_acts.version(store).number == 1


def version(component: str, number: int, needs: list[tuple[str, int]]) -> Version:
    return Version(
        component=component,
        number=number,
        kind="toy",
        bundle="0" * 64,
        bundle_bytes=0,
        created="",
        lineage=Lineage(
            source="s",
            source_digest="",
            rows=0,
            rows_learned=0,
            learned_digest="",
            options={},
            seed=0,
            split={},
            depends_on={name: f"{name}@{number}" for name, number in needs},
        ),
    )


NAMES = st.tuples(st.sampled_from("abc"), st.integers(1, 5))
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=3), max_size=15)


@given(GRAPHS, st.lists(NAMES, max_size=4), st.integers(0, 3))
def test_nothing_that_is_needed_is_ever_removable(graph, released, keep):
    versions = [version(*name, needs) for name, needs in graph.items()]
    releases = [
        Release(
            sequence=i,
            component=name,
            number=number,
            previous=None,
            action="release",
            at="",
            who="",
        )
        for i, (name, number) in enumerate(released)
    ]

    gone = set(gc.removable(versions, releases, [], keep=keep))

    kept = [one for one in versions if one.ref not in gone]
    for one in kept:
        for text in one.lineage.depends_on.values():
            assert VersionRef.parse(text) not in gone
    for name, number in released:
        assert VersionRef(component=name, number=number) not in gone
    for component in "abc":
        numbers = sorted(one.number for one in versions if one.component == component)
        left = sorted(one.number for one in kept if one.component == component)
        assert left[-keep:] == numbers[-keep:] or keep == 0
