"""Options for a classifier on a table that nobody has described yet."""

from __future__ import annotations

from collections import Counter

from twinkeel.data.table import Table, texts
from twinkeel.records import Json

_MAX_CLASSES = 20
_POSITIVE = ("yes", "true", "1", "y", "positive", "bad", "fraud", "spam")
_GATES = {
    "roc_auc": ">= 0.80",
    "calibration_error": "<= 0.05",
    "log_loss": "not worse by 0.005",
}
_SENSITIVE = ("gender", "sex", "race", "ethnicity", "religion", "nationality", "disability")


def propose(table: Table, target: str) -> dict[str, Json] | None:
    """Options with target, positive, id, sensitive and gates; None where the target is no class."""
    classes = Counter(text for text in texts(table.columns[target]) if text)
    if not 2 <= len(classes) <= _MAX_CLASSES or len(classes) > len(table) / 5:
        return None
    options: dict[str, Json] = {"target": target}
    if len(classes) == 2:
        options["positive"] = _positive(classes)
    identifier = _identifier(table, target)
    if identifier is not None:
        options["id"] = identifier
    sensitive = [name for name in table.names if name.lower() in _SENSITIVE and name != target]
    if sensitive:
        options["sensitive"] = sensitive
    return options | {"gates": dict(_GATES)}


def _positive(classes: Counter[str]) -> str:
    """The class that says yes, else the rarer one."""
    named = [name for name in classes if name.lower() in _POSITIVE]
    return named[0] if len(named) == 1 else min(classes, key=lambda name: (classes[name], name))


def _identifier(table: Table, target: str) -> str | None:
    """A column that is different in every row and is called like an identifier."""
    for name in table.names:
        looks = name.lower() in ("id", "uuid", "key") or name.lower().endswith(("id", "_key"))
        if looks and name != target:
            named = texts(table.columns[name])
            if len(set(named)) == len(named) and "" not in named:
                return name
    return None
