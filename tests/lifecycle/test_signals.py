"""Signals: no traffic breaks them, and windows whose labels come late are judged once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.kinds.signals import Calls
from twinkeel.lifecycle.budget import Budget
from twinkeel.lifecycle.groups import groups
from twinkeel.lifecycle.signals import judge
from twinkeel.lifecycle.traffic import CELLS, NONE, Column, Reference, Traffic
from twinkeel.records import Signature
from twinkeel.stats.bins import number_bins, text_bins

MATURE = 6
"""Of eight cycles, those whose labels have had their time."""


def losses(*, worse: int) -> Traffic:
    """Eight days of 200 calls; of day `worse`, losses are larger. They have no upper bound."""
    rng = np.random.default_rng(0)
    then, now = 5 + rng.normal(size=2_000), 5 + rng.normal(size=8 * 200)
    days = np.repeat(np.arange(8), 200)
    now[days == worse] += 1
    now[days >= MATURE] = np.nan
    bins = number_bins(then)
    codes = np.where(np.isnan(now), NONE, bins.code(now)).astype(np.int16)
    return Traffic(
        reference=Reference(Calls(Signature(inputs=(), outputs=()), {}, ()), (), then),
        columns=(Column("quality", "loss", bins, bins.code(then), codes, MATURE),),
        cells=days * CELLS, losses=now, scores=(), cycle=86_400.0,
        start="2026-01-01T00:00:00+00:00", cycles=8, answered=np.empty(0), unanswered={},
    )  # fmt: skip


@pytest.mark.parametrize("seen", [0, 4, 6])
def test_a_window_is_judged_once_its_labels_have_come_however_late_they_are(seen: int) -> None:
    traffic = losses(worse=4)

    found = judge(traffic, Budget(false_alarms=1, minimum=100, seen=seen))[0]

    assert (found.state, found.start) == ("alarm", traffic.moment(4 * CELLS))
    assert found.end == traffic.moment(5 * CELLS)


def test_a_window_that_earlier_looks_have_judged_with_its_labels_is_not_told_again() -> None:
    found = judge(losses(worse=0), Budget(false_alarms=1, minimum=100, seen=7))[0]

    assert found.state == "quiet"


NUMBERS = st.sampled_from([None, 0.0, 1.0, -1e300, 1e300, float("inf"), float("nan")])
TEXTS = st.sampled_from([None, "", "a", "b", "new", "\x1b[31m"])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([0, 1, 120, 400]), st.integers(0, 9))
def test_no_traffic_breaks_a_look(data: st.DataObject, calls: int, cycles: int) -> None:
    cases, columns = data.draw(st.sampled_from([0, 20, 300])), []
    for name, values in (("number", NUMBERS), ("text", TEXTS)):
        few = st.lists(values, min_size=1, max_size=4)
        then, now = ((data.draw(few) * n)[:n] for n in (cases, calls))
        bins = number_bins(then) if name == "number" else text_bins(then)
        columns.append(Column("input", name, bins, bins.code(then), bins.code(now), cycles))
    traffic = Traffic(
        reference=Reference(Calls(Signature(inputs=(), outputs=()), {}, ()), (), None),
        columns=tuple(columns), cells=np.arange(calls) % max(1, cycles * CELLS + 5),
        losses=np.full(calls, np.nan), scores=(), cycle=3_600.0,
        start="2026-01-01T00:00:00+00:00", cycles=cycles, answered=np.empty(0), unanswered={},
        sensitive=("number", "text"),
    )  # fmt: skip
    budget = Budget(false_alarms=1, minimum=100, seen=data.draw(st.integers(0, 50)))

    for found in [*judge(traffic, budget), *groups(traffic, budget)]:
        assert found.sentence.isprintable()
        if found.state == "cannot judge":
            assert found.size is None
        else:
            assert np.isfinite([found.p, found.size, found.smallest, found.now, found.then]).all()
