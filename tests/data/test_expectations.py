"""What a team expects of its rows: told of a table, held for every served row, the same in both."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from twinkeel.data.contract import Column, Contract
from twinkeel.data.expectations import Together, violations
from twinkeel.data.table import Table, from_rows
from twinkeel.errors import ConfigError, ContractError
from twinkeel.records import (
    ColumnExpectation,
    Expectations,
    FreshExpectation,
    RowsExpectation,
)

NOW = dt.datetime(2024, 6, 10, tzinfo=dt.UTC)
COLUMNS = (
    Column(name="tenure", type="integer", nullable=True),
    Column(name="plan", type="category", values=("gold", "tin")),
    Column(name="since", type="date", date_format="%d/%m/%Y"),
    Column(name="paid", type="boolean", values=("no", "yes")),
)
EXPECTED = {
    "tenure": ColumnExpectation(min=0, max=72, missing=0),
    "plan": ColumnExpectation(values=("gold", "tin")),
    "since": ColumnExpectation(min="2020-01-01"),
    "paid": ColumnExpectation(values=("yes",)),
}
GOOD = {"tenure": 3, "plan": "gold", "since": "31/05/2024", "paid": "yes"}


def contract(on_violation: Any) -> Contract:
    expected = Expectations(on_violation=on_violation, columns=EXPECTED)
    return Contract(columns=COLUMNS, expectations=expected)


def told(table: Table, **expected: Any) -> tuple[str, ...]:
    return violations(table, [table], Expectations(**expected), source="customers", now=NOW)


def test_every_broken_expectation_is_one_sentence_with_counts_and_first_rows() -> None:
    tenure = np.array(["5", "-1", "99", "x", None, "80", "81", "82"], dtype=object)
    ids = np.array(["a", "b", "a", "c", None, None, "b", "d"], dtype=object)
    since = np.array(["2024-05-01"] * 8, dtype=object)
    table = Table({"tenure": tenure, "id": ids, "since": since})
    assert told(
        table,
        rows=RowsExpectation(min=1000),
        fresh=FreshExpectation(column="since", within="7d"),
        columns={
            "tenure": ColumnExpectation(min=0, max=72, missing=0.1),
            "id": ColumnExpectation(unique=True),
        },
    ) == (
        "expected at least 1,000 rows, and there are 8.",
        "since: expected a date within 7d, and the newest is 2024-05-01.",
        "tenure: expected at most 0.1 of the values to be missing, and 1 of 8 are, the first in "
        "row 5.",
        "tenure: expected at least 0, and 1 of 8 rows breaks it: row 2 has '-1'.",
        "tenure: expected at most 72, and 4 of 8 rows break it: row 3 has '99', row 6 has '80', "
        "row 7 has '81'.",
        "tenure: expected a number, and 1 of 8 rows breaks it: row 4 has 'x'.",
        "id: expected no value twice, and 2 of 8 rows repeat one: row 3 has 'a', row 7 has 'b'.",
    )


def test_what_is_as_expected_is_not_told() -> None:
    rows = [{**GOOD, "tenure": k} for k in range(40)]
    assert told(from_rows(rows), rows=RowsExpectation(min=40, max=40), columns=EXPECTED) == ()
    dated = from_rows([{"since": "01/06/2024"}, {"since": "09/06/2024"}, {"since": "13/05/2024"}])
    fresh = FreshExpectation(column="since", within="2d")
    assert told(dated, fresh=fresh) == ()
    assert told(dated, columns={"since": ColumnExpectation(type="date", max="2024-06-08")}) == (
        "since: expected at most 2024-06-08, and 1 of 3 rows breaks it: row 2 has '09/06/2024'.",
    )


def test_each_expectation_that_a_value_breaks_is_counted() -> None:
    table = Table({"size": np.array(["-1.5", "0", "200.5", "-2", "3", "x"], dtype=object)})
    one = ColumnExpectation(min=1, max=100, type="integer", values=(3, 0))
    assert told(table, columns={"size": one}) == (
        "size: expected one of 3, 0, and 4 of 6 rows break it: row 1 has '-1.5', row 3 has "
        "'200.5', row 4 has '-2'.",
        "size: expected a whole number, and 3 of 6 rows break it: row 1 has '-1.5', row 3 has "
        "'200.5', row 6 has 'x'.",
        "size: expected at least 1, and 3 of 6 rows break it: row 1 has '-1.5', row 2 has '0', "
        "row 4 has '-2'.",
        "size: expected at most 100, and 1 of 6 rows breaks it: row 3 has '200.5'.",
    )


@given(st.lists(st.sampled_from(["5", "-1", "99", "x", "", "7"]), min_size=1), st.integers(1, 4))
def test_a_table_in_parts_is_told_the_same_of(cells: list[str], size: int) -> None:
    table = Table({"tenure": np.array(cells, dtype=object)})
    one = ColumnExpectation(min=0, max=72, missing=0, unique=True)
    parts = [
        table.take(np.arange(k, min(k + size, len(cells)))) for k in range(0, len(cells), size)
    ]
    expected = Expectations(columns={"tenure": one})
    found = violations(table, parts, expected, source="customers", now=NOW)
    assert set(found) == set(told(table, columns={"tenure": one}))


@given(st.lists(st.sampled_from(["a", "b", "", "c"]), min_size=1), st.integers(1, 4))
def test_a_file_is_held_to_what_its_columns_are_expected_to_be_as_wholes(
    cells: list[str], size: int
) -> None:
    plan = Column(name="plan", type="category", values=("a", "b"))
    one = ColumnExpectation(unique=True, missing=0.2, values=("a",))
    held = {"plan": replace(one, missing=0), "id": one, "gone": one}
    contract = Contract(columns=(plan,), expectations=Expectations(columns=held))
    table = Table({name: np.array(cells, dtype=object) for name in ("plan", "id", "other")})

    together = Together(contract)
    for start in range(0, len(cells), size):
        together.take(table.take(np.arange(start, min(start + size, len(cells)))))

    whole = ColumnExpectation(unique=True)
    wanted = told(table, columns={"plan": whole, "id": replace(whole, missing=0.2)})
    assert together.told() == wanted


def test_a_column_that_is_not_there_is_a_mistake_of_the_configuration() -> None:
    table = Table({"tenure": np.arange(3.0)})
    with pytest.raises(ConfigError, match="customers has no column 'tenur'; did you mean 'tenure'"):
        told(table, columns={"tenur": ColumnExpectation(min=0)})
    with pytest.raises(ConfigError, match="'soon' is no date such as 2024-05-31"):
        told(table, columns={"tenure": ColumnExpectation(min="soon")})


BROKEN = [
    ({"tenure": -1}, "tenure: expected at least 0, got -1."),
    ({"tenure": "73"}, "tenure: expected at most 72, got '73'."),
    ({"tenure": None}, "tenure: expected a value, got None."),
    ({"plan": "brass"}, "plan: expected one of gold, tin, got 'brass'."),
    ({"since": "31/12/2019"}, "since: expected at least 2020-01-01, got '31/12/2019'."),
    ({"paid": "no"}, "paid: expected one of yes, got 'no'."),
]


@pytest.mark.parametrize(("cells", "warning"), BROKEN)
@pytest.mark.parametrize("others", [0, 3])
def test_a_served_row_is_warned_about_or_refused(
    cells: dict[str, Any], warning: str, others: int
) -> None:
    rows = [GOOD] * others + [GOOD | cells]
    found = contract("report").read_rows(rows).warnings
    assert found[others][-1] == warning
    assert set(found) == {others}
    column, wanted = warning.removesuffix(".").split(": ", 1)
    with pytest.raises(ContractError) as refused:
        contract("stop").read_rows(rows, first=11)
    assert str(refused.value) == f"Row {11 + others}, column {column}: {wanted}; correct it."
    assert contract("stop").read_rows([GOOD] * (others + 1)).warnings == {}


tenures = st.one_of(st.none(), st.integers(-5, 90), st.floats(-5, 90), st.just("12"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "tenure": tenures,
                "plan": st.sampled_from(["gold", "tin", "brass", ""]),
                "since": st.sampled_from(["31/12/2019", "2024-01-01", None]),
                "paid": st.sampled_from(["yes", "no", True]),
            }
        ),
        min_size=2,
        max_size=5,
    )
)
def test_rows_are_held_to_the_same_alone_and_in_a_batch(rows: list[dict[str, Any]]) -> None:
    held = contract("report")
    batch = held.read_rows(rows).warnings
    alone = {k: held.read_rows([row]).warnings.get(0) for k, row in enumerate(rows)}
    assert batch == {k: found for k, found in alone.items() if found}


def test_nothing_expected_costs_and_changes_nothing() -> None:
    plain = replace(contract("stop"), expectations=Expectations())
    assert plain.read_rows([GOOD | {"tenure": -1}]).warnings == {}
