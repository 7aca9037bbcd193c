"""A table's profile: counts that add up, on the types that the contract reads."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.data.contract import infer
from twinkeel.data.profile import Count, Profile, profile
from twinkeel.data.table import Table, from_rows


def test_a_profile_counts_what_is_there() -> None:
    plans = ["gold", "gold", "silver", None, "gold"]
    rows = [
        {"age": age, "plan": plan, "since": f"2024-05-0{k}", "left": left}
        for k, (age, plan, left) in enumerate(
            zip([20, None, 40, 30, 20], plans, ["Yes", "No", "No", "No", "No"], strict=True), 1
        )
    ]
    table = from_rows(rows)
    seen = profile(table, infer(table, exclude=["left"]).contract, target="left")
    age, plan, since = seen.columns
    assert (age.missing, age.distinct, age.low, age.high, age.mean) == (1, 3, 20, 40, 27.5)
    assert sum(one.count for one in age.bins) == 4
    assert plan.top == (Count(value="gold", count=3), Count(value="silver", count=1))
    assert (since.low, since.quantiles["0.5"]) == ("2024-05-01", "2024-05-03")
    assert seen.target is not None
    assert seen.target.top == (Count(value="No", count=4), Count(value="Yes", count=1))
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Profile) == seen


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
def test_any_numbers_have_a_profile_whose_counts_add_up(values: list[float]) -> None:
    table = Table({"x": np.array(values)})
    for column in profile(table, infer(table).contract).columns:
        if column.bins:
            assert sum(one.count for one in column.bins) + column.missing == len(values)
        if column.type != "boolean":
            assert column.low <= column.quantiles["0.5"] <= column.high


@given(st.lists(st.datetimes(), min_size=2, max_size=20))
def test_any_dates_have_a_profile(moments: list[dt.datetime]) -> None:
    table = Table({"x": np.array(moments, dtype="datetime64[us]")})
    for column in profile(table, infer(table).contract).columns:
        assert sum(one.count for one in column.bins) == len(moments)
        assert column.low <= column.high


def test_a_constant_or_absent_column_does_not_break_a_profile() -> None:
    contract = infer(Table({"x": np.array([1.5, np.nan, 2.5]), "y": np.array([1, 2, 3])})).contract
    later = Table({"x": np.array([np.nan, np.nan]), "y": np.array([5, 5])})
    x, y = profile(later, contract, target="y").columns
    assert (x.missing, x.distinct, x.bins) == (2, 0, ())
    assert (y.distinct, [one.count for one in y.bins]) == (1, [2])


def test_ids_of_eighteen_digits_are_all_different() -> None:
    ids = np.array([10**17 + k for k in range(600)])
    column = profile(Table({"code": ids})).columns[0]
    assert (column.type, column.distinct) == ("text", 600)
