"""Groups of sensitive columns: a shift of one group is found, and a small one is not judged."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.kinds.signals import Calls
from twinkeel.lifecycle.budget import GROUPS, SHARES, Budget, group_share, share
from twinkeel.lifecycle.groups import groups
from twinkeel.lifecycle.traffic import Column, Reference, Traffic
from twinkeel.records import Part, Signal, Signature
from twinkeel.stats.bins import Bins, number_bins, text_bins

BUDGET = Budget(false_alarms=1, minimum=100, seen=0)
SEXES = ["Female", "Male", "Other"]


def watched(*, shift: float = 0.0, loss: float = 0.0, labelled: float = 1.0) -> Traffic:
    """A day of 2,000 calls; of women, the input has moved and the loss has risen."""
    rng = np.random.default_rng(5)
    sex = [rng.choice(SEXES, size=n, p=[0.45, 0.53, 0.02]) for n in (3_000, 2_000)]
    age = [rng.uniform(18, 80, n) for n in (3_000, 2_000)]
    x = [rng.normal(size=n) for n in (3_000, 2_000)]
    wrong = [rng.uniform(size=n) for n in (3_000, 2_000)]
    x[1] += shift * (sex[1] == "Female")
    wrong[1] += loss * (sex[1] == "Female")
    wrong[1][rng.random(2_000) > labelled] = np.nan
    columns = (
        column("input", "sex", text_bins(sex[0].tolist()), sex),
        column("input", "age", number_bins(age[0]), age),
        column("input", "x", number_bins(x[0]), x),
        column("output", "said", number_bins(x[0]), x),
        column("quality", "loss", number_bins(wrong[0]), wrong, quiet=np.isnan(wrong[1])),
    )
    none = Calls(Signature(inputs=(), outputs=()), {}, ())
    return Traffic(
        reference=Reference(none, (), wrong[0]), columns=columns,
        cells=np.zeros(2_000, dtype=np.int64), losses=wrong[1], scores=(), cycle=86_400.0,
        start="2026-01-01T00:00:00+00:00", cycles=1, answered=np.empty(0), unanswered={},
        sensitive=("age", "sex"),
    )  # fmt: skip


def column(
    part: Part, name: str, bins: Bins, values: list[np.ndarray], quiet: np.ndarray | None = None
) -> Column:
    now = bins.code(values[1].tolist())
    now = now if quiet is None else np.where(quiet, -1, now).astype(np.int16)
    return Column(part, name, bins, bins.code(values[0].tolist()), now, 1)


def by_cause(traffic: Traffic) -> dict[str, Signal]:
    return {one.cause: one for one in groups(traffic, BUDGET)}


def test_every_group_has_a_signal_for_each_part_and_is_quiet_without_a_shift() -> None:
    found = by_cause(watched())

    sexes = {f"{part}.sex={one}" for part in ("input", "output", "quality") for one in SEXES}
    assert sexes <= found.keys()
    assert len(found) == 3 * (3 + 4)
    assert {one.state for one in found.values() if "Other" not in one.name} == {"quiet"}


def test_a_shift_of_one_group_is_told_of_that_group_alone() -> None:
    found = by_cause(watched(shift=0.6))

    alarms = {cause for cause, one in found.items() if one.state == "alarm"}
    assert {"input.sex=Female", "output.sex=Female"} <= alarms
    assert not any("Male" in cause for cause in alarms)
    assert found["input.sex=Female"].sentence.startswith("Among sex=Female: input x is higher")


def test_quality_is_told_by_group_with_its_labels() -> None:
    found = by_cause(watched(loss=0.4))

    female = found["quality.sex=Female"]
    assert (female.state, found["quality.sex=Male"].state) == ("alarm", "quiet")
    assert 700 < female.n < 1_100
    assert female.now is not None
    assert female.then is not None
    assert female.now > female.then + 0.3


def test_a_group_of_too_few_cannot_be_judged() -> None:
    found = by_cause(watched(labelled=0.1))

    assert found["output.sex=Other"].state == "cannot judge"
    assert found["quality.sex=Female"].state == "cannot judge"
    assert "100" in found["quality.sex=Female"].sentence


def test_groups_spend_a_part_of_the_budget_and_no_more() -> None:
    traffic = watched()
    inputs, beside, parts = 3, 1, sum(SHARES.values())

    columns = share(traffic, "input") * (inputs + beside)
    among = group_share(traffic, "input", 7) * 7

    assert columns + among == pytest.approx(SHARES["input"] / parts)
    assert among == pytest.approx(GROUPS * SHARES["input"] / parts)
