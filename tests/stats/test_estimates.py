"""Scores without labels: near the truth when inputs shift, and in their intervals as often."""

from __future__ import annotations

import numpy as np
import pytest

from twinkeel.stats.areas import expected_auc, known_auc
from twinkeel.stats.estimates import (
    Expected,
    Weights,
    corrected,
    density_ratio,
    expected_mean,
    known_mean,
    partly,
)


def world(rng: np.random.Generator, n: int, shift: float) -> tuple[np.ndarray, ...]:
    """Inputs, probabilities that are right, and truths."""
    x = rng.normal(shift, 1, (n, 2))
    chance = 1 / (1 + np.exp(-(1.5 * x[:, 0] - 1)))
    return x, chance, rng.random(n) < chance


def test_shifted_inputs_are_estimated_within_their_intervals_nine_times_of_ten() -> None:
    held = {"loss": 0, "auc": 0}
    near = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, chance, truth = world(rng, 2_000, 0.0)
        now, later, real = world(rng, 500, 0.7)
        weight = Weights(density_ratio(x, now))
        losses, realised = (chance - truth) ** 2, float(((later - real) ** 2).mean())
        mean = expected_mean(losses, weight, x, now)
        near.append(abs(mean.value - realised) < abs(losses.mean() - realised))
        held["loss"] += mean.low <= realised <= mean.high
        area = expected_auc((chance, truth), weight, later, seed=seed)
        order = np.argsort(later)
        ranks = np.empty(500)
        ranks[order] = np.arange(1, 501)
        hits = real.sum()
        auc = (ranks[real].sum() - hits * (hits + 1) / 2) / (hits * (500 - hits))
        held["auc"] += area.low <= auc <= area.high

    assert 32 <= held["loss"] <= 40
    assert 32 <= held["auc"] <= 40
    assert np.mean(near) > 0.6


def test_weights_make_the_reference_look_like_the_window() -> None:
    rng = np.random.default_rng(0)
    then, now = rng.normal(0, 1, (3_000, 1)), rng.normal(0.8, 1, (1_000, 1))

    weight = density_ratio(then, now)

    assert float((weight * then[:, 0]).mean()) == pytest.approx(0.8, abs=0.1)


def test_no_shift_leaves_the_reference_as_it_is() -> None:
    rng = np.random.default_rng(0)

    weight = density_ratio(rng.normal(size=(2_000, 3)), rng.normal(size=(2_000, 3)))

    assert 0.8 < weight.min() <= weight.max() < 1.3


def test_what_labels_said_of_earlier_estimates_moves_and_widens_the_next() -> None:
    made = Expected(0.1, 0.09, 0.11, 500)
    graded = [(made, 0.2), (made, 0.21), (made, 0.19), (made, 0.2)]

    found = corrected(made, graded)

    assert found.value == pytest.approx(0.2)
    assert found.low < 0.19 < 0.21 < found.high
    assert corrected(made, graded[:3]) == made


def test_scores_of_half_the_labels_are_in_the_wider_interval_nine_times_of_ten() -> None:
    held = {"loss": 0, "of all": 0, "auc": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, chance, truth = world(rng, 6_000, 0.0)
        now, later, real = world(rng, 1_000, 0.0)
        weight, half = Weights(np.ones(len(x))), rng.permutation(1_000)[:500]
        mean = expected_mean((chance - truth) ** 2, weight, x, now)
        realised = float(((later - real) ** 2)[half].mean())
        found = partly(mean, 1_000, 500)
        held["loss"] += found.low <= realised <= found.high
        held["of all"] += mean.low <= realised <= mean.high
        area = partly(expected_auc((chance, truth), weight, later, seed=seed), 1_000, 500)
        held["auc"] += area.low <= known_auc(later[half], real[half]).value <= area.high

    assert 49 <= held["loss"] <= 59
    assert 49 <= held["auc"] <= 59
    assert held["of all"] < held["loss"]


def test_a_sample_of_a_window_stands_for_all_its_labels() -> None:
    held, narrower = 0, []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, chance, truth = world(rng, 8_000, 0.0)
        _, later, real = world(rng, 4_000, 0.0)
        weight, some = Weights(np.ones(len(x))), later[::4]
        area = expected_auc((chance, truth), weight, some, labels=4_000, seed=seed)
        own = expected_auc((chance, truth), weight, some, seed=seed)
        held += area.low <= known_auc(later, real).value <= area.high
        narrower.append(area.high - area.low < own.high - own.low)

    assert held >= 9
    assert all(narrower)


def crowded(rng: np.random.Generator, units: int, of_each: int) -> tuple[np.ndarray, ...]:
    """Probabilities and truths of calls of which those of one unit have the same label."""
    chance = np.repeat(1 / (1 + np.exp(-1.5 * rng.normal(size=units))), of_each)
    return chance, np.repeat(rng.random(units), of_each) < chance, np.repeat(range(units), of_each)


def test_cases_that_belong_together_count_as_few_as_they_are() -> None:
    held = {"loss": 0, "area": 0, "alone": 0, "known": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        chance, truth, unit = crowded(rng, 60, 25)
        later, real, _ = crowded(rng, 2_000, 1)
        loss, then, now = (chance - truth) ** 2, np.empty((1_500, 0)), np.empty((2_000, 0))
        together, each = Weights(np.ones(1_500), unit), Weights(np.ones(1_500))
        brier, area = float(((later - real) ** 2).mean()), known_auc(later, real).value
        for name, weight in (("loss", together), ("alone", each)):
            mean = expected_mean(loss, weight, then, now)
            held[name] += mean.low <= brier <= mean.high
        found = expected_auc((chance, truth), together, later, seed=seed)
        held["area"] += found.low <= area <= found.high
        known = known_mean(loss, unit)
        held["known"] += known.low <= brier <= known.high

    assert held["loss"] >= 32
    assert held["area"] >= 30
    assert held["known"] >= 34
    assert held["alone"] <= 25


def test_the_area_of_two_classes_is_that_of_either_of_them() -> None:
    rng = np.random.default_rng(0)
    _, chance, truth = world(rng, 2_000, 0.0)
    _, later, _ = world(rng, 500, 0.3)
    both, told, now = (np.column_stack([1 - one, one]) for one in (chance, truth, later))

    macro = expected_auc((both, told > 0), Weights(np.ones(2_000)), now)
    one = expected_auc((chance, truth), Weights(np.ones(2_000)), later)

    assert macro.value == pytest.approx(one.value, abs=2e-4)
    assert macro.high - macro.low == pytest.approx(one.high - one.low, rel=0.25)
    found = tuple(known_auc(both, told > 0))
    assert found == pytest.approx(tuple(known_auc(chance, truth)), abs=0.01)


@pytest.mark.parametrize("over", [1.0, 6.0])
def test_probabilities_that_claim_too_much_are_put_right(over: float) -> None:
    rng = np.random.default_rng(1)
    _, chance, truth = world(rng, 3_000, 0.0)
    _, later, real = world(rng, 1_000, 0.3)
    claimed, now = (1 / (1 + (1 / one - 1) ** over) for one in (chance, later))

    found = expected_auc((claimed, truth), Weights(np.ones(3_000)), now)

    assert found.value == pytest.approx(known_auc(later, real).value, abs=0.03)
    assert found.high - found.low < 0.08
