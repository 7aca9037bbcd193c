"""Time, groups, labels and codes: what a random split and a plain reading would hide."""

from __future__ import annotations

import numpy as np
import pytest
from check_tables import ROWS, checked, classes, noise, of, only, random

from twinkeel.checks.registry import CHECKS
from twinkeel.checks.run import check, check_allow
from twinkeel.checks.subject import subject
from twinkeel.data.table import Table
from twinkeel.errors import ConfigError


def drifting(rows: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A target that wanders in time, and a column that tells the time roughly."""
    rng = random(7)
    level = np.cumsum(rng.normal(size=rows))
    columns = {
        "a": rng.normal(size=rows),
        "sensor": np.arange(rows) / 50 + 5 * rng.normal(size=rows),
    }
    return columns, level + columns["a"]


def test_a_split_at_random_flatters_what_wanders_in_time_and_both_scores_are_said() -> None:
    columns, target = drifting(2000)
    day = np.datetime64("2020-01-01") + np.arange(2000)

    one = only(checked(columns | {"day": day.astype("M8[us]")}, target), "time_order")

    assert one.severity == "warning"
    assert one.key == 'time = "day"'
    assert one.numbers["honest_high"] < one.numbers["random_low"]
    assert one.numbers["n"] == 400


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("{:.0f}", 'time = "day"'),
        ("day-{:04.0f}", 'time = "day", once it holds dates or numbers'),
    ],
)
def test_a_column_that_counts_the_days_can_be_named_as_it_is(written: str, advice: str) -> None:
    columns, target = drifting(2000)
    del columns["sensor"]
    days = np.array([written.format(day) for day in range(2000)], dtype=object)
    day = days.astype(np.float64) // 2 if written == "{:.0f}" else days

    one = only(checked(columns | {"day": day}, target, allow=["leak:day"]), "time_order")

    assert (one.columns, one.key) == (("day",), advice)


def test_the_order_of_the_rows_is_seen_without_a_date() -> None:
    columns, target = drifting(2000)

    one = only(checked(columns, target), "time_order")

    assert one.columns == ()
    assert "neighbouring rows are alike" in one.found


def test_dates_that_change_nothing_are_a_note() -> None:
    columns = noise()
    day = np.datetime64("2020-01-01") + random(3).integers(0, 900, ROWS)

    one = only(checked(columns | {"day": day.astype("M8[us]")}, classes(columns)), "time_order")

    assert one.severity == "note"


def test_a_split_in_time_is_not_questioned() -> None:
    columns, target = drifting(1000)

    assert of(checked(columns, target, roles=["time"]), "time_order") == []


def test_rows_sorted_by_the_target_are_no_time() -> None:
    columns = noise()

    assert of(checked(columns, sorted(classes(columns))), "time_order") == []


@pytest.mark.parametrize(("own", "found_groups"), [(3.0, 1), (0.0, 0)])
def test_patients_with_a_level_of_their_own_make_a_random_split_flatter(
    own: float, found_groups: int
) -> None:
    rng = random(5)
    patient = rng.integers(0, 100, 2000)
    level = rng.normal(size=100)[patient]
    columns = {"patient_id": patient, "a": rng.normal(size=2000)}
    target = own * level + columns["a"] + rng.normal(size=2000)

    found = of(checked(columns, target), "groups")

    assert [one.key for one in found] == ['group = "patient_id"'] * found_groups


@pytest.mark.parametrize("share", [0.0, 0.08])
def test_wrong_labels_are_estimated_where_there_are_some(share: float) -> None:
    rng = random(6)
    a, b = rng.normal(size=3000), rng.normal(size=3000)
    right = a + b > 0
    flipped = rng.random(3000) < share
    labels = np.where(right ^ flipped, "yes", "no").tolist()

    found = of(checked({"a": a, "b": b}, labels), "label_noise")

    assert len(found) == bool(share)
    real = flipped.mean()
    assert all(one.numbers["low"] <= real <= one.numbers["high"] for one in found)


def test_a_target_that_is_hard_to_predict_is_not_called_noisy() -> None:
    columns = noise(3000)

    assert of(checked(columns, classes(columns)), "label_noise") == []


@pytest.mark.parametrize(("rare", "told"), [(20, True), (200, False)])
def test_a_rare_class_says_which_score_to_look_at(rare: int, told: bool) -> None:
    labels = ["yes"] * rare + ["no"] * (ROWS - rare)

    found = of(checked(noise(), labels), "imbalance")

    assert bool(found) == told
    assert all("average_precision" in one.found for one in found)


@pytest.mark.parametrize(
    ("code", "low", "high", "told"),
    [(999, 18, 90, True), (-1, 0, 50, True), (0, 60, 200, True), (0, 1, 9, False)],
)
def test_codes_that_stand_far_from_all_else_are_told(
    code: int, low: int, high: int, told: bool
) -> None:
    values = random(8).integers(low, high, ROWS)
    values[::60] = code
    columns = noise() | {"measured": values}

    found = of(checked(columns, classes(columns)), "sentinel")

    assert [one.numbers["value"] for one in found] == [f"{code:g}"] * told


def test_words_for_missing_are_told() -> None:
    columns = noise() | {"payer": random(9).choice(["unknown", "private", "state"], ROWS)}

    assert only(checked(columns, classes(columns)), "sentinel").numbers["value"] == "unknown"


def test_late_checks_are_skipped_and_named_but_never_those_that_leave_columns_out() -> None:
    columns = noise() | {"same": np.full(ROWS, 1.0)}
    labels = np.asarray(classes(columns), dtype=object)
    looked_at = subject(
        Table(columns), target="y", labels=labels, held_out=np.arange(ROWS) % 5 == 0
    )

    found = check(looked_at, late=lambda: True)

    assert found.left_out == ("same",)
    assert set(found.skipped) == {one.name for one in CHECKS if not one.always}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("leek:a", "'leek:a' names no check; did you mean 'leak'?"),
        ("leak:aa", "'leak:aa' names no column; there is 'abc', 'b'."),
        ("leak_together:abc+bc", "names no column; did you mean 'abc'?"),
    ],
)
def test_a_slip_in_allow_is_told_with_the_nearest_name(entry: str, words: str) -> None:
    check_allow(["leak", "leak:abc", "leak_together:abc+b"], ["abc", "b"], "[components.c]")

    with pytest.raises(ConfigError, match="allow") as error:
        check_allow([entry], ["abc", "b"], "[components.c]")

    assert words in str(error.value)


def test_the_same_table_and_seed_give_the_same_findings() -> None:
    columns, target = drifting(800)

    assert checked(columns, target) == checked(columns, target)
