"""What is held out depends on the row and the key alone, whatever else is in the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.data.split import Split, SplitOptions, split
from twinkeel.data.table import Table, concatenate, from_rows
from twinkeel.errors import ContractError

rows_of_cells = st.fixed_dictionaries(
    {
        "id": st.integers(0, 30),
        "group": st.sampled_from(["a", "b", "c", "d"]),
        "x": st.sampled_from(["", "1", "2.50", "red"]),
    }
)
tables = st.lists(rows_of_cells, min_size=1, max_size=40)
choices = st.sampled_from([SplitOptions(), SplitOptions(id="id"), SplitOptions(group="group")])


def sides(result: Split) -> dict[str, set[bool]]:
    """Each unit's sides."""
    found: dict[str, set[bool]] = {}
    for unit, held_out in zip(result.units, result.held_out.tolist(), strict=True):
        found.setdefault(unit, set()).add(held_out)
    return found


@given(rows=tables, more=tables, options=choices)
def test_added_rows_never_move_a_row_across(
    rows: list[dict[str, Any]], more: list[dict[str, Any]], options: SplitOptions
) -> None:
    table = from_rows(rows)
    before = split(table, options=options, key="k")
    after = split(concatenate([table, from_rows(more)]), options=options, key="k")
    assert after.units[: len(rows)] == before.units
    assert after.held_out[: len(rows)].tolist() == before.held_out.tolist()


@given(rows=tables, options=choices, data=st.data())
def test_a_unit_is_on_one_side_whatever_the_order_of_rows_and_columns(
    rows: list[dict[str, Any]], options: SplitOptions, data: st.DataObject
) -> None:
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    table = from_rows(rows)
    result = split(table, options=options, key="k")
    turned = Table({name: table.columns[name][order] for name in reversed(table.names)})
    again = split(turned, options=options, key="k")
    assert all(len(side) == 1 for side in sides(result).values())
    assert again.units == [result.units[position] for position in order]
    assert again.held_out.tolist() == result.held_out[order].tolist()


@given(rows=tables)
def test_groups_ids_and_duplicates_never_straddle(rows: list[dict[str, Any]]) -> None:
    table = from_rows(rows)
    for options, of in (
        (SplitOptions(), lambda row: (row["id"], row["group"], row["x"])),
        (SplitOptions(id="id"), lambda row: row["id"]),
        (SplitOptions(group="group", id="id"), lambda row: row["group"]),
    ):
        result = split(table, options=options, key="k")
        units: dict[Any, set[str]] = {}
        for row, unit in zip(rows, result.units, strict=True):
            units.setdefault(of(row), set()).add(unit)
        assert all(len(found) == 1 for found in units.values())
        assert len({next(iter(found)) for found in units.values()}) == len(units)


@given(rows=tables, options=choices)
def test_ids_are_unique(rows: list[dict[str, Any]], options: SplitOptions) -> None:
    ids = split(from_rows(rows), options=options, key="k").ids
    assert len(set(ids)) == len(rows)


def test_a_repeated_id_is_numbered_without_taking_anothers_name() -> None:
    table = from_rows([{"id": "a"}, {"id": "a"}, {"id": "a-2"}, {"id": ""}])
    first, second, third, fourth = split(table, options=SplitOptions(id="id"), key="k").ids
    assert (first, second, third) == ("a", "a-3", "a-2")
    assert len(fourth) == 16


def test_the_share_is_kept_and_the_key_decides() -> None:
    table = Table({"id": np.arange(5000)})
    one = split(table, options=SplitOptions(id="id"), key="one")
    other = split(table, options=SplitOptions(id="id"), key="other")
    assert 0.18 < one.held_out.mean() < 0.22
    assert 0.02 < (one.held_out & other.held_out).mean() < 0.06
    assert split(table, options=SplitOptions(id="id"), key="one", share=0).held_out.sum() == 0


def test_the_same_content_is_the_same_unit_however_it_is_typed() -> None:
    text = from_rows([{"a": "1", "b": "2.50", "c": "", "d": "2024-05-31", "e": "True"}])
    typed = Table(
        {
            "e": np.array([True]),
            "d": np.array(["2024-05-31"], dtype="datetime64[us]"),
            "c": np.array([np.nan]),
            "b": np.array([2.5]),
            "a": np.array([1.0]),
        }
    )
    units = [split(one, options=SplitOptions(), key="k").units for one in (text, typed)]
    assert units[0] == units[1]


def test_long_numbers_that_differ_in_the_last_digit_are_two_units() -> None:
    table = from_rows([{"id": "12345678901234567890"}, {"id": "12345678901234567891"}])
    assert len(set(split(table, options=SplitOptions(), key="k").units)) == 2


@settings(max_examples=50)
@given(
    days=st.lists(st.integers(0, 3000), min_size=2, max_size=40),
    share=st.sampled_from([0.1, 0.2, 0.5]),
)
def test_a_forward_split_judges_on_what_comes_later(days: list[int], share: float) -> None:
    moments = np.datetime64("2020-01-01") + np.array(days)
    table = Table({"t": moments.astype("datetime64[us]"), "x": np.arange(len(days))})
    result = split(table, options=SplitOptions(time="t"), key="k", share=share)
    assert result.times is not None
    assert result.cutoff is not None
    assert result.held_out.tolist() == [time > result.cutoff for time in result.times]
    assert result.held_out.sum() <= share * len(days) + 1
    assert len(set(result.units)) == len(days)


def test_times_may_be_texts_or_years() -> None:
    texts = ["31/12/2023", "01/02/2024", "13/02/2024", "01/03/2024", "05/03/2024"]
    for cells, cutoff in ((texts, "2024-03-01"), ([2001, 2002, 2003, 2004, 2005], "2004-01-01")):
        table = from_rows([{"t": cell} for cell in cells])
        result = split(table, options=SplitOptions(time="t"), key="k")
        assert (result.cutoff, result.held_out.tolist()) == (cutoff, [False] * 4 + [True])


@pytest.mark.parametrize("write", [int, float, str, lambda day: f"{day}.50"])
def test_numbers_are_moments_in_their_own_order(write: Callable[[int], object]) -> None:
    days = [8, 9, 10, 99, 100]  # as texts, 8 would be the latest
    table = from_rows([{"t": write(day), "x": "same"} for day in days])
    result = split(table, options=SplitOptions(time="t"), key="k")
    assert result.held_out.tolist() == [False] * 4 + [True]
    assert result.cutoff == float(str(write(99)))
    assert result.times == [float(str(write(day))) for day in days]


def test_the_rule_of_dates_is_as_ever_and_that_of_numbers_another() -> None:
    dates, years, numbers = (
        split(
            from_rows([{"t": cell, "x": x} for x, cell in enumerate(cells, start=1)]),
            options=SplitOptions(time="t"),
            key="k",
        )
        for cells in (
            [f"2024-01-0{day}" for day in range(1, 6)],
            ["2001", "2002", "2003", "2004", "2005"],
            [1, 2, 3, 4, 5],
        )
    )
    assert dates.rule == years.rule == "d7c502947c8faffb"
    assert dates.units[0] == "53ef7d7e39346331"
    assert numbers.rule != dates.rule


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (SplitOptions(id="idd"), "There is no column 'idd'; did you mean 'id'?"),
        (SplitOptions(group="g"), "There is no column 'g'"),
        (SplitOptions(time="name"), "The time column name must hold dates, years or numbers"),
        (SplitOptions(time="when"), "Row 2, column when: the time is missing"),
    ],
)
def test_a_column_that_cannot_serve_gets_its_sentence(options: SplitOptions, sentence: str) -> None:
    table = from_rows(
        [{"id": 1, "name": "x", "when": "2024-05-31"}, {"id": 2, "name": "y", "when": ""}]
    )
    with pytest.raises(ContractError) as caught:
        split(table, options=options, key="k")
    assert sentence in str(caught.value)
