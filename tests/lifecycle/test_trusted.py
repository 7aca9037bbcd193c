"""Trusted cases: what they say against a candidate."""

from __future__ import annotations

from twinkeel.kinds.classifier.evaluate import measures
from twinkeel.lifecycle.choose import Price
from twinkeel.lifecycle.trusted import Answered, objection
from twinkeel.records import Evidence, Gate


def answered(gender: str = "Male") -> Answered:
    """Two hundred good answers about people of one gender, and of Female ones."""
    expected, n = ["No", "Yes"] * 100, 200
    ids = tuple(str(i) for i in range(n))
    yes = [0.8 if one == "Yes" else 0.3 for one in expected]
    evidence = Evidence(
        ids=ids,
        units=ids,
        expected=list(expected),
        outputs={"No": [1 - p for p in yes], "Yes": list(yes)},
        slices={"gender": ["Female", "Female", gender, gender] * (n // 4)},
        context={"classes": ["No", "Yes"], "positive": "Yes", "threshold": 0.5, "costs": None},
    )
    return Answered(evidence, measures(evidence))


def test_a_gate_on_a_group_without_a_trusted_case_is_not_passed() -> None:
    key = "log_loss[gender=Other]"
    price = Price((Gate(key=key, test="not worse by", bound=0.1),), worth=0.0)

    met, unmet = (
        objection(one, one, price, [key], than="churn@1")
        for one in (answered("Other"), answered("Male"))
    )

    assert met is None
    assert unmet == (
        "may be worse than churn@1: no trusted case is in log_loss[gender=Other], which has a gate"
    )
