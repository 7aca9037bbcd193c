"""The event log: nothing acknowledged is lost, nothing damaged is believed, order holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import store_acts
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.errors import StoreError
from twinkeel.records import Event
from twinkeel.store import events, points, segments
from twinkeel.store.store import Store
from waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path):
    with store_acts.opened(tmp_path) as opened:
        yield opened


def logs(root: Path, suffix: str = ".log") -> list[Path]:
    return sorted((root / ".twinkeel" / "events").glob(f"*{suffix}"))


def add(store: Store, count: int, **changes: object) -> list[Event]:
    made = [store_acts.call(**changes) for _ in range(count)]
    for event in made:
        store.events.append(event)
    return made


@pytest.mark.parametrize("moved", [False, True])
def test_an_event_is_found_by_id_before_and_after_it_is_moved(store, moved):
    (event,) = add(store, 1, inputs={"text": "grüße\n", "n": 1.5}, output={"p": 0.25}, ms=0.4)
    if moved:
        assert store.events.move() == events.Moved(events=1, segments=1)

    assert store.events.find(event.id) == event
    assert store.events.find(events.new_id()) is None


@pytest.mark.parametrize("moved", range(6))
def test_a_query_sees_both_homes_newest_first(store, moved):
    first = store_acts.call(at="2026-01-01")
    made = [
        first,
        store_acts.call(at="2026-01-01"),
        store_acts.call(component="other", at="2026-01-02"),
        store_acts.call(kind="feedback", about=first.id, at="2026-01-03"),
        store_acts.call(kind="label", about=first.id, at="2026-01-04"),
    ]
    for count, event in enumerate(made):
        if count == moved:
            store.events.move()
        store.events.append(event)

    query = store.events.query
    assert query() == made[::-1]
    assert query(component="other") == [made[2]]
    assert query(kind="feedback") == [made[3]]
    assert query(about=first.id) == [made[4], made[3]]
    assert query(since="2026-01-02") == [made[4], made[3], made[2]]
    assert query(limit=2) == [made[4], made[3]]


def test_order_is_that_of_appending_in_both_homes(store):
    first = add(store, 3)
    store.events.move()
    second = add(store, 3)

    assert store.events.query() == [*reversed(second), *reversed(first)]
    store.events.move()
    assert store.events.query(limit=4) == [*reversed(second), first[2]]


def test_order_holds_when_the_clock_has_gone_back(tmp_path):
    with store_acts.opened(tmp_path) as store:
        (early,) = add(store, 1, id="early")
    (path,) = logs(tmp_path)
    record = segments.parse(path.read_bytes()).records[0]
    path.write_bytes(segments.line(record.sequence + (3_600_000 << 16), record.data))

    with store_acts.opened(tmp_path) as store:
        (late,) = add(store, 1, id="late")
        assert store.events.query() == [late, early]
        store.events.move()
        (later,) = add(store, 1, id="later")
        assert store.events.query() == [later, late, early]


def test_ids_are_distinct_and_sort_by_time_across_threads():
    made: list[list[str]] = [[] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda own=own: own.extend(events.new_id() for _ in range(2000)))
        for own in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(own == sorted(own) for own in made)
    together = {id_ for own in made for id_ in own}
    assert len(together) == 8000
    assert all(len(id_) == 32 and set(id_) <= set("0123456789abcdef") for id_ in together)


def test_moving_twice_stores_an_event_once(store, tmp_path):
    made = add(store, 3)
    store.events.flush()
    (path,) = logs(tmp_path)
    data = path.read_bytes()
    store.events.move()
    path.with_name("again.log").write_bytes(data)

    assert store.events.move().events == 3
    assert store.events.query() == made[::-1]


def test_a_torn_tail_is_cut_to_the_last_good_record_and_told(store, tmp_path, caplog):
    made = add(store, 3)
    store.events.close()
    (path,) = logs(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])

    assert store.events.query() == made[1::-1]
    moved = store.events.move()

    assert (moved.events, moved.damaged) == (2, 0)
    assert moved.torn_bytes > 0
    assert "were not finished" in caplog.text
    assert logs(tmp_path) == []


def test_damage_inside_costs_one_record_and_the_segment_is_kept(store, tmp_path, caplog):
    made = add(store, 3)
    store.events.close()
    (path,) = logs(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    assert store.events.move() == events.Moved(events=2, segments=1, damaged=1)
    assert store.events.query() == [made[2], made[0]]
    assert [path.read_bytes() for path in logs(tmp_path, ".damaged")] == [bytes(data)]
    assert "1 records are damaged" in caplog.text


RECORDS = st.lists(
    st.tuples(
        st.integers(0, 2**63 - 1), st.binary(max_size=40).map(lambda data: data.hex().encode())
    )
)


@given(RECORDS, st.integers(0, 10_000))
def test_whatever_is_cut_off_the_rest_is_read(records, cut):
    data = b"".join(segments.line(*record) for record in records)
    kept = data[: cut % (len(data) + 1)]

    contents = segments.parse(kept)

    assert [tuple(record) for record in contents.records] == records[: kept.count(b"\n")]
    assert contents.torn == len(kept) - (kept.rfind(b"\n") + 1)
    assert contents.damaged == 0


@given(RECORDS.filter(bool), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_never_taken_for_a_record(records, position, change):
    data = bytearray(b"".join(segments.line(*record) for record in records))
    data[position % len(data)] ^= change

    contents = segments.parse(bytes(data))

    assert len(contents.records) >= len(records) - 2
    assert {tuple(record) for record in contents.records} <= set(records)
    assert contents.damaged or contents.torn


def test_a_live_process_keeps_its_segment_and_a_dead_one_leaves_it(store, tmp_path):
    acknowledged: list[str] = []
    for _ in range(3):
        command = [sys.executable, store_acts.__file__, str(tmp_path), "hold", "none"]
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None
        seen = [holder.stdout.readline().strip() for _ in range(200)]
        assert store.events.move().segments == 0
        assert store.events.find(seen[-1]) is not None
        os.kill(holder.pid, signal.SIGKILL)
        # A last line without its end was not acknowledged.
        rest = holder.stdout.read()
        holder.stdout.close()
        assert holder.wait(60) == -signal.SIGKILL
        acknowledged += seen + rest[: rest.rfind("\n") + 1].split()
        assert store.events.move().segments == 1

    there = {event.id for event in store.events.query(limit=10**9)}
    assert len(acknowledged) >= 600
    assert set(acknowledged) <= there
    assert logs(tmp_path) == []


def test_threads_that_append_while_others_move_lose_nothing(store, monkeypatch):
    monkeypatch.setattr(events, "SEGMENT_BYTES", 20_000)  # many rotations
    made: list[list[Event]] = [[] for _ in range(3)]
    threads = [
        threading.Thread(target=lambda own=own: own.extend(add(store, 1500))) for own in made
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        store.events.move()
    store.events.move()

    there = {event.id for event in store.events.query(limit=10**9)}
    assert there == {event.id for own in made for event in own}


def test_a_full_segment_gives_way_to_the_next(store, tmp_path):
    made = add(store, 5, who="x" * (events.SEGMENT_BYTES // 4))

    assert len(logs(tmp_path)) == 2
    assert store.events.find(made[0].id) == made[0]
    assert store.events.find(made[4].id) == made[4]
    assert store.events.move() == events.Moved(events=5, segments=2)


def test_events_are_synced_without_anybody_asking(store):
    synced = threading.Event()
    points.observe(lambda name: synced.set() if name == "event.synced" else None)
    try:
        started = time.monotonic()
        add(store, 1)
        assert synced.wait(PATIENCE)
        assert time.monotonic() - started >= events.WINDOW / 2  # in groups, not each
    finally:
        points.observe(None)


def test_a_store_that_logged_nothing_leaves_no_segment(tmp_path):
    with store_acts.opened(tmp_path) as store:
        store.events.flush()
        store.events.move()

    assert not (tmp_path / ".twinkeel" / "events").exists()


def test_an_event_folder_that_cannot_be_is_one_sentence(store, tmp_path):
    (tmp_path / ".twinkeel" / "events").write_text("in the way")

    with pytest.raises(StoreError, match=r"The store cannot use .*events"):
        add(store, 1)
