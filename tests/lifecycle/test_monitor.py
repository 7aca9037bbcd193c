"""Monitoring: what a look finds in the calls of a release, and the alerts that stay open."""

from __future__ import annotations

import csv
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from telecom import churn_lines, write_project
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import monitor
from twinkeel.lifecycle.rounds import Rounds
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.records import Event, Look, Signal, now
from twinkeel.server.app import application, project_service
from twinkeel.store.bundles import BundleInfo
from twinkeel.store.events import new_id
from waiting import eventually

DAY = 86_400.0
Row = dict[str, Any]
Change = Callable[[Row], Row]


def same(row: Row) -> Row:
    return row


class Traffic:
    """A project with a released version, and calls as production would have recorded them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.rows = list(csv.DictReader(churn_lines(4_000)))
        self.model = load(project.store, project.version("churn"))
        self.chance = random.Random(0)
        self.begin()

    def begin(self) -> None:
        """Release anew: what was seen before belongs to another release."""
        store, first = self.project.store, self.project.version("churn@1")
        bundle = BundleInfo(digest=first.bundle, bytes=first.bundle_bytes)
        made = store.add_version("churn", first.kind, bundle, first.lineage)
        judged = store.evaluation(first.ref)
        assert judged is not None
        store.add_evaluation(msgspec.structs.replace(judged, number=made.number))
        release = self.project.release(str(made.ref), override="for this test")
        self.since, self.number = release.at, release.number

    def day(self, day: float, n: int = 400, change: Change = same, label: str = "") -> None:
        """`n` calls over one day since the release; `label`: true, wrong or none."""
        drawn = self.chance.choices(self.rows, k=n)
        rows = [change({k: v for k, v in row.items() if k != "Churn"}) for row in drawn]
        for i, (row, output) in enumerate(zip(rows, self.model.call(rows), strict=True)):
            event = Event(
                id=new_id(),
                kind="call",
                component="churn",
                number=self.number,
                at=shifted(self.since, (day + (i + 0.5) / n) * DAY),
                ms=2 + self.chance.random(),
                inputs={k: v for k, v in row.items() if k not in ("customerID", "gender")},
                output=output.values,
            )
            self.project.store.events.append(event)
            if label:
                turned = {"Yes": "No", "No": "Yes"}
                truth = drawn[i]["Churn"]
                self.label(event, truth if label == "true" else turned[truth])

    def label(self, about: Event, value: str, who: str | None = None) -> None:
        self.project.store.events.append(
            Event(
                id=new_id(),
                kind="label",
                component="churn",
                number=self.number,
                at=about.at,
                about=about.id,
                who=who,
                output={"value": value},
            )
        )

    def look(self, days: float) -> Look:
        """A look at so many days since the release."""
        at = shifted(self.since, days * DAY)
        return monitor(self.project.config, self.project.store, "churn", at=at)[0]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project.open(write_project(tmp_path_factory.mktemp("watched"), rows=2_500))
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()


@pytest.fixture
def traffic(released: Project) -> Traffic:
    return Traffic(released)


def alarms(look: Look) -> dict[str, Signal]:
    return {signal.cause: signal for signal in look.signals if signal.state == "alarm"}


def test_calls_like_the_cases_are_quiet_and_say_what_would_have_been_seen(
    traffic: Traffic,
) -> None:
    for day in range(4):
        traffic.day(day)

    look = traffic.look(4.1)

    assert (look.state, look.calls, look.cycles) == ("quiet", 1_600, 4)
    tenure = next(one for one in look.signals if one.cause == "input.tenure")
    assert tenure.smallest is not None
    assert 0.1 <= tenure.smallest < 0.6


def test_a_shift_is_told_with_size_time_columns_and_slices(traffic: Traffic) -> None:
    def change(row: Row) -> Row:
        return row | {"tenure": "1"} if row["Contract"] == "One year" else row

    traffic.day(0, 800)
    traffic.day(1, 800, change)

    found = alarms(traffic.look(2.1))["input.tenure"]

    assert found.size is not None
    assert found.size < -0.3
    assert found.since is not None
    assert abs(float(found.since[8:10]) - float(shifted(traffic.since, DAY)[8:10])) <= 1
    assert found.slices[0].name == "Contract=One year"
    assert found.effect is not None
    assert found.effect > 0


def test_inputs_that_no_longer_go_together_are_told_by_their_pair(traffic: Traffic) -> None:
    drawn = [row["tenure"] for row in traffic.rows]
    traffic.day(0, 900)
    traffic.day(1, 900, lambda row: row | {"tenure": traffic.chance.choice(drawn)})

    look = traffic.look(2.1)

    found = alarms(look)
    assert "input.tenure" not in found
    assert "tenure" in found["input.together"].sentence
    assert found["input.together"].unit == "correlation"


def test_one_alert_is_open_for_a_cause_until_it_is_gone(traffic: Traffic) -> None:
    store = traffic.project.store
    traffic.day(0, 600, lambda row: row | {"MonthlyCharges": None})

    first, second = traffic.look(1.1), traffic.look(1.2)
    opened = store.watching.alerts("churn", only_open=True)
    traffic.begin()
    traffic.day(0, 600)
    traffic.look(1.1)

    assert alarms(first)["input.MonthlyCharges"].test == "missing"
    assert alarms(second).keys() == alarms(first).keys()
    assert sorted(one.cause for one in opened) == sorted(alarms(first))
    assert store.watching.alerts("churn", only_open=True) == []
    resolved = {one.id: one.why for one in store.watching.alerts("churn")}
    assert "was released" in str(resolved[opened[0].id])


def test_a_new_category_is_found(traffic: Traffic) -> None:
    traffic.day(0, 600, lambda row: row | {"PaymentMethod": traffic.chance.choice(["crypto", row["PaymentMethod"]])})  # fmt: skip  # noqa: E501

    found = alarms(traffic.look(1.1))["input.PaymentMethod"]

    assert "most of all of values not seen before: " in found.sentence


@pytest.mark.parametrize("calls", [0, 1, 40])
def test_too_few_calls_cannot_be_judged(traffic: Traffic, calls: int) -> None:
    traffic.day(0, calls)

    look = traffic.look(1.1)

    assert look.state == "cannot judge"
    assert look.calls == calls
    assert "100" in look.signals[0].sentence


@pytest.mark.parametrize(("value", "test"), [(None, "missing"), ("7", "place")])
def test_a_window_with_one_value_or_none_is_found(
    traffic: Traffic, value: str | None, test: str
) -> None:
    traffic.day(0, 300, lambda row: row | {"tenure": value})

    assert alarms(traffic.look(1.1))["input.tenure"].test == test


def test_before_the_first_window_ends_nothing_is_green(traffic: Traffic) -> None:
    traffic.day(0, 300)

    look = traffic.look(0.5)

    assert look.state == "cannot judge"
    assert "first window ends" in look.signals[0].sentence


def test_calls_from_the_future_are_told_and_not_judged(traffic: Traffic) -> None:
    traffic.day(0, 200)
    traffic.day(40, 50)

    look = traffic.look(1.1)

    assert (look.calls, look.outside) == (200, 50)
    assert "in the future" in " ".join(look.notes)


def test_a_clock_that_goes_back_is_told(traffic: Traffic) -> None:
    traffic.day(1, 200)
    traffic.day(0, 200)

    assert "A clock went back" in " ".join(traffic.look(2.1).notes)


def test_a_look_from_before_the_release_cannot_judge(traffic: Traffic) -> None:
    traffic.day(0, 200)

    look = traffic.look(-3)

    assert look.state == "cannot judge"
    assert (look.at, look.calls, look.outside) == (traffic.since, 0, 200)


def test_what_a_look_from_the_future_has_seen_is_judged_again(traffic: Traffic) -> None:
    traffic.day(0, 300)
    future = traffic.look(40.1)
    traffic.day(1, 300, lambda row: row | {"tenure": "1"})
    traffic.day(2, 300)

    look = traffic.look(3.1)

    assert future.cycles == 40
    assert "input.tenure" in alarms(look)
    assert [one.start for one in look.estimates[::3]] == [
        shifted(traffic.since, day * DAY) for day in range(3)
    ]


def test_a_quiet_signal_tells_that_calls_have_stopped(traffic: Traffic) -> None:
    traffic.day(0, 300)

    before, after = traffic.look(1.1), traffic.look(3.1)

    assert "No call has come" not in " ".join(before.notes)
    until = shifted(traffic.since, DAY)[:16].replace("T", " ")
    assert f"No call has come since {until} UTC" in " ".join(after.notes)


def test_the_calls_of_an_earlier_version_belong_to_its_own_windows(traffic: Traffic) -> None:
    old, since = traffic.number, traffic.since
    traffic.begin()
    new, traffic.number, begun = traffic.number, old, traffic.since
    traffic.since = shifted(since, 0)
    traffic.day(0, 300, lambda row: row | {"tenure": "1"})
    traffic.number, traffic.since = new, begun
    traffic.day(0, 300)

    look = traffic.look(1.1)

    assert look.calls == 300
    assert "input.tenure" not in alarms(look)


def test_labels_that_turn_against_the_version_are_an_alarm(traffic: Traffic) -> None:
    traffic.day(0, 400, label="true")
    traffic.day(1, 400, label="wrong")

    before, after = traffic.look(1.01), traffic.look(1.9)

    assert "quality.loss" not in alarms(before)
    assert "quality.loss" in alarms(after)
    assert after.unlabelled_share == pytest.approx(0)


def test_labels_that_turn_against_the_probabilities_break_their_calibration(
    traffic: Traffic,
) -> None:
    traffic.day(0, 400, label="true")
    traffic.day(1, 400, label="wrong")

    before, after = traffic.look(1.01), traffic.look(1.9)

    kept = next(one for one in before.signals if one.cause == "quality.calibration")
    assert kept.state == "quiet"
    assert kept.smallest is not None
    assert "would have been seen" in kept.sentence
    assert alarms(after)["quality.calibration"].size is not None
    assert "no longer keep to the calibration" in alarms(after)["quality.calibration"].sentence


def test_labels_that_contradict_and_those_of_a_flood_do_not_count_and_are_told(
    traffic: Traffic,
) -> None:
    config = traffic.project.config
    churn = config.components["churn"]
    limited = msgspec.structs.replace(
        churn, labels=msgspec.structs.replace(churn.labels, share=0.6)
    )
    config = msgspec.structs.replace(config, components={**config.components, "churn": limited})
    traffic.day(0, 200)
    every = traffic.project.store.events.each("churn", "call", since=traffic.since)
    for i, call in enumerate([one for one in every if one.number == traffic.number]):
        traffic.label(call, "Yes", "bot")
        if i < 80:
            traffic.label(call, "No", "crm")
        if i < 30:
            traffic.label(call, "Yes", "web")

    look = monitor(config, traffic.project.store, "churn", at=shifted(traffic.since, 1.1 * DAY))[0]

    assert look.labelled == 50
    told = next(note for note in look.notes if "do not count" in note)
    assert told.startswith("The labels of 'bot' do not count")
    assert "120 of these 200 calls have no other label" in told


def test_the_reference_does_not_follow_what_drifts_slowly(traffic: Traffic) -> None:
    def older(factor: float) -> Change:
        return lambda row: row | {"MonthlyCharges": str(float(row["MonthlyCharges"]) * factor)}

    for day in range(12):
        traffic.day(day, 150, older(1 + 0.04 * day))

    assert "input.MonthlyCharges" in alarms(traffic.look(12.1))


def test_nothing_in_production_is_one_sentence(tmp_path: Path) -> None:
    from twinkeel.errors import UnknownName

    with Project.open(write_project(tmp_path, rows=20)).store as store:
        project = Project(Project.open(tmp_path).config, store)
        with pytest.raises(UnknownName, match="not in production yet"):
            project.monitor("churn")


def test_quality_is_estimated_without_labels_and_graded_when_they_come(traffic: Traffic) -> None:
    for day in range(3):
        traffic.day(day, 300)
    traffic.day(3, 300, label="true")

    made = traffic.look(4.1).estimates

    assert [one.name for one in made[-3:]] == ["roc_auc", "log_loss", "accuracy"]
    assert [one.realised is None for one in made] == 9 * [True] + 3 * [False]
    assert all(abs((one.realised or 0) - one.value) < one.high - one.low for one in made[-3:])
    assert all(one.low <= one.value <= one.high for one in made)
    for one in made[-3:]:
        assert one.reference_low is not None
        assert one.realised_low is not None
        assert one.realised_high is not None
        assert one.reference_low < one.reference < (one.reference_high or 0)
        assert one.realised_low <= (one.realised or 0) <= one.realised_high
        assert (one.n, one.labelled, one.reference_n > 400) == (300, 300, True)


def test_intervals_that_do_not_hold_say_that_the_world_has_changed(traffic: Traffic) -> None:
    for day in range(6):
        traffic.day(day, 300, label="wrong")

    assert "quality.estimates" in alarms(traffic.look(6.1))


def test_a_look_beside_the_server_raises_alerts_and_the_server_tells(
    traffic: Traffic, caplog: pytest.LogCaptureFixture
) -> None:
    project = traffic.project
    past = msgspec.structs.replace(project.config.monitor, cycle="1s", minimum=100)
    config = msgspec.structs.replace(project.config, monitor=past)
    for _ in range(300):
        project.store.events.append(wrong_call(traffic))
    time.sleep(1.1)

    Rounds(config, project.store).look()

    assert "alert churn@" in caplog.text
    assert "input.tenure" in {one.cause for one in project.alerts("churn")}
    server = application(project_service(config, project.store))
    here = TestClient(server, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    page = here.get("/metrics").text
    assert 'twinkeel_alert_open{component="churn",cause="input.tenure"} 1' in page


def test_rounds_look_soon_after_the_start_however_long_the_cycle_is(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinkeel.lifecycle.rounds._SETTLE", 0.01)
    store, stop = traffic.project.store, threading.Event()
    rounds = threading.Thread(target=Rounds(traffic.project.config, store).run, args=(stop,))

    def looked() -> bool:
        release = store.releases("churn")[0].sequence
        return any(look.release == release for look in store.watching.looks("churn"))

    rounds.start()
    came = eventually(looked)
    stop.set()
    rounds.join()

    assert came


def test_labels_before_the_first_window_ends_are_not_quiet(traffic: Traffic) -> None:
    traffic.day(0, 300, label="true")

    look = traffic.look(0.999)

    assert [one.name for one in look.signals if one.state == "quiet"] == ["calibration"]
    assert look.state == "cannot judge"


def test_the_next_window_ends_when_it_does_whether_it_is_judged_now_or_not(
    traffic: Traffic,
) -> None:
    traffic.day(0, 150)
    project, at = traffic.project, shifted(traffic.since, 0.5 * DAY)

    looks = [
        monitor(project.config, project.store, "churn", at=at, unfinished=unfinished)[0]
        for unfinished in (False, True)
    ]

    assert [look.next for look in looks] == 2 * [shifted(traffic.since, DAY)]


def wrong_call(traffic: Traffic) -> Event:
    """A call of this moment whose tenure is always the same."""
    row = {k: v for k, v in traffic.rows[0].items() if k not in ("Churn", "customerID", "gender")}
    return Event(
        id=new_id(),
        kind="call",
        component="churn",
        number=traffic.number,
        at=now(),
        inputs=row | {"tenure": "1"},
        output=traffic.model.call([traffic.rows[0]])[0].values,
    )
