"""Every block of encoders gives the same features in numpy and in the compiled graph."""

from __future__ import annotations

import datetime as dt

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.learn.encode import Block, Category, Dates, Feature, Numbers, Words, split
from twinkeel.learn.graph import FEATURES, Graph

NUMBERS = st.lists(
    st.floats(allow_nan=True, allow_infinity=False) | st.sampled_from([0.0, 1e300, -1e300]),
    min_size=1,
    max_size=30,
)
TEXTS = st.lists(st.text(max_size=20).filter(lambda t: "\x00" not in t), min_size=1, max_size=20)
WORDS = Words("note", ("bill", "late"), {"bill": 1, "Bill,": 1, "late": 2}, ((), (0,)))


def session(block: Block) -> onnxruntime.InferenceSession:
    graph = Graph()
    inputs = [graph.input(name, text=block.text) for name in block.columns]
    graph.output(FEATURES, block.emit(graph, inputs), width=len(block.features), single=True)
    return onnxruntime.InferenceSession(graph.model())


SESSIONS = {
    name: (block, session(block))
    for name, block in {
        "numbers": Numbers(("a", "b")),
        "dates": Dates(("a", "b")),
        "category": Category(
            "note",
            ("", "x", "ÿ"),
            np.arange(8, dtype=np.float32).reshape(4, 2),
            (Feature("note", "one"), Feature("note", "two")),
        ),
        "words": WORDS,
    }.items()
}


def same(name: str, values: dict[str, np.ndarray]) -> None:
    block, compiled = SESSIONS[name]
    fed = {key: column.reshape(-1, 1) for key, column in values.items()}

    served = compiled.run([FEATURES], fed)[0]

    assert np.array_equal(served, block.encode(values), equal_nan=True)


@given(NUMBERS)
def test_numbers_and_dates_compile_exactly(numbers):
    column = np.array(numbers)

    same("numbers", {"a": column, "b": column[::-1].copy()})
    same("dates", {"a": column, "b": column[::-1].copy()})


@settings(deadline=None)
@given(TEXTS)
def test_categories_and_words_compile_exactly(texts):
    column = np.array(
        [*texts, "x", "", "late bill", "a\tb\nbill\u00a0c late", "Bill,  Bill, late "], dtype=object
    )

    same("category", {"note": column})
    same("words", {"note": column})


@given(st.dates(dt.date(1901, 3, 1), dt.date(2099, 12, 31)), st.floats(0, 0.999))
def test_a_date_has_the_parts_of_its_calendar(day, part):
    days = (day - dt.date(1970, 1, 1)).days + part
    block = Dates(("d",))

    found = dict(
        zip(
            [feature.name for feature in block.features],
            block.encode({"d": np.array([days])})[0].tolist(),
            strict=True,
        )
    )

    assert (found["d: month"], found["d: day"]) == (day.month, day.day)
    assert found["d: weekday"] == day.weekday()
    assert found["d: hour"] == pytest.approx(part * 24, abs=1e-3)


def test_words_are_what_stands_between_blanks():
    assert split("  late  bill ") == ["late", "bill"]
    assert WORDS.encode({"note": np.array(["late bill late", ""], dtype=object)}).tolist() == [
        [3.0, 1.0, 1.0],
        [0.0, 0.0, 0.0],
    ]
