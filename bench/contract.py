"""What it costs to hold one served row to a contract, in microseconds, beside pydantic and pandera.

    python bench/contract.py [--calls 20000] [--data CUSTOMERS.csv]

The rows are real ones, as JSON-ready dictionaries of 19 columns. Ours reads and converts every cell
and warns of what is unusual; the second line also holds each row to five expectations. The model of
pydantic has the same columns with the same types and bounds. Pandera validates frames: it is given
one row, and all of them at once. Times are of the processor, so that other work does not count.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pydantic
from msgspec.structs import replace

from twinkeel.data import files
from twinkeel.data.contract import Contract, infer
from twinkeel.records import ColumnExpectation, Expectations

ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 7
_TYPES: dict[str, Any] = {"number": float, "integer": int, "boolean": bool}
_EXPECTED = {
    "tenure": ColumnExpectation(min=0, max=120, missing=0),
    "MonthlyCharges": ColumnExpectation(min=0, max=1000),
    "Contract": ColumnExpectation(values=("Month-to-month", "One year", "Two year")),
    "InternetService": ColumnExpectation(values=("DSL", "Fiber optic", "No")),
    "gender": ColumnExpectation(values=("Female", "Male")),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--data", type=Path, default=ROOT / "examples/telecom/data/customers.csv")
    given = parser.parse_args()
    contract = infer(files.read(given.data), exclude=["Churn", "customerID"]).contract
    held = replace(contract, expectations=Expectations(columns=_EXPECTED))
    rows = typed(contract, given.data)
    model, schema = pydantic_model(contract), pandera_schema(contract)
    frame = pd.DataFrame(rows)
    print(
        f"{len(contract.columns)} columns, {len(rows):,} rows, processor time, best of {_ROUNDS}\n"
    )
    print("| what | microseconds a row |\n|-|-|")
    few = max(20, given.calls // 1000)
    show("twinkeel, one row", one(lambda row: contract.read_rows([row]), rows, given.calls))
    show("twinkeel, with 5 expectations", one(lambda row: held.read_rows([row]), rows, given.calls))
    show("pydantic, one row", one(lambda row: model(**row), rows, given.calls))
    show("pandera, a frame of one row", one(schema.validate, singles(frame), few))
    show("twinkeel, all rows at once", whole(lambda: held.read_rows(rows), len(rows)))
    show("pandera, all rows at once", whole(lambda: schema.validate(frame), len(rows)))


def typed(contract: Contract, path: Path) -> list[dict[str, Any]]:
    """Rows as a client of JSON sends them: numbers as numbers, what is missing as null."""
    numbers = {c.name: c.type for c in contract.columns if c.type in ("number", "integer")}
    names = [column.name for column in contract.columns]
    rows = []
    for line in csv.DictReader(path.read_text().splitlines()):
        row: dict[str, Any] = {name: line[name] for name in names}
        for name, kind in numbers.items():
            text = row[name].strip()
            row[name] = None if not text else int(text) if kind == "integer" else float(text)
        rows.append(row)
    return rows


def pydantic_model(contract: Contract) -> Any:
    """The same columns and bounds as a model."""
    fields: dict[str, Any] = {}
    for column in contract.columns:
        kind = _TYPES.get(column.type, str)
        bounds = {"ge": column.low, "le": column.high} if column.low is not None else {}
        fields[column.name] = (kind | None if column.nullable else kind, pydantic.Field(**bounds))
    return pydantic.create_model("Row", **fields)


def pandera_schema(contract: Contract) -> Any:
    """The same columns and bounds as a schema of frames."""
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                float if column.type in ("number", "integer") else None,
                [pa.Check.in_range(column.low, column.high)] if column.low is not None else [],
                coerce=column.type in ("number", "integer"),
                nullable=True,
            )
            for column in contract.columns
        }
    )


def singles(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The first rows, each as a frame."""
    return [frame.iloc[[k]] for k in range(20)]


def one(check: Callable[[Any], object], rows: list[Any], calls: int) -> float:
    """Microseconds of one call, the best round of several."""
    found = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for k in range(calls // _ROUNDS):
            check(rows[k % len(rows)])
        found.append((time.process_time() - began) / (calls // _ROUNDS))
    return min(found) * 1e6


def whole(check: Callable[[], object], n: int) -> float:
    """Microseconds for each of n rows at once, the best of several."""
    found = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        check()
        found.append((time.process_time() - began) / n)
    return min(found) * 1e6


def show(what: str, microseconds: float) -> None:
    print(f"| {what} | {np.format_float_positional(microseconds, precision=3, fractional=False)} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
