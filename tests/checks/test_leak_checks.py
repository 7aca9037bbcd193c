"""Columns that give the target away, alone, together, or by being there."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from check_tables import ROWS, checked, classes, noise, of, only, random
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom import CHURN


def telco(*names: str) -> dict[str, list[str]]:
    """Columns of the churn table, as written."""
    with CHURN.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name].strip() for row in rows] for name in names}


def test_total_charges_with_tenure_gives_monthly_charges_away() -> None:
    columns = telco("tenure", "TotalCharges", "gender", "Contract", "InternetService")
    charges = np.asarray(telco("MonthlyCharges")["MonthlyCharges"], dtype=float)

    found = checked(columns, charges)

    one = only(found, "leak_together")
    assert set(one.columns) == {"tenure", "TotalCharges"}
    assert one.found.startswith("TotalCharges / tenure gives y away: r2 0.9")
    assert one.done == "kept"
    assert one.key == 'exclude = ["TotalCharges"]'
    assert found.left_out == ()


def test_without_the_leak_monthly_charges_are_not_given_away() -> None:
    columns = telco("tenure", "gender", "Contract", "PaymentMethod")
    charges = np.asarray(telco("MonthlyCharges")["MonthlyCharges"], dtype=float)

    found = checked(columns, charges)

    assert of(found, "leak") + of(found, "leak_together") == []


@pytest.mark.parametrize("sign", ["+", "-"])
def test_parts_that_add_up_to_the_target_are_left_out(sign: str) -> None:
    columns = noise()
    target = columns["a"] + columns["b"] if sign == "+" else columns["a"] - columns["b"]

    found = checked(columns, target)

    one = only(found, "leak_together")
    assert f"a {sign} b is y in 100.0% of rows" in one.found
    assert set(found.left_out) == {"a", "b"}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), sign=st.sampled_from(["*", "/"]))
def test_products_and_ratios_are_seen_whatever_the_numbers(seed: int, sign: str) -> None:
    rng = random(seed)
    a, b = rng.uniform(1, 9, ROWS), rng.uniform(1, 9, ROWS)
    target = a * b if sign == "*" else a / b

    found = checked({"a": a, "b": b, "other": rng.normal(size=ROWS)}, target)

    assert set(only(found, "leak_together").columns) == {"a", "b"}


def test_three_parts_of_the_target_are_seen() -> None:
    rng = random()
    parts = {name: rng.uniform(0, 10, ROWS) for name in ("fare", "tolls", "tax")}

    one = only(checked(noise() | parts, sum(parts.values())), "leak_together")

    assert set(one.columns) == set(parts)


def test_two_classes_looked_up_together_are_seen() -> None:
    rng = random()
    left, right = rng.integers(0, 2, 2000), rng.integers(0, 2, 2000)
    columns = noise(2000) | {"left": left, "right": right}

    one = only(checked(columns, np.where(left ^ right, "odd", "even").tolist()), "leak_together")

    assert set(one.columns) == {"left", "right"}


def test_the_target_under_another_name_is_left_out() -> None:
    columns = noise()
    labels = classes(columns)
    columns["code"] = np.where(np.asarray(labels) == "yes", 7, 3)

    found = checked(columns, labels)

    assert only(found, "recoded_target").columns == ("code",)
    assert found.left_out == ("code",)


def test_a_number_in_another_unit_is_the_target() -> None:
    columns = noise()
    celsius = random(3).normal(size=ROWS)

    found = checked(columns | {"fahrenheit": celsius * 1.8 + 32}, celsius)

    assert found.left_out == ("fahrenheit",)


def test_a_column_that_is_nearly_right_alone_is_kept_and_told_loudly() -> None:
    columns = noise()
    target = random(3).normal(size=ROWS)
    columns["paid"] = target + 0.1 * random(4).normal(size=ROWS)

    found = checked(columns, target)

    one = only(found, "leak")
    assert (one.columns, one.done, one.severity) == (("paid",), "kept", "warning")
    assert one.numbers["low"] <= one.numbers["score"] <= one.numbers["high"]
    assert one.numbers["n"] == ROWS
    assert found.left_out == ()


def test_a_column_that_tells_one_of_three_classes_is_told() -> None:
    rng = random()
    labels = rng.choice(["negative", "positive", "invalid"], 1500)
    cycles = np.where(labels == "positive", rng.uniform(10, 40, 1500), 45.0)

    one = only(checked(noise(1500) | {"ct": cycles}, labels.tolist()), "leak")

    assert "whether y is positive" in one.found


def test_a_strong_but_honest_column_is_not_called_a_leak() -> None:
    columns = noise()
    target = columns["a"] + 0.5 * random(3).normal(size=ROWS)

    assert of(checked(columns, target), "leak") == []


def test_a_value_that_is_there_only_after_the_outcome_is_told() -> None:
    columns = noise()
    labels = classes(columns)
    left = np.where(np.asarray(labels) == "yes", random(3).normal(size=ROWS), np.nan)
    anyway = np.where(random(4).random(ROWS) < 0.5, np.nan, 1.5 * random(5).normal(size=ROWS))

    found = checked(columns | {"left_on": left, "income": anyway}, labels)

    assert only(found, "filled_later").columns == ("left_on",)


def test_a_moment_after_another_one_is_told() -> None:
    columns = noise()
    start = np.datetime64("2024-01-01T00:00") + random().integers(0, 10**6, ROWS).astype("m8[s]")
    end = start + random(1).integers(60, 7200, ROWS).astype("m8[s]")
    moments = {"pickup": start.astype("M8[us]"), "arrival": end.astype("M8[us]")}

    one = only(checked(columns | moments, classes(columns)), "later_moment")

    assert one.columns == ("arrival",)


def test_names_are_only_a_hint() -> None:
    columns = noise() | {"paid_total": random(3).normal(size=ROWS)}

    one = only(checked(columns, classes(columns)), "name_hints")

    assert (one.columns, one.severity, one.done) == (("paid_total",), "note", "kept")


def test_a_ratio_is_seen_within_each_value_of_a_third_column() -> None:
    rng = random()
    rate, months = rng.uniform(5, 30, 2000), rng.choice([36.0, 60.0], 2000)
    amount = rng.uniform(1000, 40000, 2000)
    monthly = rate / 1200
    columns = noise(2000) | {
        "amount": amount,
        "term": months,
        "instalment": amount * monthly / (1 - (1 + monthly) ** -months),
    }

    one = only(checked(columns, rate), "leak_together")

    assert set(one.columns) == {"amount", "instalment", "term"}
    assert " with term gives y away: r2 0.9" in one.found
    assert one.done == "kept"
    assert one.key.startswith("exclude = [")


def test_a_total_is_seen_where_fees_that_the_table_lacks_are_left_over() -> None:
    rng = random()
    tip = np.round(rng.gamma(2.0, 1.5, 3000), 2)
    fare, tolls = np.round(rng.gamma(3.0, 4.0, 3000), 1), rng.integers(0, 12, 3000) * 0.5
    fees = rng.choice([0.8, 1.3, 3.3, 3.8], 3000)
    columns = noise(3000) | {"fare": fare, "tolls": tolls, "total": tip + fare + tolls + fees}

    one = only(checked(columns, tip), "leak_together")

    assert one.found.startswith("total - fare - tolls is y but for a remainder")
    assert one.key == 'exclude = ["total"]'


def test_an_honest_sum_is_not_called_a_leak() -> None:
    columns = noise() | {"third": random(4).normal(size=ROWS)}
    target = np.round(columns["a"] + columns["b"] + columns["third"] + random(3).normal(size=ROWS))

    assert of(checked(columns, target), "leak_together") == []
