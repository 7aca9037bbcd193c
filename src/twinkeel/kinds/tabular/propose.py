"""Options for a table that nobody has described yet, whatever is learned from it."""

from __future__ import annotations

from twinkeel.data.table import Table, texts
from twinkeel.records import Json

_SENSITIVE = ("gender", "sex", "race", "ethnicity", "religion", "nationality", "disability")


def columns(table: Table, target: str) -> dict[str, Json]:
    """Target, and where there are such columns `id` and `sensitive`."""
    options: dict[str, Json] = {"target": target}
    identifier = _identifier(table, target)
    if identifier is not None:
        options["id"] = identifier
    sensitive = [name for name in table.names if name.lower() in _SENSITIVE and name != target]
    return options | ({"sensitive": sensitive} if sensitive else {})


def _identifier(table: Table, target: str) -> str | None:
    """A column that is different in every row and is called like an identifier."""
    for name in table.names:
        looks = name.lower() in ("id", "uuid", "key") or name.lower().endswith(("id", "_key"))
        if looks and name != target:
            named = texts(table.columns[name])
            if len(set(named)) == len(named) and "" not in named:
                return name
    return None
