"""What `check_kind` takes for the same answers."""

from __future__ import annotations

import math

import pytest

from twinkeel.testing.check_kind import same


def nan() -> float:
    return float("nan")


def test_nan_equals_nan_wherever_it_is():
    one, other = ({"p": [1.0, nan()], "q": [{"low": [nan()]}, "no"]} for _ in range(2))

    assert same(one, other)


@pytest.mark.parametrize("other", [[0.0], [math.inf], [None], [nan(), nan()], ["nan"], nan()])
def test_nan_equals_nothing_else(other):
    assert not same([nan()], other)
