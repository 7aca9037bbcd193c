"""A contract as JSON Schema and as Pandera: both accept what serving accepts."""

from __future__ import annotations

import csv
import json
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from pandera.errors import SchemaError

from telecom import CHURN, churn_lines
from twinkeel.data import files
from twinkeel.data.columns import Column
from twinkeel.data.contract import Contract, infer
from twinkeel.data.exports.json_schema import json_schema
from twinkeel.data.exports.pandera import pandera
from twinkeel.errors import ContractError
from twinkeel.records import ColumnExpectation, Expectations

COLUMNS = (
    Column(name="charge", type="number"),
    Column(name="tenure", type="integer", required=False),
    Column(name="partner", type="boolean", values=("No", "Yes")),
    Column(name="count", type="boolean", values=("0", "1")),
    Column(name="plan", type="category", values=("1", "gold (new)")),
    Column(name="note", type="text", required=False),
    Column(name="since", type="date", date_format="%d/%m/%Y"),
)
PLAIN = Contract(columns=COLUMNS)
EXPECTED = {
    "charge": ColumnExpectation(min=0, missing=0),
    "tenure": ColumnExpectation(max=72, type="integer"),
    "plan": ColumnExpectation(values=(1, "gold (new)")),
    "partner": ColumnExpectation(values=("Yes",)),
    "since": ColumnExpectation(min="2024-01-01"),
}
STRICT = replace(PLAIN, expectations=Expectations(columns=EXPECTED))
GOOD = {
    "charge": 20.5,
    "partner": "Yes",
    "count": 1,
    "plan": "gold (new)",
    "since": "31/05/2024",
}

cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(
        [*("", "NA", " ? ", " 12 ", "1e999", "-inf", "NaN", "yes", "oFF", "1.0", " gold (new) "),
         *("2024-05-31", "20240531", "31/05/2024", "٣١/05/2024", "1", "2", 3, 0.5, "x", [], {})]
    ),
)  # fmt: skip
some = st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "tenure", "other"], cells))


def accepts(contract: Contract, row: dict[str, Any]) -> bool:
    try:
        contract.read_rows([row])
    except ContractError:
        return False
    return True


@given(row=some, strict=st.booleans())
@settings(max_examples=300)
@example(row={"plan": "1.0"}, strict=True)
@example(row={"charge": "Infinity"}, strict=False)
def test_the_json_schema_accepts_every_row_that_serving_accepts(
    row: dict[str, Any], strict: bool
) -> None:
    contract = STRICT if strict else PLAIN
    row = GOOD | row
    if accepts(contract, row):
        Draft202012Validator(json_schema(contract, "churn@1")).validate(row)


@pytest.mark.parametrize(
    ("cells", "strict"),
    [
        ({"charge": "much"}, False),
        ({"charge": []}, False),
        ({"partner": "perhaps"}, False),
        ({"partner": 2}, False),
        ({"since": "soon"}, False),
        ({"since": 5}, False),
        ({"charge": -1}, True),
        ({"charge": None}, True),
        ({"tenure": 73}, True),
        ({"tenure": 1.5}, True),
        ({"plan": "golden"}, True),
    ],
)
def test_the_json_schema_refuses_what_serving_refuses(cells: dict[str, Any], strict: bool) -> None:
    contract = STRICT if strict else PLAIN
    validator = Draft202012Validator(json_schema(contract, "churn@1"))
    assert validator.is_valid(GOOD)
    assert not accepts(contract, GOOD | cells)
    assert not validator.is_valid(GOOD | cells)
    assert not validator.is_valid({k: v for k, v in GOOD.items() if k != "charge"})


def test_real_rows_and_a_real_table_meet_both_exports(tmp_path: Path) -> None:
    contract = infer(files.read(CHURN), exclude=["Churn", "customerID"]).contract
    schema = json.loads(json.dumps(json_schema(contract, "churn@1")))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for row in csv.DictReader(churn_lines(300)):
        validator.validate(row)
    frame = pd.read_csv(CHURN)
    validator.validate(json.loads(frame.head(1).to_json(orient="records"))[0])
    checked = schema_of(contract, tmp_path).validate(frame)
    assert int(checked["TotalCharges"].isna().sum()) == 11
    assert len(checked) == len(frame)


def schema_of(contract: Contract, folder: Path) -> Any:
    path = folder / "schema.py"
    path.write_text(pandera(contract, "churn@1"))
    return runpy.run_path(str(path))["schema"]


def test_the_pandera_schema_refuses_what_serving_refuses(tmp_path: Path) -> None:
    schema = schema_of(STRICT, tmp_path)
    good = [GOOD, {**GOOD, "tenure": "3", "plan": 1, "since": "2024-06-01", "note": None}]
    schema.validate(pd.DataFrame(good))
    for cells in (
        {"charge": -1},
        {"charge": "much"},
        {"charge": None},
        {"tenure": 73},
        {"plan": "golden"},
        {"partner": "perhaps"},
        {"since": "soon"},
        {"since": "31/12/2023"},
    ):
        with pytest.raises(SchemaError):
            schema.validate(pd.DataFrame([*good, GOOD | cells]))


def test_a_column_name_is_never_code_in_the_pandera_file(tmp_path: Path) -> None:
    evil = 'x\': print(1)}"""\n#'
    contract = Contract(columns=(Column(name=evil, type="text"),))
    assert list(schema_of(contract, tmp_path).columns) == [evil]
