"""The alarm on losses as they arrive: rarely false, soon true, and sure of where it began."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.stats.sequential import detect, either_way, promised


def errors(seed: int, *shares: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.random(5_000) < share for share in shares]).astype(float)


def test_false_alarms_are_rarer_than_the_patience_allows() -> None:
    raised = sum(detect(errors(k, 0.1), threshold=0.1, patience=50_000).alarm is not None
                 for k in range(100))  # fmt: skip

    assert raised <= 15  # 100 runs of 5,000 over 50,000: 10 are allowed, give or take


def test_errors_that_double_are_found_within_some_hundreds() -> None:
    threshold = promised(0.1, 5_000)

    found = detect(errors(1, 0.1, 0.2), threshold=threshold, patience=50_000)

    assert found.alarm is not None
    assert 5_000 < found.alarm < 5_600
    assert found.since == pytest.approx(5_000, abs=200)


def test_fewer_errors_are_no_alarm() -> None:
    assert detect(errors(1, 0.1, 0.02), threshold=0.12, patience=50_000).alarm is None


def test_no_losses_say_nothing() -> None:
    assert detect(np.empty(0), threshold=0.1, patience=1_000).evidence == 0


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        detect(np.asarray([1.5]), threshold=0.1, patience=10)


def gaps(rng: np.random.Generator, n: int, by: float) -> np.ndarray:
    """What is true less the probability that was given, where that is off by `by`."""
    chance = rng.uniform(0.1, 0.8, n)
    return (rng.random(n) < chance + by) - chance


def test_probabilities_that_are_kept_are_rarely_an_alarm_and_either_way_is_found() -> None:
    found = {0.0: 0, 0.12: 0, -0.09: 0}
    for by in found:
        for seed in range(60):
            rng = np.random.default_rng(seed)
            gap = either_way(gaps(rng, 2_000, by), gaps(rng, 2_000, 0), patience=50_000, floor=0.02)
            found[by] += gap.since is not None

    assert found[0.0] <= 2
    assert found[0.12] >= 55
    assert found[-0.09] >= 50


def test_what_a_quiet_promise_would_have_seen_is_seen() -> None:
    seen = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        then = gaps(rng, 2_000, 0)
        quiet = either_way(gaps(rng, 1_000, 0), then, patience=50_000, floor=0.02)
        moved = either_way(gaps(rng, 1_000, quiet.smallest), then, patience=50_000, floor=0.02)
        seen += moved.since is not None

    assert seen >= 45
