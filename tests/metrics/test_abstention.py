"""A threshold for a stated risk keeps it, and says when it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.metrics import abstention
from twinkeel.metrics.abstention import choose, curve, risk_coverage_area, upper


def test_the_exact_bound_is_known_for_no_errors():
    assert upper(0, 22, tail=0.1) == pytest.approx(1 - 0.1 ** (1 / 22))
    assert upper(5, 5, tail=0.1) == 1.0


def test_the_exact_bound_agrees_with_the_beta_quantile():
    beta_quantile = 0.1825868500159  # scipy.stats.beta.ppf(0.95, 4, 37)
    assert upper(3, 40, tail=0.05) == pytest.approx(beta_quantile, abs=1e-9)


def test_errors_among_the_least_supported_are_not_answered():
    support = np.linspace(1, 0, 200)
    wrong = (np.arange(200) >= 120).astype(int)

    chosen = choose(support, wrong, risk=0.1)

    assert chosen.threshold is not None
    assert 120 <= chosen.answered < 135
    assert chosen.bound <= 0.1
    assert chosen.threshold == support[chosen.answered - 1]


def test_a_risk_that_cannot_be_shown_is_silence():
    short = choose(np.ones(10), np.zeros(10, dtype=int), risk=0.1)

    assert short.threshold is None
    assert choose(np.ones(10), np.zeros(10, dtype=int), risk=short.bound).answered == 10
    assert choose(np.linspace(0, 1, 200), np.ones(200, dtype=int), risk=0.5).threshold is None
    assert choose(np.empty(0), np.empty(0, dtype=int), risk=0.1).threshold is None


def test_equal_supports_are_answered_together():
    support = np.repeat([0.9, 0.5], 50)
    wrong = np.repeat([0, 1], 50)

    assert choose(support, wrong, risk=0.1).answered == 50


def test_the_stated_risk_is_kept_as_often_as_stated():
    random, kept = np.random.default_rng(0), 0
    for _ in range(300):
        support = random.random(100)
        wrong = (random.random(100) > 0.75 + 0.25 * support).astype(int)
        threshold = choose(support, wrong, risk=0.1).threshold
        # the mean of 0.25 (1 - s) over s in [t, 1] is the true risk
        kept += threshold is None or 0.25 * (1 - threshold) / 2 <= 0.1

    assert kept / 300 >= abstention.CONFIDENCE


def test_the_area_is_the_mean_of_the_curve():
    support, wrong = np.array([0.9, 0.8, 0.1]), np.array([0.0, 1.0, 1.0])

    area = risk_coverage_area(support, wrong)(np.arange(3))(np.ones((1, 3)))

    assert area[0] == pytest.approx(np.mean(curve(support, wrong).risk))
    assert curve(support, wrong).coverage == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(("mistakes", "risk"), [(0, 0.1), (1, 0.1), (1, 0.2), (0, 0.05)])
def test_as_many_cases_as_are_needed_give_a_threshold(mistakes: int, risk: float) -> None:
    support = np.linspace(1, 0.5, 20)
    wrong = np.zeros(20, dtype=int)
    wrong[10 : 10 + mistakes] = 1
    assert abstention.choose(support, wrong, risk=risk).threshold is None

    count = abstention.needed(support, wrong, risk=risk)

    assert count is not None
    times = -(-count // 20) + 1
    many = abstention.choose(np.repeat(support, times), np.repeat(wrong, times), risk=risk)
    assert many.threshold is not None


def test_no_number_of_cases_shows_a_risk_that_is_not_there() -> None:
    support, wrong = np.linspace(1, 0, 20), np.array([1, 0] * 10)

    assert abstention.needed(support, wrong, risk=0.1) is None
