"""Since when nobody looks, as a server beside a process that monitors knows it."""

from __future__ import annotations

import time

import pytest

from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.pulse import Looked, Pulse
from twinkeel.records import now


def looked(pulse: Pulse, *, well: bool = True, pause: float = 60.0) -> str | None:
    pulse.heard(Looked(well=well, pause=pause))
    return pulse.down


def test_a_process_that_starts_and_looks_is_up() -> None:
    pulse = Pulse()
    before = pulse.down
    pulse.started()

    assert [before, pulse.down, looked(pulse)] == [None, None, None]


def test_one_that_ended_is_down_since_then_until_another_has_looked() -> None:
    pulse = Pulse()
    pulse.started()
    pulse.ended()
    since = pulse.down
    pulse.started()
    pulse.ended()
    pulse.started()

    assert since is not None
    assert shifted(now(), -10) < since <= now()
    assert pulse.down == since
    assert looked(pulse) is None


def test_looks_that_fail_are_down_since_the_first_of_them() -> None:
    pulse = Pulse()
    since = looked(pulse, well=False)

    assert since is not None
    assert looked(pulse, well=False) == since
    assert looked(pulse) is None


@pytest.mark.parametrize("looks", [0, 1])
def test_a_look_that_is_overdue_is_missed_since_it_was_due(looks: int) -> None:
    pulse = Pulse(late=0.05)
    pulse.started()
    for _ in range(looks):
        looked(pulse, pause=0.1)
    due = shifted(now(), 0.05 + 0.1 * looks)
    time.sleep(0.3)

    assert pulse.down is not None
    assert shifted(due, -0.04) < pulse.down < shifted(due, 0.04)


def test_what_ends_after_a_missed_look_is_down_since_that_was_due() -> None:
    pulse = Pulse(late=0.0)
    pulse.started()
    missed = pulse.down
    pulse.ended()

    time.sleep(0.05)
    assert missed is not None
    assert pulse.down is not None
    assert pulse.down < shifted(missed, 0.05)
