"""Contracts read any row without surprise, alone or in a batch, however it is typed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from twinkeel.data.contract import Column, Conformed, Contract, infer
from twinkeel.data.table import Table, from_rows
from twinkeel.errors import ContractError
from twinkeel.records import ColumnExpectation, Expectations

COLUMNS = (
    Column(name="charge", type="number", low=0.0, high=99.5),
    Column(name="tenure", type="integer", nullable=True, required=False, low=0.0, high=7.0),
    Column(name="partner", type="boolean", values=("No", "Yes")),
    Column(name="plan", type="category", values=("1", "gold", "silver")),
    Column(name="note", type="text", nullable=True, required=False),
    Column(name="since", type="date", date_format="%d/%m/%Y"),
)
CONTRACT = Contract(columns=COLUMNS, known=("customerID",))
EARLY, LATE = (dt.datetime.fromisoformat(f"{year}-01-01") for year in (1700, 2200))
GOOD = {
    "charge": 20.5,
    "tenure": 3,
    "partner": "Yes",
    "plan": "gold",
    "note": "late bill",
    "since": "31/05/2024",
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**320),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "NA", "?", " 12 ", "1e999", "-inf", "1_000", "yes", "gold", "2024-05-31", "٣", "0x1F"]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
names = st.sampled_from([*(column.name for column in COLUMNS), "customerID", "other"])


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether two columns hold the same values, missing ones included."""
    return left.dtype == right.dtype and (
        np.array_equal(left, right, equal_nan=True)
        if left.dtype.kind == "f"
        else left.tolist() == right.tolist()
    )


def changed(**cells: Any) -> dict[str, Any]:
    return {**GOOD, **cells}


@given(rows=st.lists(st.dictionaries(names, anything), min_size=0, max_size=4))
@example(rows=[changed(charge=10**5000)])
@example(rows=[changed(since=dt.date.max.isoformat()), changed(since="0001-01-01T00:00+09:00")])
def test_any_rows_are_read_or_refused_with_a_sentence(rows: list[dict[str, Any]]) -> None:
    try:
        conformed = CONTRACT.read_rows(rows)
    except ContractError:
        return
    assert {len(values) for values in conformed.values.values()} == {len(rows)}


@given(
    rows=st.lists(
        st.fixed_dictionaries(dict.fromkeys(GOOD, scalars), optional={"other": scalars}),
        min_size=2,
        max_size=5,
    )
)
@settings(max_examples=300)
def test_a_row_has_the_same_values_and_warnings_alone_and_in_a_batch(
    rows: list[dict[str, Any]],
) -> None:
    alone = []
    for row in rows:
        try:
            alone.append(CONTRACT.read_rows([row]))
        except ContractError:
            with pytest.raises(ContractError):
                CONTRACT.read_rows(rows)
            return
    batch = CONTRACT.read_rows(rows)
    for position, one in enumerate(alone):
        assert one.warnings.get(0) == batch.warnings.get(position)
        for name, values in one.values.items():
            assert same(values, batch.values[name][position : position + 1])


@pytest.mark.parametrize(
    ("name", "cell", "far"),
    [
        ("tenure", -8, True), ("tenure", "-8", True), ("tenure", 15.0, True),
        ("tenure", -7, False), ("tenure", 14, False),
        ("charge", 99_999, True), ("charge", 199.01, True), ("charge", 199.0, False),
    ],
)  # fmt: skip
def test_a_number_far_outside_what_was_learned_from_is_told(
    name: str, cell: Any, far: bool
) -> None:
    seen = {"tenure": "0 to 7", "charge": "0 to 99.5"}[name]
    said = f"{name}: {cell} is far outside {seen}, which was learned from."
    expected = [said.replace(".0 is", " is")] if far else None
    row = changed(**{name: cell})
    assert CONTRACT.read_rows([row]).warnings.get(0) == expected
    typed = {key: np.array([value, value]) for key, value in row.items()}
    assert CONTRACT.read(typed, 2).warnings.get(1) == expected
    assert CONTRACT.read_rows([GOOD, row]).warnings.get(1) == expected


@given(row=st.fixed_dictionaries(dict.fromkeys(GOOD, scalars)), order=st.permutations(list(GOOD)))
def test_the_order_of_columns_is_irrelevant(row: dict[str, Any], order: list[str]) -> None:
    def read(cells: dict[str, Any]) -> Any:
        try:
            one = CONTRACT.read({name: [cell] for name, cell in cells.items()}, 1)
        except ContractError as error:
            return str(error)
        return {k: repr(v) for k, v in one.values.items()}, one.warnings

    assert read(row) == read({name: row[name] for name in order})


@given(
    numbers=st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=2, max_size=6),
    kind=st.sampled_from(["number", "integer", "category", "text"]),
)
def test_the_same_content_conforms_alike_as_text_int_and_float(
    numbers: list[int], kind: Any
) -> None:
    contract = Contract(columns=(Column(name="x", type=kind),))
    small = [number % 10**15 for number in numbers]
    forms = [
        small,
        [float(number) for number in small],
        [str(number) for number in small],
        [f" {number}.0 " for number in small],
        np.array(small, dtype=np.int64),
        np.array(small, dtype=np.float64),
    ]
    read = [contract.read({"x": form}, len(small)).values["x"] for form in forms]
    assert all(same(read[0], other) for other in read[1:])


@given(values=st.lists(st.floats(), min_size=2, max_size=6))
def test_a_typed_column_reads_as_its_cells_do(values: list[float]) -> None:
    for kind in ("number", "integer"):
        contract = Contract(columns=(Column(name="x", type=kind),))
        typed = contract.read({"x": np.array(values)}, len(values))
        plain = contract.read({"x": values}, len(values))
        assert same(typed.values["x"], plain.values["x"])
        assert typed.warnings == plain.warnings


finite = st.floats(allow_nan=True, allow_infinity=False)
typed_columns = st.one_of(
    st.lists(finite, min_size=3, max_size=3).map(np.array),
    st.lists(st.integers(-9, 9), min_size=3, max_size=3).map(np.array),
    st.lists(st.booleans(), min_size=3, max_size=3).map(np.array),
    st.lists(st.datetimes(EARLY, LATE) | st.none(), min_size=3, max_size=3).map(
        lambda moments: np.array(moments, dtype="datetime64[us]")
    ),
    st.lists(st.none() | st.sampled_from(["gold", "1", "", "no", "x", "2024-05-31", "7"]),
             min_size=3, max_size=3).map(lambda words: np.array(words, dtype=object)),
)  # fmt: skip
EXPECTED = Expectations(
    on_violation="report",
    columns={
        "charge": ColumnExpectation(min=0, max=5, missing=0),
        "plan": ColumnExpectation(values=("gold",)),
        "since": ColumnExpectation(min="2000-01-01"),
    },
)


@given(
    table=st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "other"], typed_columns)),
    violation=st.sampled_from(["stop", "report"]),
    absent=st.just([]) | st.lists(names, max_size=1),
    n=st.sampled_from([1, 3]),
)
@settings(max_examples=400, deadline=None)
def test_a_table_reads_by_column_as_it_does_row_by_row(
    table: dict[str, Any], violation: Any, absent: list[str], n: int
) -> None:
    whole = Table({**from_rows([GOOD] * 3).columns, **table}).drop(absent).take(np.arange(n))
    contract = replace(CONTRACT, expectations=replace(EXPECTED, on_violation=violation))

    def said(read: Callable[[], Conformed]) -> Any:
        try:
            found = read()
        except ContractError as error:
            return str(error)
        return {name: repr(cells) for name, cells in found.values.items()}, found.warnings

    by_column = said(lambda: contract.read(whole.columns, n))
    assert by_column == said(lambda: contract.read_rows(whole.rows()))


@given(st.datetimes(EARLY, LATE))
def test_a_moment_reads_alike_typed_and_as_iso_text(moment: dt.datetime) -> None:
    forms = [[moment.isoformat()], [moment], np.array([moment], dtype="datetime64[us]")]
    read = [CONTRACT.read({**columns(GOOD), "since": form}, 1).values["since"] for form in forms]
    batch = CONTRACT.read(columns(GOOD, since=np.array([moment] * 2, "datetime64[us]"), n=2), 2)
    assert all(same(read[0], other) for other in [*read, batch.values["since"][:1]])


def columns(row: dict[str, Any], n: int = 1, **replaced: Any) -> dict[str, Any]:
    return {**{name: [cell] * n for name, cell in row.items()}, **replaced}


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ({"charge": " 12 "}, 12.0),
        ({"charge": True}, 1.0),
        ({"charge": "1e2"}, 100.0),
        ({"tenure": "?"}, math.nan),
        ({"tenure": None}, math.nan),
        ({"partner": "TRUE"}, 1.0),
        ({"partner": 0}, 0.0),
        ({"partner": "n"}, 0.0),
        ({"plan": 1.0}, "1"),
        ({"plan": " silver "}, "silver"),
        ({"note": "NaN"}, ""),
        ({"note": 2.5}, "2.5"),
        ({"since": "1970-01-02T12:00:00Z"}, 1.5),
        ({"since": "02/01/1970"}, 1.0),
    ],
)
def test_what_can_be_read_is_read_without_a_warning(cells: dict[str, Any], value: Any) -> None:
    conformed = CONTRACT.read_rows([changed(**cells)])
    (name,) = cells
    np.testing.assert_equal(conformed.values[name][0], value)
    assert conformed.warnings == {}


@pytest.mark.parametrize(
    ("cells", "warning"),
    [
        ({"charge": None}, "charge is missing."),
        ({"charge": math.inf}, "charge is infinite or too large: counted as missing."),
        ({"charge": 10**400}, "charge is infinite or too large: counted as missing."),
        ({"tenure": 2.5}, "tenure: 2.5 is not a whole number."),
        ({"plan": "bronze"}, "plan: 'bronze' was not seen while learning."),
        ({"other": 1}, "Extra columns are not used: other."),
    ],
)
def test_what_is_unusual_is_a_warning_of_its_row(cells: dict[str, Any], warning: str) -> None:
    assert CONTRACT.read_rows([changed(**cells)]).warnings == {0: [warning]}
    assert CONTRACT.read_rows([GOOD, changed(**cells)]).warnings == {1: [warning]}


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"charge": "abc"}, "Row 7, column charge: expected a number, got 'abc'; correct it"),
        ({"charge": [1]}, "Row 7, column charge: expected a number, got list;"),
        ({"tenure": {"a": 1}}, "Row 7, column tenure: expected a whole number, got dict;"),
        ({"partner": "maybe"}, "Row 7, column partner: expected yes or no"),
        ({"partner": 2}, "Row 7, column partner: expected yes or no"),
        ({"plan": ["gold"]}, "Row 7, column plan: expected a category (text), got list;"),
        ({"note": {}}, "Row 7, column note: expected text, got dict;"),
        ({"since": "31st of May"}, "Row 7, column since: expected a date such as 2024-05-31"),
        ({"since": 12}, "Row 7, column since: expected a date such as 2024-05-31, got 12;"),
    ],
)
def test_what_cannot_be_read_names_row_column_expected_and_got(
    cells: dict[str, Any], sentence: str
) -> None:
    for rows, first in (([changed(**cells)], 7), ([GOOD, changed(**cells)], 6)):
        with pytest.raises(ContractError) as caught:
            CONTRACT.read_rows(rows, first=first)
        assert str(caught.value).startswith(sentence)


def test_the_first_row_that_is_refused_is_named_whatever_its_column() -> None:
    contract = Contract(columns=(Column("a", "number"), Column("b", "date")))
    rows: list[dict[str, Any]] = [{"a": k, "b": "2024-05-31"} for k in range(6)]
    rows[1], rows[3], rows[4] = rows[1] | {"b": "x"}, {"b": "2024-05-31"}, {"a": "x", "b": "y"}
    with pytest.raises(ContractError) as refused:
        contract.read_rows(rows, first=11)
    said = str(refused.value)
    assert said.startswith("Row 12, column b: expected a date such as 2024-05-31, got 'x'; ")
    assert said.endswith(". 2 more of these 6 rows are refused as well.")


def test_a_required_column_that_is_absent_is_one_error_and_an_optional_one_is_missing() -> None:
    without = {name: cell for name, cell in GOOD.items() if name != "plan"}
    for rows, number in (([without], 1), ([GOOD, without], 2)):
        with pytest.raises(ContractError, match=f"Row {number}: the required column plan is absen"):
            CONTRACT.read_rows(rows)
    with pytest.raises(ContractError, match="Plan is no column; did you mean 'plan'"):
        CONTRACT.read_rows([{**without, "Plan": "gold"}])
    optional = {name: cell for name, cell in GOOD.items() if name != "tenure"}
    conformed = CONTRACT.read_rows([optional, GOOD])
    assert conformed.warnings == {0: ["tenure is absent: counted as missing."]}
    assert np.isnan(conformed.values["tenure"][0])


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("cells", [{}, {"other": 1}, {"tenur": 14}])
def test_rows_with_none_of_the_columns_are_refused_however_they_come(
    count: int, cells: dict[str, Any]
) -> None:
    optional = Contract(columns=tuple(replace(one, required=False) for one in COLUMNS))
    for read in (
        lambda: optional.read_rows([cells] * count),
        lambda: optional.read({name: [cell] * count for name, cell in cells.items()}, count),
    ):
        with pytest.raises(ContractError) as refused:
            read()
        said = str(refused.value)
        assert said.startswith(
            "Row 1: none of the 6 columns is there: charge, tenure, partner and 3 more; "
        )
        assert ("tenur is no column; did you mean 'tenure'?" in said) == ("tenur" in cells)


def test_absent_columns_are_one_warning_and_a_name_that_is_nearly_one_is_told() -> None:
    optional = Contract(columns=tuple(replace(one, required=False) for one in COLUMNS))
    row = {"charge": 20.5, "tenur": 14}
    expected = [
        "Extra columns are not used: tenur; tenur is no column; did you mean 'tenure'?",
        "5 of 6 columns are absent: tenure, partner, plan and 2 more; counted as missing.",
    ]
    assert optional.read_rows([row]).warnings == {0: expected}
    assert optional.read_rows([GOOD, row]).warnings == {1: expected}
    assert optional.read(columns(row, n=2), 2).warnings == {0: expected, 1: expected}


def test_all_required_columns_that_are_absent_are_told_at_once() -> None:
    row = {"charge": 1, "parter": "Yes", "since": "31/05/2024"}
    for rows in ([row], [GOOD, row]):
        with pytest.raises(ContractError) as refused:
            CONTRACT.read_rows(rows)
        assert str(refused.value) == (
            f"Row {len(rows)}: the required columns partner and plan are absent; "
            "parter is no column; did you mean 'partner'?"
        )


def test_columns_of_different_lengths_and_rows_that_are_none_are_refused() -> None:
    with pytest.raises(ContractError, match="Column plan has 1 values, expected 2"):
        CONTRACT.read(columns(GOOD, n=2, plan=["gold"]), 2)
    with pytest.raises(ContractError, match="Row 2: expected column names with values, got list"):
        CONTRACT.read_rows([GOOD, [1, 2]])  # type: ignore[list-item]  # what JSON may hold


def test_a_count_beyond_0_and_1_is_read_as_1_and_said() -> None:
    contract = infer(Table({"late": np.array([0, 1, 1, 0])})).usable()
    conformed = contract.read({"late": [0, 1, 3, "2"]}, 4)
    assert contract.columns[0].type == "boolean"
    assert conformed.values["late"].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert conformed.warnings[2] == ["late: 3 is neither 0 nor 1: read as 1."]
    with pytest.raises(ContractError, match="got -1"):
        contract.read({"late": [-1]}, 1)


def test_a_contract_survives_json_and_describes_its_fields() -> None:
    copy = msgspec.json.decode(msgspec.json.encode(CONTRACT), type=Contract)
    assert copy == CONTRACT
    charge, *_, plan, _, since = copy.fields()
    assert (charge.low, charge.high, charge.required) == (0.0, 99.5, True)
    assert plan.values == ("1", "gold", "silver")
    assert since.type == "date"
    assert copy.read_rows([GOOD]).warnings == {}


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"a": scalars, "b": scalars, "c": st.sampled_from(["Yes", "No", ""])}
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_rows_that_a_contract_is_inferred_from_are_read_by_it(
    rows: list[dict[str, Any]],
) -> None:
    try:
        table = from_rows(rows)
    except ContractError:  # an integer of thousands of digits
        return
    contract = infer(table).contract
    conformed = contract.read(table.columns, len(table))
    for column in contract.columns:
        values = conformed.values[column.name]
        missing = np.isnan(values) if values.dtype.kind == "f" else values == ""
        assert bool(missing.any()) == column.nullable
