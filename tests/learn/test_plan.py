"""What a search tries next: the list, then what is near the best, until nothing is gained."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twinkeel.learn.around import Candidate, near
from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Span
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.folds import Split
from twinkeel.learn.gain import Gains, patience
from twinkeel.learn.objectives.classes import ClassLoss
from twinkeel.learn.plan import Plan
from twinkeel.learn.portfolio import PORTFOLIO, Portfolio, chosen
from twinkeel.learn.preference import Preference
from twinkeel.learn.targets import Targets
from twinkeel.records import Limits

ROWS = 2_500
LISTED = (
    Candidate("linear", Regularised(), {"C": 1.0, "iterations": 100}),
    Candidate("lightgbm", Light(), {"learning_rate": 0.1, "num_leaves": 16}),
)
MOVABLE = [one for one in PORTFOLIO if one.family.spans]


@dataclass(frozen=True)
class Pool:
    """As much of what fits folds as a plan looks at."""

    size: int = 2


@dataclass(frozen=True)
class Material:
    """As much of what is learned from as a plan looks at."""

    targets: Targets
    splits: tuple[Split, ...]
    seed: int = 0
    workers: Pool = field(default_factory=Pool)
    groups: np.ndarray | None = None
    time: np.ndarray | None = None


@dataclass(frozen=True)
class Bag:
    """A candidate that was fitted, with margins that a test makes up."""

    candidate: Candidate
    margin: np.ndarray
    seconds: float = 0.2
    cost: int = 100
    models: tuple[None, None] = (None, None)


def targets(rows: int) -> Targets:
    y = np.random.default_rng(0).integers(0, 2, rows)
    return Targets(y, np.ones(rows), ClassLoss(2))


def material(rows: int = ROWS) -> Material:
    half = np.arange(rows // 2), np.arange(rows // 2, rows)
    return Material(targets(rows), (Split(*half), Split(*half[::-1])))


def margins(of: Material, number: int, noise: float) -> np.ndarray:
    """Out-of-fold margins of the judged rows, second half first."""
    judged = np.concatenate([split.valid for split in of.splits])
    wrong = np.random.default_rng(number).normal(0, noise, len(judged))
    return (2.0 * of.targets.y[judged] - 1 + wrong)[:, None]


def searched(of: Material, budget: Budget, portfolio: Portfolio, noises) -> list[Candidate]:
    """Every candidate that is asked for; the i-th has margins with the i-th noise."""
    plan, found = Plan(portfolio, budget, of), []
    plan.folds([0.01] * len(plan.probes))
    while (candidate := plan.ask()) is not None:
        number = len(found)
        found.append(candidate)
        plan.tell(Bag(candidate, margins(of, number, noises(number))))
    return found


def work(units: int) -> Budget:
    return Budget.begin(Limits(work=units), units)


def test_after_the_list_come_others_near_the_members_of_the_ensemble():
    found = searched(material(), work(8), Portfolio(LISTED, goes_on=True), lambda i: 2.0 - 0.2 * i)

    assert found[:2] == list(LISTED)
    assert len({one.name for one in found}) == 8
    for one in found[2:]:
        parent, _, number = one.name.rpartition("-")
        assert int(number) >= 1
        assert parent in {before.name for before in found}


def test_the_same_seed_and_outcomes_give_the_same_candidates():
    portfolio = Portfolio(LISTED, goes_on=True)

    once, again = (searched(material(), work(9), portfolio, lambda _: 1.0) for _ in range(2))

    assert once == again


@pytest.mark.parametrize("rows", [100, 500, 2_500])
def test_a_search_in_which_nothing_is_gained_ends_sooner_with_fewer_rows(rows):
    portfolio = Portfolio(LISTED, goes_on=True)

    found = searched(material(rows), work(1_000), portfolio, lambda i: 0.5 if i == 0 else 20.0)

    assert len(found) == 1 + np.ceil(patience(rows))


def test_patience_is_that_of_the_published_stops():
    assert [round(patience(rows)) for rows in (20, 100, 500, 2_500)] == [4, 4, 8, 15]


def test_a_list_of_named_members_is_all_that_is_tried():
    portfolio = chosen([LISTED[1].name, "lightgbm-3", "gone"])

    found = searched(material(), work(50), portfolio, lambda _: 1.0)

    assert [one.name for one in found] == ["lightgbm", "lightgbm-3"]


def test_nothing_is_begun_for_which_no_time_is_left():
    spent = replace(Budget.begin(Limits(time=1.0), 2), started=time.monotonic() - 10)

    found = searched(material(), spent, Portfolio(LISTED, goes_on=True), lambda _: 1.0)

    assert [one.name for one in found] == ["linear"]


def test_under_a_clock_nets_of_few_rows_and_many_classes_come_before_more_trees():
    rows = np.arange(300)
    many = replace(material(300), targets=Targets(rows % 3, np.ones(300), ClassLoss(3)))
    budget, listed = Budget.begin(Limits(time=1e6), 12), chosen([])

    plans = [Plan(listed, budget, of) for of in (many, material(300))]
    classes, two = ([plan.ask().name for _ in PORTFOLIO] for plan in plans)

    assert classes[:5] == ["linear", "lightgbm", "net", "net-pieces", "catboost"]
    assert two == [one.name for one in PORTFOLIO]


def test_unknown_names_alone_are_as_no_names():
    assert chosen(["gone", "gone-4"]) == chosen([]) == Portfolio(PORTFOLIO, goes_on=True)


@example(next(one for one in MOVABLE if one.name == "catboost-deep"), [400])  # back where it began
@given(st.sampled_from(MOVABLE), st.lists(st.integers(1, 500), min_size=1, max_size=3))
def test_a_name_alone_says_what_is_tried_and_it_is_within_the_spans(listed, numbers):
    found = listed
    for number in numbers:
        found = near(found, number)

    assert chosen([found.name]).listed == (found,)
    assert found.settings.keys() >= listed.settings.keys()
    assert dict(found.settings) != dict(listed.settings) or len(numbers) > 1
    for key, span in found.family.spans.items():
        if found.settings.get(key) != listed.settings.get(key):
            assert span.low <= found.settings[key] <= span.high


@given(st.floats(0, 1), st.booleans(), st.booleans())
def test_a_span_gives_back_the_place_of_its_values(place, log, whole):
    span = Span(2, 200, log=log, whole=whole)

    value = span.at(place)

    assert 2 <= value <= 200
    assert isinstance(value, int) == whole
    assert whole or span.place(value) == pytest.approx(place, abs=1e-3)


def test_what_only_fits_the_rows_that_choose_is_no_gain():
    few = material(120)
    gains = Gains(few.targets, price=0.0, seed=0)
    rng = np.random.default_rng(1)
    gains.add("good", (1.5 * (2.0 * few.targets.y - 1) + rng.normal(0, 1.5, 120))[:, None], 10)

    helped = 0
    for number in range(40):
        gains.add(f"noise-{number}", rng.normal(0, 1.0, (120, 1)), 10)
        helped += gains.idle == 0

    assert helped <= 4


def test_a_member_that_helps_is_seen_and_weighed():
    of = targets(2_000)
    sign = 2.0 * of.y - 1
    rng = np.random.default_rng(1)
    gains = Gains(of, price=0.0, seed=0)

    for name in ("first", "second"):
        gains.add(name, (sign + rng.normal(0, 1.5, len(sign)))[:, None], 10)
        assert gains.idle == 0

    assert gains.weights.keys() == {"first", "second"}
    assert sum(gains.weights.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("by", ["groups", "time"])
def test_what_only_fits_the_groups_or_the_moments_that_choose_is_seldom_a_gain(by):
    of, many = targets(1_200), np.repeat(np.arange(24), 50)

    def helpful(seed: int, **apart: np.ndarray) -> int:
        """Of ten candidates that move whole groups at random, those that are taken for better."""
        rng = np.random.default_rng(seed)
        good = 1.5 * (2.0 * of.y - 1) + rng.normal(0, 2.0, 24)[many]
        gains, found = Gains(of, price=0.0, seed=0, **apart), 0
        gains.add("good", good[:, None], 10)
        for number in range(10):
            gains.add(f"moved-{number}", (good + rng.normal(0, 1.5, 24)[many])[:, None], 10)
            found += gains.idle == 0
        return found

    mixed = sum(helpful(seed) for seed in range(3))
    apart = sum(helpful(seed, **{by: many}) for seed in range(3))

    assert apart < mixed / 2
    assert mixed > 6


@pytest.mark.parametrize(("prefer", "taken"), [("accuracy", True), ("latency", False)])
def test_what_costs_more_than_the_user_would_pay_for_it_is_no_gain(prefer, taken):
    of, portfolio = material(), replace(chosen([]), price=Preference(prefer).price)
    plan = Plan(portfolio, work(5), of)

    plan.tell(Bag(LISTED[0], margins(of, 0, 2.0), cost=10))
    plan.tell(Bag(LISTED[1], margins(of, 1, 1.9), cost=5_000))

    assert ("lightgbm" in plan.members) == taken


def test_a_limit_in_milliseconds_looks_for_the_most_accurate_first():
    assert Preference("latency", latency_limit=2.0).price == Preference("accuracy").price


def test_as_good_for_fewer_trees_is_a_gain_where_trees_are_dear():
    of = targets(2_000)
    margin = (2.0 * of.y - 1 + np.random.default_rng(1).normal(0, 1.5, 2_000))[:, None]

    helped = {}
    for prefer in ("accuracy", "latency"):
        gains = Gains(of, price=Preference(prefer).price, seed=0)
        gains.add("large", margin, 2_000)
        gains.add("small", margin, 1_000)
        helped[prefer] = gains.idle == 0

    assert helped == {"accuracy": False, "latency": True}
