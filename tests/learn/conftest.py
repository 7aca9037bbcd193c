"""Small problems that every test of training shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twinkeel.data.files import read
from twinkeel.data.table import Table
from twinkeel.learn.engine import Problem
from twinkeel.learn.objectives.classes import Classes

TELCO = Path(__file__).parents[2] / "examples" / "telecom" / "data" / "customers.csv"


@pytest.fixture(scope="session")
def telco() -> Problem:
    """1,200 customers to learn from, 300 to check."""
    table = read(TELCO).take(np.arange(1500))
    labels, features = table.columns["Churn"], table.drop(["Churn"])
    return Problem(
        table=features.take(np.arange(1200)),
        target=labels[:1200],
        objective=Classes(positive="Yes"),
        check=features.take(np.arange(1200, 1500)),
    )


@pytest.fixture(scope="session")
def mixed() -> Problem:
    """400 rows of every type of column, with gaps, and three classes."""
    rng = np.random.default_rng(7)
    n = 400
    size = rng.normal(size=n).round(3)
    size[rng.random(n) < 0.1] = np.nan
    words = rng.choice(["refund late bill", "thanks great", "Bill, wrong bill", "hello"], n)
    note = np.array([f"{text} number {i}" for i, text in enumerate(words)], dtype=object)
    city = np.array([f"city {i}" for i in rng.integers(0, 40, n)], dtype=object)
    city[rng.random(n) < 0.05] = None
    when = np.datetime64("2021-01-01") + rng.integers(0, 900, n).astype("timedelta64[D]")
    member = rng.random(n) < 0.5
    table = Table(
        {
            "size": size,
            "note": note,
            "city": city,
            "when": when.astype("datetime64[us]"),
            "member": member,
            "/odd name": rng.integers(0, 5, n),
        }
    )
    angry = np.char.find(np.char.lower(words), "bill") >= 0
    labels = np.where(angry, "angry", np.where(member, "happy", "neutral")).astype(object)
    return Problem(table=table, target=labels, objective=Classes())
