"""Tables come from frames, arrays and rows with the same cells."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.data.table import Table, concatenate, from_frame, from_rows
from twinkeel.errors import ContractError, InputError

MAY = dt.datetime.fromisoformat("2024-05-31")
JUNE = dt.datetime.fromisoformat("2024-06-01T12:00")
CELLS: dict[str, list[Any]] = {
    "i": [1, 2, None],
    "f": [0.5, None, 2.0],
    "b": [True, False, True],
    "s": ["x", None, ""],
    "d": [MAY, None, JUNE],
}
ROWS = [
    {"i": 1.0, "f": 0.5, "b": True, "s": "x", "d": "2024-05-31"},
    {"i": 2.0, "f": None, "b": False, "s": None, "d": None},
    {"i": None, "f": 2.0, "b": True, "s": "", "d": "2024-06-01T12:00:00"},
]


@pytest.mark.parametrize("frame", [pd.DataFrame(CELLS), pl.DataFrame(CELLS), pa.table(CELLS)])
def test_every_frame_gives_the_same_rows(frame: object) -> None:
    assert from_frame(frame).rows() == ROWS


def test_what_frames_can_hold_becomes_text_or_numbers() -> None:
    frame = pd.DataFrame(
        {
            "mixed": [1, "a", None],
            "categories": pd.Categorical(["x", None, "y"]),
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "zone": pd.to_datetime(["2024-05-31T00:00:00+02:00"] * 3),
            7: [2**62, 1, 2],
        }
    )
    table = from_frame(frame)
    assert table.rows(0, 2) == [
        {"mixed": "1", "categories": "x", "maybe": "True", "whole": 1.0,
         "zone": "2024-05-30T22:00:00", "7": 2**62},
        {"mixed": "a", "categories": None, "maybe": None, "whole": None,
         "zone": "2024-05-30T22:00:00", "7": 1},
    ]  # fmt: skip


def test_integers_too_large_for_floats_with_missing_ones_stay_exact() -> None:
    frame = pl.DataFrame({"n": [2**60 + 1, None]})
    assert from_frame(frame).rows() == [{"n": str(2**60 + 1)}, {"n": None}]


def test_an_array_gets_names() -> None:
    assert from_frame(np.array([[1.5, 2.0]])).rows() == [{"x0": 1.5, "x1": 2.0}]
    assert from_frame(np.array([["a", 1]], dtype=object)).rows() == [{"x0": "a", "x1": 1}]


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros(3),
        [1, 2],
        None,
        "text",
        pd.Series([1]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [[1], [2]]}),
        pa.table({"a": [{"b": 1}]}),
    ],
)
def test_what_is_no_table_is_refused(frame: object) -> None:
    with pytest.raises(InputError):
        from_frame(frame)


json_cells = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), json_cells), max_size=6))
def test_rows_become_a_table_of_as_many_rows(rows: list[dict[str, Any]]) -> None:
    table = from_rows(rows)
    assert len(table) == (len(rows) if any(rows) else 0)
    assert from_rows(table.rows()).rows() == table.rows()


def test_rows_may_not_hold_lists() -> None:
    with pytest.raises(ContractError, match=r"Row 2, column a: expected a number.*got list"):
        from_rows([{"a": "x"}, {"a": [1]}])


def test_rows_are_taken_by_position_or_mask_and_columns_dropped() -> None:
    table = Table({"a": np.array([1, 2, 3]), "b": np.array(["x", "y", "z"], dtype=object)})
    assert table.take(np.array([2, 0])).rows() == [{"a": 3, "b": "z"}, {"a": 1, "b": "x"}]
    assert table.take(np.array([False, True, False])).drop(["a", "none"]).rows() == [{"b": "y"}]
    assert len(concatenate([table, table])) == 6
    with pytest.raises(ContractError, match="differ in length"):
        Table({"a": np.array([1]), "b": np.array([1, 2])})


def test_reading_rows_needs_no_data_frame_library() -> None:
    heavy = "{'pandas', 'polars', 'pyarrow', 'narwhals', 'sklearn'}"
    code = f"import sys, twinkeel.data.contract; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", ["int8", "uint64", "float32", "float64", "bool"])
def test_a_frames_numbers_are_those_of_the_same_arrow_column(kind):
    frame = pd.DataFrame({"x": np.array([0, 1, 0, 1]).astype(kind)})

    mine = from_frame(frame).columns["x"]

    arrow = from_frame(pa.Table.from_pandas(frame)).columns["x"]
    assert (mine == arrow).all()
    assert mine.dtype == arrow.dtype
