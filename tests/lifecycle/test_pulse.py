"""Since when nobody looks, as a server beside a process that monitors knows it."""

from __future__ import annotations

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
    pulse = Pulse(late=-1_000.0)  # as if what follows had been heard so long ago
    pulse.started()
    for _ in range(looks):
        looked(pulse, pause=500.0)
    due = shifted(now(), -1_000.0 + 500.0 * looks)

    assert pulse.down is not None
    assert shifted(due, -100) < pulse.down < shifted(due, 100)


def test_what_ends_after_a_missed_look_is_down_since_that_was_due() -> None:
    pulse = Pulse(late=-1_000.0)  # as if it had started so long ago
    pulse.started()
    pulse.ended()

    assert pulse.down is not None
    assert shifted(now(), -1_100) < pulse.down < shifted(now(), -900)
