"""Sentences are exact spans; abbreviations and numbers do not end them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.retrieval.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith paid $3.50. Then he left.", ["Dr. Smith paid $3.50.", "Then he left."]),
        ("He lives in the U.S. and works.", ["He lives in the U.S. and works."]),
        ('She said "Stop." Then she went.', ['She said "Stop."', "Then she went."]),
        ("- one\n- two\n- three", ["- one", "- two", "- three"]),
        ("A title\n\nA text that\ngoes on.", ["A title", "A text that\ngoes on."]),
        ("J. R. Tolkien wrote. We read.", ["J. R. Tolkien wrote.", "We read."]),
        ("", []),
    ],
)
def test_sentences_are_where_a_reader_sees_them(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(alphabet="aB .!?\n-1", max_size=200))
def test_no_word_is_lost(text: str) -> None:
    joined = "".join("".join(text[start:end].split()) for start, end in sentences(text))
    assert joined == "".join(text.split())
