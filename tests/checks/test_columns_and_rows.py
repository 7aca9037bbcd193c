"""Columns that tell nothing and rows that repeat: found where they are, silent where not."""

from __future__ import annotations

import numpy as np
from check_tables import ROWS, checked, classes, noise, of, only, random


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    columns = noise()

    found = checked(columns, classes(columns))

    assert found.findings == ()
    assert found.left_out == ()
    assert found.skipped == ()


def test_what_tells_nothing_is_left_out_and_said() -> None:
    columns = noise()
    columns |= {
        "empty": np.full(ROWS, None),
        "same": np.full(ROWS, "w"),
        "row": np.arange(ROWS),
        "again": columns["b"].copy(),
    }

    found = checked(columns, classes(columns))

    assert set(found.left_out) == {"empty", "same", "row", "again"}
    assert [one.columns for one in of(found, "constant")] == [("empty",), ("same",)]
    assert only(found, "identifier").key == 'allow = ["identifier:row"]'
    assert only(found, "duplicate_column").found == "again equals b in every row"


def test_a_recoding_of_another_column_is_kept_and_told() -> None:
    columns = noise()
    columns["code"] = np.array([{"x": 3, "y": 1, "z": 2}[c] for c in columns["c"]])

    one = only(checked(columns, classes(columns)), "duplicate_column")

    assert one.columns == ("code",)
    assert one.done == "kept"
    assert one.key == 'exclude = ["code"]'


def test_columns_that_differ_in_one_row_are_not_copies() -> None:
    columns = noise()
    columns["almost"] = columns["b"].copy()
    columns["almost"][17] += 1.0

    assert of(checked(columns, classes(columns)), "duplicate_column") == []


def test_a_column_with_one_value_in_nearly_all_rows_is_told() -> None:
    columns = noise() | {"flag": np.where(np.arange(ROWS) < 2, 1.0, 0.0)}

    one = only(checked(columns, classes(columns)), "near_constant")

    assert one.columns == ("flag",)
    assert one.numbers["share"] == (ROWS - 2) / ROWS


def test_what_the_user_allows_is_kept_without_a_word() -> None:
    columns = noise() | {"row": np.arange(ROWS), "same": np.full(ROWS, 1.0)}

    found = checked(columns, classes(columns), allow=["identifier:row"])

    assert found.left_out == ("same",)
    assert found.allowed == ("row",)
    assert of(found, "identifier") == []


def test_copies_on_both_sides_of_the_split_are_counted() -> None:
    columns = noise()
    doubled = {name: np.concatenate([values, values]) for name, values in columns.items()}
    held_out = np.arange(2 * ROWS) < ROWS // 2

    one = only(checked(doubled, classes(columns) * 2, held_out=held_out), "duplicate_rows")

    assert one.severity == "warning"
    assert one.numbers == {"rows": 1200, "repeats": 600, "judging": 300, "across": 300}


def test_copies_on_one_side_of_the_split_are_a_smaller_matter() -> None:
    columns = noise()
    copied = {name: np.concatenate([values, values[:5]]) for name, values in columns.items()}
    labels = classes(columns)

    one = only(
        checked(copied, labels + labels[:5], held_out=np.arange(605) % 600 < 100), "duplicate_rows"
    )

    assert one.severity == "note"
    assert one.numbers["across"] == 0


def test_twins_with_another_label_limit_accuracy() -> None:
    few = {"a": random().integers(0, 3, ROWS), "b": random(1).integers(0, 3, ROWS)}
    labels = random(2).choice(["yes", "no"], ROWS).tolist()

    one = only(checked(few, labels), "contradicting_labels")

    best = 1 - one.numbers["contradicting"] / ROWS
    assert 0.5 <= best < 0.6
    assert f"{best:.2%}" in one.found


def test_zeros_far_from_all_else_are_told_where_they_are_few() -> None:
    columns = noise()
    amount = 500.0 + np.arange(ROWS)
    columns["few"] = np.where(np.arange(ROWS) % 10 == 0, 0.0, amount)
    columns["half"] = np.where(np.arange(ROWS) % 2 == 0, 0.0, amount)

    one = only(checked(columns, classes(columns)), "sentinel")

    assert (one.columns, one.numbers["rows"]) == (("few",), ROWS // 10)
