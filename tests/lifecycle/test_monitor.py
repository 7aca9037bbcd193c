"""Monitoring: what a look finds in the calls of a release."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from production import DAY, Change, Row, Traffic, alarms, same

from telecom import write_project
from twinkeel.lifecycle import sampling
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import look, monitor
from twinkeel.project import Project


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


def test_calls_that_a_late_clock_stamps_before_the_release_are_told(traffic: Traffic) -> None:
    traffic.day(0, 200)
    traffic.day(-1, 50)

    look = traffic.look(1.1)

    assert (look.calls, look.outside) == (200, 50)
    told = "50 calls were stored since the release with times before it and were not judged"
    assert told in " ".join(look.notes)
    assert "in the future" not in " ".join(look.notes)


def test_a_window_that_was_judged_stays_as_it_was_when_calls_become_too_many_to_read_each(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST", 500)
    traffic.day(0, 400)
    before = traffic.look(1.1)
    traffic.day(1, 600)

    between, after = traffic.look(1.9), traffic.look(2.1)

    assert [one for one in between.signals if one.part != "quality"] == [
        one for one in before.signals if one.part != "quality"
    ]
    assert [(one.cycle, one.step) for one in after.sampled] == [(0, 1), (1, 2)]
    assert 630 < after.calls < 770
    assert "One call in 2 was read since" in " ".join(after.notes)


def test_times_that_go_back_are_told_with_both_causes_that_they_may_have(traffic: Traffic) -> None:
    traffic.day(1, 200)
    traffic.day(0, 200)

    told = " ".join(traffic.look(2.1).notes)

    assert "200 calls have times an hour or more before calls that were stored earlier" in told
    assert "a clock went back, or they were stored late" in told


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


def test_cycles_of_another_length_are_judged_from_the_release_on(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST", 500)
    for day in range(4):
        traffic.day(day, 300, (lambda row: row | {"tenure": "1"}) if day == 1 else same)
    store = traffic.project.store
    release = store.current("churn")
    assert release is not None
    store.events.move()
    at, config = shifted(traffic.since, 4.1 * DAY), traffic.project.config
    hours = msgspec.structs.replace(config.monitor, cycle="6h")
    anew = look(config, store, release, at=at, unfinished=False)

    monitor(msgspec.structs.replace(config, monitor=hours), store, "churn", at=at)
    after = look(config, store, release, at=at, unfinished=False)

    assert after == anew
    assert "input.tenure" in alarms(after)


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
