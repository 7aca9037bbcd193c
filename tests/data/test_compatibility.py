"""Two contracts compared: what is said to break nothing, breaks nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from twinkeel.data.columns import Column
from twinkeel.data.compatibility import differences
from twinkeel.data.contract import Contract
from twinkeel.errors import ContractError
from twinkeel.records import ColumnExpectation, Expectations

TENURE = Column(name="tenure", type="integer", low=0, high=72)
PLAN = Column(name="plan", type="category", values=("gold", "tin"))
OLD = Contract(columns=(TENURE, PLAN), known=("id",))


def said(new: Contract, old: Contract = OLD) -> list[tuple[str, bool]]:
    return [(one.sentence, one.breaking) for one in differences(old, new)]


def test_what_breaks_callers_is_told_first_and_apart_from_what_does_not() -> None:
    note = Column(name="note", type="text")
    new = Contract(
        columns=(
            replace(TENURE, type="number", high=80.0),
            replace(PLAN, values=("gold", "zinc"), required=False),
            note,
        ),
    )
    assert said(new) == [
        ("note (text) is new: a call without it is refused.", True),
        ("tenure was integer and is number now: its values are still read.", False),
        ("plan may be left out now.", False),
        ("plan was not seen any more as tin: these get a warning.", False),
        ("plan was also seen as zinc.", False),
    ]
    assert said(Contract(columns=(TENURE,), known=("plan",))) == [
        ("plan is not read any more: it may still be sent.", False)
    ]
    assert said(OLD) == []


def test_a_tighter_expectation_breaks_and_a_looser_one_does_not() -> None:
    def held(on_violation: Any = "stop", **keys: Any) -> Contract:
        columns = {"tenure": ColumnExpectation(**keys)}
        expected = Expectations(on_violation=on_violation, columns=columns)
        return replace(OLD, expectations=expected)

    assert said(held(min=0)) == [("tenure is expected to be at least 0 now.", True)]
    assert said(held("report", min=0)) == []
    assert said(held(min=0), held(min=1)) == [("tenure is expected to be at least 0 now.", False)]
    assert said(held(max=9), held(max=10)) == [("tenure is expected to be at most 9 now.", True)]
    assert said(OLD, held(max=10)) == [("tenure is not expected to be at most 10 any more.", False)]
    assert said(held(missing=0)) == [("tenure is expected to have a value always now.", True)]
    assert said(held(values=(1, 2)), held(values=(1,))) == [
        ("tenure is expected to be one of 1, 2 now.", False)
    ]


types = st.sampled_from(["number", "integer", "boolean", "category", "text", "date"])
columns = st.builds(
    lambda kind, required, counts, form: Column(
        name="x",
        type=kind,
        required=required,
        values=("0", "1") if counts else ("no", "yes"),
        date_format=form if kind == "date" else None,
    ),
    types,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["ISO", "%d/%m/%Y"]),
)
bounds = st.one_of(st.none(), st.integers(-1, 3))
expectations = st.builds(
    lambda stop, low, high, values, missing: Expectations(
        on_violation="stop" if stop else "report",
        columns={"x": ColumnExpectation(min=low, max=high, values=values, missing=missing)},
    ),
    st.booleans(),
    bounds,
    bounds,
    st.sampled_from([None, ("1",), ("1", "2"), ("gold",)]),
    st.sampled_from([None, 0, 0.5]),
)
contracts = st.builds(
    lambda column, expected: Contract(columns=(column,), expectations=expected),
    columns,
    st.one_of(st.just(Expectations()), expectations),
)
cells = st.sampled_from(
    ["", None, 0, 1, 2, 3.5, -1, True, "1", "2", "yes", "gold", "2024-05-31", "31/05/2024", "x"]
)
rows = st.one_of(st.just({}), st.builds(lambda cell: {"x": cell}, cells))


def accepts(contract: Contract, row: dict[str, Any]) -> bool:
    try:
        contract.read_rows([row])
    except ContractError:
        return False
    return True


@given(old=contracts, new=contracts, row=rows)
@settings(max_examples=500)
def test_a_row_that_the_old_contract_reads_is_refused_only_where_a_break_was_told(
    old: Contract, new: Contract, row: dict[str, Any]
) -> None:
    if not any(one.breaking for one in differences(old, new)) and accepts(old, row):
        assert accepts(new, row)
