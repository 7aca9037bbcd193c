"""Scores without labels: each kind's own, near what labels say, and drift of their meaning."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from telecom import churn_lines
from twinkeel.kinds.base import Kind
from twinkeel.kinds.classifier.kind import Classifier
from twinkeel.kinds.regressor.kind import Regressor
from twinkeel.kinds.signals import Calls
from twinkeel.lifecycle.budget import Budget
from twinkeel.lifecycle.estimates import coverage, estimate
from twinkeel.lifecycle.promises import promises
from twinkeel.lifecycle.traffic import CELLS, Column, Reference, Scored, Traffic
from twinkeel.records import Estimate, Field, Signature
from twinkeel.stats.bins import as_numbers, number_bins

DAY = 86_400.0
Made = Callable[[np.ndarray, np.random.Generator], tuple[Calls, list[Any]]]
BUDGET = Budget(false_alarms=1, minimum=100, seen=0)


def amounts(x: np.ndarray, rng: np.random.Generator) -> tuple[Calls, list[float]]:
    """A regressor's calls: errors grow with x, and intervals say so."""
    scale = np.exp(0.5 * x)
    truth = 2 * x + rng.normal(0, scale)
    outputs = [
        {"prediction": p, "low": p - 1.645 * s, "high": p + 1.645 * s}
        for p, s in zip((2 * x).tolist(), scale.tolist(), strict=True)
    ]
    fields = tuple(Field(name=name, type="number") for name in ("prediction", "low", "high"))
    return Calls(Signature(inputs=(), outputs=fields), {}, outputs), truth.tolist()


def classes(x: np.ndarray, rng: np.random.Generator) -> tuple[Calls, list[str]]:
    """A classifier's calls, with probabilities that are right."""
    chance = 1 / (1 + np.exp(-2 * x))
    truth = np.where(rng.random(len(x)) < chance, "yes", "no")
    outputs = [
        {"prediction": "yes" if p > 0.5 else "no", "probabilities": {"no": 1 - p, "yes": p}}
        for p in chance.tolist()
    ]
    names = ("prediction", "probabilities.no", "probabilities.yes")
    fields = tuple(Field(name=name, type="number") for name in names)
    return Calls(Signature(inputs=(), outputs=fields), {}, outputs), truth.tolist()


def traffic(
    kind: Kind[Any], made: Made, shift: float, *, labels: bool, turned: bool = False
) -> Traffic:
    """Two days of 1,500 calls whose input has moved by `shift`."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=4_000), rng.normal(shift, 1, size=3_000)
    then, cases = made(x, rng)
    now, truth = made(-y if turned else y, rng)
    now = made(y, np.random.default_rng(0))[0]
    bins, losses = number_bins(x), as_numbers(kind.losses(then, cases) or [])
    return Traffic(
        reference=Reference(then, (), losses, scored(kind, then, cases)),
        columns=(Column("input", "x", bins, bins.code(x), bins.code(y), 2),),
        cells=np.repeat(np.arange(2) * CELLS, 1_500),
        losses=np.full(3_000, np.nan),
        scores=scored(kind, now, truth if labels else None),
        cycle=DAY, start="2026-01-01T00:00:00+00:00", cycles=2,
        answered=np.empty(0), unanswered={}, matured=3_000,
    )  # fmt: skip


def scored(kind: Kind[Any], calls: Calls, labels: list[Any] | None) -> tuple[Scored, ...]:
    nothing = np.full(len(calls), np.nan)
    return tuple(
        Scored(one.name, one.form, as_numbers(one.expected),
               nothing if one.found is None else as_numbers(one.found))
        for one in kind.scores(calls, labels)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "made", "names"),
    [
        (Regressor(), amounts, ["rmse", "mae"]),
        (Classifier(), classes, ["roc_auc", "log_loss", "accuracy"]),
    ],
)
def test_scores_of_a_shifted_window_are_found_without_its_labels(
    kind: Kind[Any], made: Made, names: list[str]
) -> None:
    before = estimate(traffic(kind, made, 0.7, labels=False), BUDGET, ())

    after = estimate(traffic(kind, made, 0.7, labels=True), BUDGET, before)

    assert [one.name for one in before] == 2 * names
    assert all(one.realised is None for one in before)
    assert [one.value for one in after] == [one.value for one in before]
    assert sum(bool(one.held) for one in after) >= len(after) - 1
    assert sum(nearer(one) for one in after) >= len(after) - 1


def nearer(one: Estimate) -> bool:
    assert one.realised is not None
    return abs(one.value - one.realised) < abs(one.reference - one.realised)


def test_what_labels_turn_against_is_told_by_the_score_that_they_refute() -> None:
    turned = traffic(Classifier(), classes, 0.7, labels=True, turned=True)
    made = [one for _ in range(4) for one in estimate(turned, BUDGET, ())]

    found = coverage(made, BUDGET, DAY)

    assert found is not None
    assert found.state == "alarm"
    assert "what the inputs mean has changed" in found.sentence


def test_amounts_whose_intervals_no_longer_hold_are_told() -> None:
    turned = traffic(Regressor(), amounts, 1.0, labels=True, turned=True)
    kept = traffic(Regressor(), amounts, 1.0, labels=True)

    states = {one.name: (one.state, one.size) for one in promises(turned, BUDGET)}

    assert [one.state for one in promises(kept, BUDGET)] == ["quiet", "quiet"]
    assert states["coverage"][0] == "alarm"
    assert (states["coverage"][1] or 0) < -0.2


def test_with_few_labels_no_promise_is_judged() -> None:
    none = traffic(Regressor(), amounts, 0.0, labels=False)

    found = promises(none, BUDGET)

    assert [one.name for one in found] == ["bias", "coverage"]
    assert {one.state for one in found} == {"cannot judge"}
    assert "100 of each are needed" in found[0].sentence


def test_a_row_left_to_a_person_has_no_accuracy() -> None:
    made, _ = classes(np.asarray([0.1, 2.0]), np.random.default_rng(0))
    outputs = [{**made.outputs[0], "prediction": None}, made.outputs[1]]
    calls = Calls(made.signature, {}, outputs)

    found = {one.name: one.found for one in Classifier().scores(calls, ["yes", "yes"])}

    assert np.isnan(np.asarray(found["accuracy"])).tolist() == [True, False]
    assert np.isfinite(np.asarray(found["log_loss"])).all()


def few_labels(of: Traffic, share: float, seed: int = 0) -> Traffic:
    """The same calls, of which a share has a label."""
    there = np.random.default_rng(seed).random(len(of.cells)) < share
    scores = [replace(one, found=np.where(there, one.found, np.nan)) for one in of.scores]
    return replace(of, scores=tuple(scores))


def test_a_window_is_graded_once_however_many_labels_come_later() -> None:
    whole = traffic(Classifier(), classes, 0.7, labels=True)

    first = estimate(few_labels(whole, 0.6), BUDGET, ())
    later = estimate(whole, BUDGET, first)

    assert all(one.realised is not None for one in first)
    assert later == first


def test_no_window_is_graded_before_all_its_labels_have_had_their_time() -> None:
    whole = traffic(Classifier(), classes, 0.7, labels=True)

    young = estimate(replace(whole, matured=2_500), BUDGET, ())
    then = estimate(whole, BUDGET, young)

    assert [one.realised is None for one in young] == 3 * [False] + 3 * [True]
    assert all(one.realised is not None for one in then)


def test_labels_of_half_the_calls_are_held_against_a_wider_interval() -> None:
    whole = traffic(Regressor(), amounts, 0.7, labels=True)

    few = estimate(few_labels(whole, 0.55), BUDGET, ())
    all_of_them = estimate(whole, BUDGET, ())

    for one, other in zip(few, all_of_them, strict=True):
        assert one.high - one.low > 1.1 * (other.high - other.low)


def test_a_constant_error_is_gone_after_enough_labels() -> None:
    rng = np.random.default_rng(5)
    kind, days, calls = Regressor(), 20, 200
    whole = traffic(kind, amounts, 0.0, labels=False)
    x = rng.normal(size=days * calls)
    made, truth = amounts(x, rng)
    truth = (2 * x + 2 * (np.asarray(truth) - 2 * x)).tolist()  # twice the error from now on
    day = np.repeat(np.arange(days), calls)
    column = whole.columns[0]
    column = replace(column, now=column.bins.code(x), cycles=days)
    known = scored(kind, made, truth)

    found: tuple[Estimate, ...] = ()
    for today in range(1, days + 1):
        labels = day < today - 1
        past = day < today
        found = estimate(
            replace(
                whole, columns=(replace(column, now=column.now[past]),), cells=day[past] * CELLS,
                losses=np.full(past.sum(), np.nan), cycles=today, matured=int(past.sum()),
                scores=tuple(
                    replace(one, expected=one.expected[past],
                            found=np.where(labels, one.found, np.nan)[past])
                    for one in known
                ),
            ),
            replace(BUDGET, seen=today - 1),
            found,
        )  # fmt: skip

    absolute = [one for one in found if one.name == "mae" and one.realised is not None]
    errors = np.asarray([(one.realised or 0) - one.value for one in absolute])
    assert errors[:4].mean() > 0.5
    assert abs(errors[-10:].mean()) < 0.15 * errors[:4].mean()
    assert sum(bool(one.held) for one in absolute[-10:]) >= 8


def test_estimates_of_an_older_look_are_read_as_they_were() -> None:
    new = estimate(traffic(Regressor(), amounts, 0.7, labels=True), BUDGET, ())
    old = [{name: value for name, value in msgspec.to_builtins(one).items()
            if name not in ("spread", "uncorrected")} for one in new]  # fmt: skip

    read = msgspec.convert(old, tuple[Estimate, ...])

    assert estimate(traffic(Regressor(), amounts, 0.7, labels=True), BUDGET, read) == read


def test_the_area_of_several_classes_is_estimated_as_a_scorecard_has_it() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    inputs, contract = contracts()
    names, rng = sorted(set(contract)), np.random.default_rng(2)
    order = rng.permutation(len(contract))
    learn, then, later = order[:2_000], order[2_000:4_000], order[4_000:]
    model = LogisticRegression(max_iter=2_000).fit(inputs[learn], contract[learn])
    chance = model.predict_proba(inputs)
    bins = [number_bins(column[then]) for column in inputs.T]
    old = later[inputs[later, 0] > 0]  # who has been a customer for longer than most
    days = [rng.choice(old if day % 2 else later, 300, replace=False) for day in range(20)]
    now = np.concatenate(days)
    kind = Classifier()
    reference = calls_of(chance[then], names)
    watched = Traffic(
        reference=Reference(reference, (), None, scored(kind, reference, list(contract[then]))),
        columns=tuple(
            Column("input", str(k), one, one.code(column[then]), one.code(column[now]), 20)
            for k, (one, column) in enumerate(zip(bins, inputs.T, strict=True))
        ),
        cells=np.repeat(np.arange(20) * CELLS, 300),
        losses=np.full(len(now), np.nan),
        scores=scored(kind, calls_of(chance[now], names), list(contract[now])),
        cycle=DAY, start="2026-01-01T00:00:00+00:00", cycles=20,
        answered=np.empty(0), unanswered={}, matured=len(now),
    )  # fmt: skip

    made = [one for one in estimate(watched, BUDGET, ()) if one.name == "roc_auc"]

    real = [roc_auc_score(contract[day], chance[day], multi_class="ovr") for day in days]
    assert [one.realised for one in made] == pytest.approx(real)
    raw = [one.uncorrected or (one.value, one.low, one.high) for one in made]
    assert 16 <= sum(low <= r <= high for (_, low, high), r in zip(raw, real, strict=True)) <= 20
    away = np.abs([value - r for (value, _, _), r in zip(raw, real, strict=True)])
    assert (
        away.mean() < np.abs([one.reference - r for one, r in zip(made, real, strict=True)]).mean()
    )


def contracts() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of real customers, and which of three contracts each has."""
    rows = list(csv.DictReader(churn_lines()))
    numbers = [(float(r["tenure"]), float(r["MonthlyCharges"]), r["Churn"] == "Yes") for r in rows]
    found = np.asarray(numbers, dtype=float)
    return (found - found.mean(axis=0)) / found.std(axis=0), np.asarray(
        [r["Contract"] for r in rows]
    )


def calls_of(chance: np.ndarray, names: list[str]) -> Calls:
    outputs = [
        {
            "prediction": names[int(np.argmax(one))],
            "probabilities": dict(zip(names, one, strict=True)),
        }
        for one in chance.tolist()
    ]
    asked = ("prediction", *(f"probabilities.{name}" for name in names))
    fields = tuple(Field(name=name, type="number") for name in asked)
    return Calls(Signature(inputs=(), outputs=fields), {}, outputs)
