"""Options for a regressor on a table that nobody has described yet."""

from __future__ import annotations

from twinkeel.data.inference import infer_column
from twinkeel.data.table import Table, texts
from twinkeel.kinds.tabular.propose import columns
from twinkeel.records import Json

_FEWEST_VALUES = 20
"""A number with fewer different values may as well be a class."""
_GATES = {
    "r2": ">= 0.50",
    "coverage": ">= 0.85",
    "mae": "not worse by 0.1",
}


def propose(table: Table, target: str) -> dict[str, Json] | None:
    """Options with target, id, sensitive and gates; None where the target is no amount."""
    found = infer_column(target, table.columns[target]).column
    if found is None or found.type not in ("number", "integer"):
        return None
    if len(set(texts(table.columns[target]))) < _FEWEST_VALUES:
        return None
    return columns(table, target) | {"gates": dict(_GATES)}
