"""Cases that repeat a row which is learned from: a model that remembers rows is right about them.

Without an id, equal rows have one unit and are on one side; with one they may be on both. With a
time column the same row again is a later observation, and judges.
"""

from __future__ import annotations

from twinkeel.data.split import contents
from twinkeel.kinds.base import Task
from twinkeel.kinds.tabular.options import TabularT
from twinkeel.kinds.tabular.rows import ReadTarget, usable


def repeats(task: Task[TabularT], read: ReadTarget[TabularT]) -> frozenset[str]:
    """The units of held-out rows that equal a row on the other side in all but their id."""
    if task.options.time is not None or task.options.id is None:
        return frozenset()
    rows = usable(task, read)
    written = contents(rows.table.drop([task.options.id]))
    learned = {written[i] for i in rows.learned}
    held = rows.split.held_out
    return frozenset(
        unit
        for unit, text, judges in zip(rows.split.units, written, held.tolist(), strict=True)
        if judges and text in learned
    )
