"""Options for a classifier on a table that nobody has described yet."""

from __future__ import annotations

from collections import Counter

from twinkeel.data.table import Table, texts
from twinkeel.kinds.tabular.propose import columns
from twinkeel.records import Json

_MAX_CLASSES = 20
_POSITIVE = ("yes", "true", "1", "y", "positive", "bad", "fraud", "spam")
_GATES = {
    "roc_auc": ">= 0.80",
    "calibration_error": "<= 0.05",
    "log_loss": "not worse by 0.005",
}


def propose(table: Table, target: str) -> dict[str, Json] | None:
    """Options with target, positive, id, sensitive and gates; None where the target is no class."""
    classes = Counter(text for text in texts(table.columns[target]) if text)
    if not 2 <= len(classes) <= _MAX_CLASSES or len(classes) > len(table) / 5:
        return None
    options = columns(table, target)
    if len(classes) == 2:
        options["positive"] = _positive(classes)
    return options | {"gates": dict(_GATES)}


def _positive(classes: Counter[str]) -> str:
    """The class that says yes, else the rarer one."""
    named = [name for name in classes if name.lower() in _POSITIVE]
    return named[0] if len(named) == 1 else min(classes, key=lambda name: (classes[name], name))
