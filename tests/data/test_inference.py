"""What columns seem to be: types, missing values, and what is left out and said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from twinkeel.data import files
from twinkeel.data.contract import Column, Inferred, infer
from twinkeel.data.profile import profile
from twinkeel.data.table import Table, concatenate, from_frame
from twinkeel.errors import ContractError

CHURN = Path(__file__).parents[2] / "examples" / "telecom" / "data" / "customers.csv"


def text_column(cells: list[str | None]) -> np.ndarray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def of(cells: list[str | None] | np.ndarray) -> Inferred:
    column = cells if isinstance(cells, np.ndarray) else text_column(cells)
    return infer(Table({"x": column}))


def only(cells: list[str | None] | np.ndarray) -> Column:
    inferred = of(cells)
    assert len(inferred.contract.columns) == 1, inferred.notes
    return inferred.contract.columns[0]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1.5", "2", ""], "number"),
        (["1", "2", "NA", "3.0"], "integer"),
        (["-1e3", " 2.5 ", "?"], "number"),
        (["Yes", "No", "Yes"], "boolean"),
        (["TRUE", "false", None], "boolean"),
        (["0", "1", "1"], "boolean"),
        (["yes", ""], "boolean"),
        (["red", "blue", "red"], "category"),
        (["Yes", "No", "No internet"], "category"),
        (["007", "012", "007"], "category"),
        (["1", "2", "3+", "1"], "category"),
        (["2024-05-31", "2024-06-01", ""], "date"),
        (["2024-05-31T10:00:00Z", "2024-06-01T11:30:00+02:00"], "date"),
        (["2024-05-31 10:00", "2024-06-01 11:30"], "date"),
        (["31/05/2024", "01/06/2024"], "date"),
        (["5/31/24", "6/1/24"], "date"),
        (["31.05.2024 10:15", "01.06.2024 10:16"], "date"),
        (["2024/05/31", "2024/06/01"], "date"),
        (["24-05-31", "24-06-01", "24-05-31", "24-06-01"], "category"),
        (["31 May 2024", "1 Jun 2024"], "date"),
        (["May 31, 2024", "Jun 1, 2024"], "date"),
        ([f"a text of its own, number {k}" for k in range(30)], "text"),
        (np.array([1.0, 2.0, np.nan]), "integer"),
        (np.array([1.5, 2.0, np.nan]), "number"),
        (np.array([0, 1, 1]), "boolean"),
        (np.array([True, False]), "boolean"),
        (np.array(["2024-05-31", "NaT", "2024-06-01"], dtype="datetime64[us]"), "date"),
    ],
)
def test_cells_say_their_type(cells: list[str | None] | np.ndarray, kind: str) -> None:
    column = only(cells)
    missing = {"", "NA", "?", None}
    values = cells.astype(str).tolist() if isinstance(cells, np.ndarray) else cells
    assert column.type == kind
    assert column.nullable == any(cell in missing or cell in {"nan", "NaT"} for cell in values)
    assert column.required == (not column.nullable)


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (["a"] * 30, "x is always 'a': left out."),
        (["7"] * 30, "x is always '7': left out."),
        (["", None, "NA"], "x is empty: left out."),
        ([f"{k:04x}-{k * 7}" for k in range(30)], "x looks like an identifier: left out."),
        ([str(k) for k in range(100, 130)], "x looks like an identifier: left out."),
        (np.array([np.inf, np.inf]), "x is empty: left out."),
        (np.array(["2024-05-31"] * 3, "datetime64[us]"), "x is always '2024-05-31': left out."),
    ],
)
def test_what_cannot_help_is_left_out_and_said(
    cells: list[str | None] | np.ndarray, note: str
) -> None:
    inferred = of(cells)
    assert inferred.contract.columns == ()
    assert inferred.notes == (note,)
    assert inferred.contract.known == ("x",)
    with pytest.raises(ContractError, match="There is nothing to learn from"):
        inferred.usable()


def test_dates_that_could_be_read_two_ways_are_not_guessed() -> None:
    inferred = of(["01/02/2024", "03/04/2024", "01/02/2024", "03/04/2024"])
    assert inferred.contract.columns[0].type == "category"
    assert "could be dates with the day, the month or the year first" in inferred.notes[0]


def test_a_few_words_among_numbers_are_pointed_out() -> None:
    cells: list[str | None] = [str(k / 2) for k in range(50)]
    inferred = of([*cells, "unknown"])
    assert inferred.contract.columns == () or inferred.contract.columns[0].type != "number"
    numbers = of([*cells, *cells, "unknown"])
    assert numbers.notes == (
        "x would be numbers but for 1 of 101 values such as 'unknown': read as text; "
        "empty those cells if they mean missing.",
    )


def test_numbers_written_with_commas_or_signs_are_pointed_out() -> None:
    for cells in (["1,5", "2,75", "1,5"], ["$1,200", "$900", "$900"], ["5 %", "7 %", "5 %"]):
        (note,) = of(cells).notes
        assert note.startswith("x looks like numbers with commas or signs, such as '")


@pytest.mark.parametrize("start", [10**17, 2**53, 2**63])
def test_whole_numbers_too_large_for_a_float_stay_what_they_are(start: int) -> None:
    ids = [str(start + k) for k in range(40)]
    typed = np.array([int(one) for one in ids], dtype=np.uint64)
    for cells in (text_column([*ids]), typed):
        assert of(cells).notes == ("x looks like an identifier: left out.",)
        groups = of(np.concatenate([cells[:5]] * 20))
        assert groups.notes == (
            "x holds whole numbers too large to be exact as numbers: read as text.",
        )
        assert groups.contract.columns[0].values == tuple(ids[:5])
        read = groups.contract.read_rows([{"x": start + 1}, {"x": str(start + 2)}])
        assert (list(read.values["x"]), read.warnings) == (ids[1:3], {})


def test_a_single_huge_number_leaves_a_column_numbers() -> None:
    assert of([*"1234567", "9" * 20]).contract.columns[0].type == "integer"


def test_infinite_values_count_as_missing_and_are_said() -> None:
    inferred = of(np.array([1.5, np.inf, -np.inf, 2.5]))
    column = inferred.contract.columns[0]
    assert (column.low, column.high, column.nullable) == (1.5, 2.5, True)
    assert inferred.notes == ("x holds 2 infinite values: counted as missing.",)


def test_the_churn_table_is_understood() -> None:
    inferred = infer(files.read(CHURN), exclude=["Churn"])
    types = {column.name: column for column in inferred.contract.columns}
    assert inferred.notes == ("customerID looks like an identifier: left out.",)
    assert (types["TotalCharges"].type, types["TotalCharges"].nullable) == ("number", True)
    assert types["SeniorCitizen"].type == "boolean"
    assert types["Contract"].values == ("Month-to-month", "One year", "Two year")
    assert inferred.contract.known == ("customerID", "Churn")
    assert (types["tenure"].type, types["tenure"].low, types["tenure"].high) == ("integer", 0, 72)


def test_a_table_of_texts_and_a_typed_one_give_the_same_contract() -> None:
    typed: dict[str, list[Any]] = {
        "i": [3, 1, 2, 3],
        "f": [0.5, None, 2.25, 1.0],
        "c": ["red", "blue", None, "red"],
        "d": ["2024-05-31", "2024-06-01", "2024-06-02", "2024-06-03"],
        "z": [0, 1, 0, 0],
    }
    frame = pd.DataFrame(typed).assign(d=lambda one: pd.to_datetime(one["d"]))
    texts = {
        name: text_column([None if cell is None else str(cell) for cell in cells])
        for name, cells in typed.items()
    }
    contracts = [infer(t) for t in (from_frame(frame), from_frame(pl.from_pandas(frame)))]
    assert contracts == [infer(Table(texts))] * 2


LONG_IDS = [str(123_456_789_012_345_600 + k) for k in range(600)]


@pytest.mark.parametrize(
    "cells",
    [
        text_column([*LONG_IDS]),
        np.array([int(one) for one in LONG_IDS]),
        np.array([int(one) for one in LONG_IDS], dtype=np.uint64),
        from_frame(pd.DataFrame({"x": pd.array([int(one) for one in LONG_IDS], "Int64")})).columns[
            "x"
        ],
    ],
    ids=["texts", "int64", "uint64", "nullable"],
)
def test_whole_numbers_too_long_for_a_float_stay_apart(cells: np.ndarray) -> None:
    inferred = infer(Table({"x": cells}))
    assert inferred.contract.columns == ()
    assert inferred.notes == ("x looks like an identifier: left out.",)
    (seen,) = profile(Table({"x": cells})).columns
    assert (seen.type, seen.distinct) == ("text", 600)


def test_a_number_of_thousands_of_digits_is_no_accident() -> None:
    assert only(["9" * 5000, "1" * 5000, *(str(7 * k) for k in range(50))]).type == "integer"


def test_long_integers_of_one_part_stay_exact_beside_floats_of_another() -> None:
    parts = [Table({"x": np.array([int(LONG_IDS[0])])}), Table({"x": np.array([1.0, np.nan])})]
    assert concatenate(parts).columns["x"].tolist() == [LONG_IDS[0], "1", None]


def test_long_decimals_without_a_fraction_keep_their_digits() -> None:
    wide = pa.array([Decimal(one) for one in LONG_IDS[:2]], pa.decimal128(20, 0))
    assert from_frame(pa.table({"x": wide})).columns["x"].tolist() == LONG_IDS[:2]


@pytest.mark.parametrize("form", ["1,{:03}", "({},00)", "\u2212{},5", "${}"])
def test_money_in_a_style_of_its_own_is_no_identifier(form: str) -> None:
    inferred = of([form.format(k) for k in range(100, 160)])
    (note,) = inferred.notes
    assert note.startswith("x looks like numbers with commas or signs, such as '")
    assert [column.type for column in inferred.contract.columns] == ["text"]
