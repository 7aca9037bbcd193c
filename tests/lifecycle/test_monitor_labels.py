"""What a look makes of labels: losses, calibration, estimates that they grade, senders."""

from __future__ import annotations

import msgspec
import pytest
from production import DAY, Traffic, alarms

from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import monitor


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


def test_labels_before_the_first_window_ends_are_not_quiet(traffic: Traffic) -> None:
    traffic.day(0, 300, label="true")

    look = traffic.look(0.999)

    assert [one.name for one in look.signals if one.state == "quiet"] == ["calibration"]
    assert look.state == "cannot judge"
