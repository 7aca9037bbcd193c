"""What a profile says of columns together: associations, changes over time, rows that repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.data.profile import profile
from twinkeel.data.table import Table
from twinkeel.errors import InputError

RNG = np.random.default_rng(3)
N = 2000


def words(codes: np.ndarray, *names: str) -> np.ndarray:
    return np.array(names, dtype=object)[codes]


def test_associations_have_a_sign_where_the_target_has_an_order() -> None:
    chance = RNG.random(N)
    left = words((chance < 0.2).astype(int), "No", "Yes")
    plan = words((chance < 0.5).astype(int), "gold", "tin")
    table = Table({"bad": chance, "good": -chance, "noise": RNG.random(N), "plan": plan, "y": left})
    seen = {column.name: column.association for column in profile(table, target="y").columns}
    assert seen["bad"] is not None
    assert seen["bad"].measure == "Spearman"
    assert seen["bad"].value < -0.6  # the rarer class, Yes, is where the value is low
    assert seen["good"] is not None
    assert seen["good"].value == pytest.approx(-seen["bad"].value)
    assert seen["noise"] is not None
    assert abs(seen["noise"].value) < 0.1
    assert seen["plan"] is not None
    assert (seen["plan"].measure, seen["plan"].value > 0.4) == ("Cramer's V", True)


def test_a_grouping_that_says_nothing_of_a_number_has_a_ratio_near_zero() -> None:
    many = words(RNG.integers(0, 100, N), *[f"g{k}" for k in range(100)])
    table = Table({"many": many, "y": RNG.random(N)})
    found = profile(table, target="y").columns[0].association
    assert found is not None
    assert found.measure == "correlation ratio"
    assert found.value < 0.15  # without the correction it would be 0.22


def test_a_column_that_changes_over_time_is_found_and_one_that_does_not_is_not() -> None:
    day = np.datetime64("2024-01-01", "us") + np.arange(N) * np.timedelta64(1, "h")
    late = np.arange(N) >= 1500
    price = RNG.normal(size=N) + 5 * late
    new = words(late.astype(int), "web", "shop")
    table = Table({"price": price, "still": RNG.random(N), "place": new, "day": day})
    seen = profile(table, time="day")
    price_change, still, place = (column.change for column in seen.columns[:3])
    assert [block.rows for block in seen.blocks] == [400] * 5
    assert price_change is not None
    assert (price_change.what, price_change.size > 0.4) == ("median", True)
    assert price_change.values[-1] > price_change.values[0] + 3
    assert still is not None
    assert still.size < 0.1
    assert place is not None
    assert place.what in ("web", "shop")
    assert {place.values[0], place.values[-1]} == {0.0, 1.0}


def test_a_count_of_days_is_time_in_its_own_order() -> None:
    day = np.arange(N) // 10
    price = RNG.normal(size=N) + 5 * (day >= 150)
    order = RNG.permutation(N)
    seen = profile(Table({"price": price[order], "day": day[order]}), time="day")
    assert [(block.start, block.stop) for block in seen.blocks][:2] == [("0", "39"), ("40", "79")]
    assert seen.columns[0].change is not None
    assert seen.columns[0].change.size > 0.4


def test_rows_that_repeat_are_counted_and_outliers_are_far_out() -> None:
    number = np.r_[np.arange(100.0), 10_000.0, np.nan, np.nan]
    table = Table({"x": number, "y": words(np.arange(103) % 2, "a", "b")})
    assert profile(table).duplicates == 0  # the two missing values are beside a and b
    twice = table.take(np.r_[np.arange(103), [5, 5, 102]])
    seen = profile(twice)
    assert seen.duplicates == 3
    assert seen.columns[0].outliers == 1


def test_texts_keep_their_lengths_and_no_single_persons_words() -> None:
    notes = [f"customer {k} said a thing that is theirs" for k in range(300)] + ["called"] * 30
    table = Table({"note": np.array(notes, dtype=object)})
    (column,) = profile(table).columns
    assert column.type == "text"
    assert [one.value for one in column.top] == ["called"]
    assert (column.lengths["0"], column.lengths["1"]) == (6, 40)


@pytest.mark.parametrize("cells", [[None], ["a"], [None, None, None], ["x", "x"], [1.0], [np.nan]])
def test_columns_with_nothing_in_them_have_a_profile(cells: list[object]) -> None:
    kind = float if isinstance(cells[0], float) else object
    column = np.array(cells, dtype=kind)
    table = Table({"x": column, "y": column, "t": np.arange(1990, 1990 + len(cells)).astype(str)})
    seen = profile(table, target="y", time="t")
    assert seen.columns[0].missing + seen.columns[0].distinct <= len(cells)
    assert profile(Table({"x": column[:0]})).rows == 0


def test_a_name_that_the_table_lacks_is_refused() -> None:
    table = Table({"price": np.arange(3.0)})
    with pytest.raises(InputError, match="no column 'prize' for its target; did you mean 'price'"):
        profile(table, target="prize")
    with pytest.raises(InputError, match="time 'place' holds neither dates nor numbers"):
        profile(Table({"place": words(np.arange(3) % 2, "a", "b")}), time="place")


cell = st.one_of(st.none(), st.sampled_from(["", "a", "b", "1", "2.5", "2024-01-01", "?"]))


@given(st.lists(st.tuples(cell, cell, cell), max_size=25))
def test_any_table_of_texts_has_a_profile(rows: list[tuple[str | None, ...]]) -> None:
    cells = np.array([list(row) for row in rows] or np.empty((0, 3)), dtype=object)
    table = Table({name: cells[:, k] for k, name in enumerate("xyz")})
    seen = profile(table, target="z")
    for column in seen.columns:
        assert 0 <= column.missing + column.distinct <= max(len(rows), 0)
        assert column.association is None or -1 <= column.association.value <= 1
    assert 0 <= seen.duplicates <= max(0, len(rows) - 1)


def test_the_time_is_not_compared_with_itself_and_plain_dates_stay_plain() -> None:
    start = np.datetime64("2024-01-01", "us")
    days = start + np.arange(1000) * np.timedelta64(1, "D")
    table = Table({"day": days, "due": days + np.timedelta64(3, "D"), "x": RNG.random(1000)})
    day, due, _ = profile(table, time="day").columns
    assert day.change is None
    assert due.change is not None
    written = [*due.change.values, due.mean, *due.quantiles.values()]
    assert [len(str(one)) for one in written] == [len("2024-01-01")] * len(written)
