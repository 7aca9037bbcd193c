"""Latency, beside the first calls after a release that are enough to compare with."""

from __future__ import annotations

import pytest
from production import DAY, Traffic, alarms

from twinkeel.lifecycle.moments import shifted
from twinkeel.records import Look, Signal


def latency(look: Look) -> Signal:
    return next(one for one in look.signals if one.cause == "service.latency")


@pytest.mark.parametrize("few", [0, 20])
def test_the_first_cycle_with_enough_calls_is_what_latency_is_compared_with(
    traffic: Traffic, few: int
) -> None:
    traffic.day(0, few, ms=9)
    traffic.day(1, 300)
    traffic.day(2, 300, ms=4)

    found = alarms(traffic.look(3.1))["service.latency"]

    since = shifted(traffic.since, DAY)[:16].replace("T", " ")
    assert f"compared with the cycle from {since} UTC, the first with enough" in found.sentence
    assert found.reference_n == 300
    assert found.size is not None
    assert found.size > 0


def test_latency_that_was_always_the_same_is_quiet_without_a_word_of_the_first_cycle(
    traffic: Traffic,
) -> None:
    for day in range(3):
        traffic.day(day, 300)

    found = latency(traffic.look(3.1))

    assert (found.state, found.reference_n) == ("quiet", 300)
    assert "compared with" not in found.sentence


def test_before_any_cycle_has_enough_calls_latency_cannot_be_judged(traffic: Traffic) -> None:
    traffic.day(0, 20)
    traffic.day(1, 30)

    found = latency(traffic.look(2.1))

    assert found.state == "cannot judge"
    assert "no cycle has the 100 calls yet" in found.sentence


def test_what_latency_is_compared_with_does_not_move_when_earlier_calls_are_stored_late(
    traffic: Traffic,
) -> None:
    traffic.day(1, 300)
    traffic.day(2, 300)
    before = traffic.look(3.1)
    traffic.day(0, 300, ms=9)
    traffic.day(3, 300)

    after = traffic.look(4.1)

    assert before.anchors == after.anchors == {"latency": 1}
    assert latency(after).state == "quiet"
