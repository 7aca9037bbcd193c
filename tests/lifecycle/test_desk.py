"""Which state is shown: what nobody judged, or has looked at in time, is never quiet."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.lifecycle.desk import pace, standing, trails
from twinkeel.lifecycle.status import ComponentStatus
from twinkeel.records import Event, Look, Release, Signal, State

START, END = "2026-11-20T00:00:00.000000+00:00", "2026-11-21T00:00:00.000000+00:00"
SOON, LATE = "2026-11-21T09:00:00.000000+00:00", "2026-11-23T01:00:00.000000+00:00"
RELEASED = ComponentStatus(
    component="churn",
    kind="classifier",
    production=Release(
        sequence=1,
        component="churn",
        number=1,
        previous=None,
        action="release",
        at=START,
        who="anna",
    ),
    newest=1,
    outcome="pass",
    versions=1,
    next="twinkeel serve",
)


def signal(state: State, *, end: str = END, size: float | None = 0.1) -> Signal:
    return Signal(
        part="input",
        name="tenure",
        state=state,
        test="place",
        n=200,
        reference_n=500,
        size=size,
        unit="sd",
        then=1,
        now=2,
        smallest=0.2,
        level=0.01,
        p=0.5,
        end=end,
        sentence="",
    )


def look(*states: State) -> Look:
    return Look(
        component="churn",
        number=1,
        release=1,
        at=END,
        since=START,
        cycle=86_400,
        cycles=1,
        calls=200,
        outside=0,
        labelled=0,
        unlabelled_share=None,
        signals=tuple(signal(state) for state in states),
        next="2026-11-22T00:00:00.000000+00:00",
    )


def test_before_the_first_window_ends_a_kept_promise_alone_is_not_quiet() -> None:
    kept = msgspec.structs.replace(signal("quiet"), part="quality", test="promise")
    early = msgspec.structs.replace(look(), cycles=0, calls=400, signals=(kept,))

    state, said = standing(RELEASED, early, 0, SOON)

    assert state == "cannot judge"
    assert "The first window ends at 2026-11-22 00:00 UTC" in said
    assert "400 calls" in said


def test_one_quiet_signal_is_told_in_the_singular() -> None:
    assert standing(RELEASED, look("quiet"), 0, SOON)[1] == "Nothing found in 1 signal."


@pytest.mark.parametrize(
    ("found", "alerts", "at", "state"),
    [
        (look("quiet", "cannot judge"), 0, SOON, "quiet"),
        (look("quiet"), 1, SOON, "alarm"),
        (look("alarm", "quiet"), 0, SOON, "alarm"),
        (look("cannot judge"), 0, SOON, "cannot judge"),
        (look(), 0, SOON, "cannot judge"),
        (look("quiet"), 0, LATE, "cannot judge"),
        (None, 0, SOON, "cannot judge"),
    ],
)
def test_only_what_was_judged_in_time_is_quiet(
    found: Look | None, alerts: int, at: str, state: str
) -> None:
    assert standing(RELEASED, found, alerts, at)[0] == state


def test_quiet_counts_what_could_not_be_judged() -> None:
    said = standing(RELEASED, look("quiet", "quiet", "cannot judge"), 0, SOON)[1]

    assert said == "Nothing found in 2 signals. 1 cannot be judged."


def test_what_is_not_released_says_what_comes_next() -> None:
    at = msgspec.structs.replace(RELEASED, production=None, next="twinkeel build churn")

    assert standing(at, None, 0, SOON) == (
        "not released",
        "Nothing is in production yet. Next: twinkeel build churn",
    )


def test_a_window_is_shown_once_as_it_was_judged_last() -> None:
    early = msgspec.structs.replace(look(), signals=(signal("cannot judge", size=None),))
    late = msgspec.structs.replace(look(), signals=(signal("alarm"),))

    (points,) = trails([early, late]).values()

    assert [(point.end, point.state) for point in points] == [(END, "alarm")]


@given(st.lists(st.floats(0, 1e4), max_size=1_000))
def test_the_pace_holds_every_timed_call(ms: list[float]) -> None:
    calls = [
        Event(id=f"{i}", kind="call", component="churn", at=START, ms=one)
        for i, one in enumerate(ms)
    ]

    found = pace(START, {}, calls)

    assert found.calls == len(ms)
    assert len(found.steps) <= 40
    assert all(0 <= median <= slow <= 1e4 for _, median, slow in found.steps)
