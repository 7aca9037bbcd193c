"""The JSON border: what parsers disagree about is refused before it becomes a row."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel import strict_json
from twinkeel.errors import RequestError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_can_say_is_read_as_it_is(value: Any) -> None:
    assert strict_json.decode(json.dumps(value).encode(), depth=64) == value


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"a": NaN}', 422),
        (b'{"a": -Infinity}', 422),
        (b'{"a": 1e999}', 422),
        (b'{"a": -1e400}', 422),
        (b'{"a": 9223372036854775808}', 422),
        (b'{"a": -9223372036854775809}', 422),
        (b'{"a": 1' + b"0" * 5000 + b"}", 422),
        (b'{"a": 1, "a": 2}', 422),
        (b'{"x": [{"b:": {"c": 1, "\\u0063": 2}}]}', 422),
        (b"", 400),
        (b"{", 400),
        (b'{"a": "NaN"', 400),
        (b'{"a": 1} {"b": 2}', 400),
        (b'{"a": "\xff"}', 400),
        (b'{"a": "\\ud800"}', 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"[" * 10_000, 400),
        (b"[" * 10_000 + b"]" * 10_000, 400),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 400),
    ],
)
def test_what_parsers_disagree_about_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(RequestError) as caught:
        strict_json.decode(body, depth=32)

    assert caught.value.status == status
    assert str(caught.value).endswith(".")


def test_deep_brackets_in_text_are_text() -> None:
    body = json.dumps({"note": '[{"' * 100, "list": [[1]] * 100}).encode()

    assert strict_json.decode(body, depth=4)["note"] == '[{"' * 100


def test_the_limit_itself_is_allowed() -> None:
    body = b"[" * 32 + b"]" * 32

    assert strict_json.decode(body, depth=32) is not None


@pytest.mark.parametrize("body", [b'"\\"' * 700_000, b"[" * 2_000_000, b'["' * 1_000_000])
def test_hostile_bodies_take_linear_time(body: bytes) -> None:
    started = time.process_time()

    with pytest.raises(RequestError):
        strict_json.decode(body, depth=32)

    assert time.process_time() - started < 20  # more than linear would be hours
