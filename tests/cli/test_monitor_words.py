"""What `twinkeel monitor` says of an estimate beside its labels."""

from __future__ import annotations

import pytest

from twinkeel.cli.commands.monitor import sentence
from twinkeel.records import Estimate


@pytest.mark.parametrize(("low", "high", "apart"), [(0.648, 0.738, True), (0.49, 0.6, False)])
def test_an_estimate_far_from_its_labels_says_which_to_trust(
    low: float, high: float, apart: bool
) -> None:
    one = Estimate(
        name="accuracy",
        reference=0.7,
        value=0.452,
        low=0.409,
        high=0.495,
        n=400,
        effective_n=90.0,
        start="",
        end="",
        realised=(low + high) / 2,
        labelled=1,
        realised_low=low,
        realised_high=high,
    )

    assert ("does not hold here: trust the labels" in sentence(one)) is apart
    assert "; 1 label says " in sentence(one)
