"""What monitoring remembers: looks, and one open alert for each cause, on every database."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import pytest
import store_acts

from twinkeel.records import Alert, Look, Signal, now
from twinkeel.store import watching
from twinkeel.store.events import sequence_at

pytestmark = pytest.mark.usefixtures("database")
AT = "2026-11-20T12:00:00.000000+00:00"


@pytest.fixture
def store(tmp_path: Path):
    with store_acts.opened(tmp_path) as opened:
        yield opened


def look(component: str = "churn", at: str = AT) -> Look:
    return Look(
        component=component, number=1, release=1, at=at, since=AT, cycle=60.0, cycles=1, calls=0,
        outside=0, labelled=0, unlabelled_share=None, signals=(),
    )  # fmt: skip


def alert(id_: str, cause: str = "input.x", opened: str = AT) -> Alert:
    part, _, name = cause.partition(".")
    signal = Signal(
        part=part, name=name, state="alarm", test="place", n=1, reference_n=1, size=1.0, unit="sd",
        then=0.0, now=1.0, smallest=0.5, level=0.01, p=0.001, sentence="It moved, “so”.",
    )  # fmt: skip
    return Alert(id=id_, component="churn", number=1, cause=cause, opened=opened, signal=signal)


def test_looks_are_found_newest_first_and_only_so_many_are_kept(store, monkeypatch):
    monkeypatch.setattr(watching, "KEPT", 3)
    times = [AT.replace("12:00", f"12:0{k}") for k in range(5)]

    for at in times:
        store.watching.add(look(at=at))
    store.watching.add(look("other"))

    assert [one.at for one in store.watching.looks("churn", limit=9)] == times[:1:-1]
    assert [one.component for one in store.watching.looks("other")] == ["other"]


def test_a_cause_has_one_open_alert_and_can_alarm_again_once_it_was_resolved(store):
    first = store.watching.add(look(), [alert("a"), alert("b", "input.y")])
    again = store.watching.add(look(), [alert("c")])
    ended = msgspec.structs.replace(alert("a"), resolved=AT, why="the signal is quiet again")
    store.watching.add(look(), [], [ended])
    store.watching.sent(msgspec.structs.replace(alert("b", "input.y"), sent=AT))

    later = store.watching.add(look(), [alert("d")])

    assert ([one.id for one in first], again, [one.id for one in later]) == (["a", "b"], [], ["d"])
    opened = {one.id: one.sent for one in store.watching.alerts("churn", only_open=True)}
    assert opened == {"b": AT, "d": None}
    assert {one.id for one in store.watching.alerts()} == {"a", "b", "d"}


def test_of_many_who_raise_one_alarm_at_once_one_opens_an_alert(tmp_path, store):
    new: list[Alert] = []

    def raise_it(k: int) -> None:
        with store_acts.opened(tmp_path) as own:
            new.extend(own.watching.add(look(), [alert(f"id{k}")]))

    threads = [threading.Thread(target=raise_it, args=(k,)) for k in range(4)]
    [one.start() for one in threads]
    [one.join() for one in threads]

    assert len(new) == 1
    assert [one.id for one in store.watching.alerts(only_open=True)] == [new[0].id]
    assert len(store.watching.looks("churn", limit=9)) == 4


def test_calls_are_counted_by_when_they_were_stored_and_by_hour(store):
    store.events.append(store_acts.call(at=AT.replace("12:00", "11:58")))
    time.sleep(0.002)
    stored = now()
    for minute in ("11:59", "12:10", "12:50", "13:01"):
        store.events.append(store_acts.call(at=AT.replace("12:00", minute)))
    store.events.move()

    assert store.watching.calls("churn", after=sequence_at(stored)) == 4
    assert store.watching.calls("other", after=sequence_at(stored)) == 0
    hours = store.watching.hours("churn", since=AT)
    assert hours == {"2026-11-20T12": 2, "2026-11-20T13": 1}
