"""A contract as a Python file with a Pandera schema of a table in pandas.

The file stands alone: it needs pandas and pandera, and nothing of Twinkeel. Names and values are
written as Python literals, so that nothing of a table's can become code.
"""

from __future__ import annotations

from twinkeel.data.columns import Column
from twinkeel.data.contract import Contract
from twinkeel.data.types import FALSE, ISO, MISSING, TRUE, plain
from twinkeel.records import ColumnExpectation

_HEAD = '''"""The contract of {title} for tables in pandas: schema.validate(frame)."""

import pandas as pd
import pandera.pandas as pa

MISSING = {missing}
WORDS = {words}


def present(cells):
    """The column with None for what means missing, and texts without blanks around them."""
    texts = cells.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    return texts.astype(object).where(texts.notna() & ~texts.isin(MISSING), None)


def yes_or_no(cells):
    """Whether each cell is a word of yes or no, or missing."""
    return cells.isna() | cells.map(lambda cell: str(cell).casefold() in WORDS)


def dates(written, low, high):
    """A check that cells are dates in ISO 8601 or as written, between two."""

    def check(cells):
        read = pd.to_datetime(cells, format="ISO8601", errors="coerce", utc=True)
        if written is not None:
            read = read.fillna(pd.to_datetime(cells, format=written, errors="coerce", utc=True))
        good = read.notna()
        if low is not None:
            good &= read >= pd.Timestamp(low, tz="UTC")
        if high is not None:
            good &= read <= pd.Timestamp(high, tz="UTC")
        return cells.isna() | good

    return check


def one_of(*values):
    """A check that cells are one of a few texts."""
    known = set(values).union(value + ".0" for value in values)

    def check(cells):
        return cells.isna() | cells.map(lambda cell: str(cell) in known)

    return check


schema = pa.DataFrameSchema(
    {{
'''


def pandera(contract: Contract, title: str) -> str:
    """The file's text; `title` is a version's name."""
    stops = contract.expectations.on_violation == "stop"
    expected = contract.expectations.columns if stops else {}
    words = sorted({*TRUE, *FALSE, "0.0", "1.0"})
    head = _HEAD.format(title=title, missing=sorted(MISSING), words=words)
    columns = "".join(
        f"        {column.name!r}: {_column(column, expected.get(column.name))},\n"
        for column in contract.columns
    )
    return f"{head}{columns}    }},\n    strict=False,\n)\n"


def _column(column: Column, expected: ColumnExpectation | None) -> str:
    one = expected or ColumnExpectation()
    amount = column.type in ("number", "integer")
    checks = _amounts(one) if amount else _words(column, one)
    keys = [
        "float" if amount else "None",
        f"[{', '.join(checks)}]",
        "parsers=pa.Parser(present)",
        f"coerce={amount}",
        f"nullable={one.missing != 0}",
        f"required={column.required or one.missing == 0}",
    ]
    return f"pa.Column({', '.join(keys)})"


def _amounts(one: ColumnExpectation) -> list[str]:
    checks = [
        f"pa.Check.{check}({bound!r})"
        for check, bound in (("ge", one.min), ("le", one.max))
        if isinstance(bound, int | float)
    ]
    if one.values is not None:
        numbers = [float(value) for value in one.values if isinstance(value, int | float)]
        checks.append(f"pa.Check.isin({numbers!r})")
    if one.type == "integer":
        checks.append("pa.Check(lambda cells: cells % 1 == 0)")
    return checks


def _words(column: Column, one: ColumnExpectation) -> list[str]:
    checks = []
    if column.type == "boolean" and not (column.values and set(column.values) <= {"0", "1"}):
        checks.append("pa.Check(yes_or_no)")
    if column.type == "date":
        written = None if column.date_format in (None, ISO) else column.date_format
        checks.append(f"pa.Check(dates({written!r}, {one.min!r}, {one.max!r}))")
    if one.values is not None and column.type != "boolean":
        texts = ", ".join(repr(plain(value)) for value in one.values)
        checks.append(f"pa.Check(one_of({texts}))")
    return checks
