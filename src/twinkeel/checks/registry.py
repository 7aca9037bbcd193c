"""Every check, in the order in which they run: what may leave columns out comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twinkeel.checks import availability, columns, labels, leaks, rows, sentinels, structure
from twinkeel.checks.subject import Subject
from twinkeel.checks.together import leak_together
from twinkeel.records import Finding


@dataclass(frozen=True)
class Check:
    """One check: its name and the pure function that finds."""

    name: str
    find: Callable[[Subject], Iterable[Finding]]
    always: bool = False
    """It may leave columns out, so it runs whatever the time: what is learned from never depends on
    the clock."""
    beside_leaks: bool = True
    """It looks at suspected columns too. Those whose model a leak would blind come last."""


TOO_FEW = "too_few"
"""The check of gates and cases, which the lifecycle runs for any kind."""

CHECKS: tuple[Check, ...] = (
    Check("constant", columns.constant, always=True),
    Check("identifier", columns.identifier, always=True),
    Check("duplicate_column", columns.duplicate_column, always=True),
    Check("recoded_target", leaks.recoded_target, always=True),
    Check("leak", leaks.leak, always=True),
    Check("leak_together", leak_together, always=True),
    Check("duplicate_rows", rows.duplicate_rows),
    Check("contradicting_labels", rows.contradicting_labels),
    Check("filled_later", availability.filled_later),
    Check("later_moment", availability.later_moment),
    Check("name_hints", availability.name_hints),
    Check("near_constant", columns.near_constant),
    Check("sentinel", sentinels.sentinel),
    Check("imbalance", labels.imbalance),
    Check("time_order", structure.time_order, beside_leaks=False),
    Check("groups", structure.groups, beside_leaks=False),
    Check("label_noise", labels.label_noise, beside_leaks=False),
)
