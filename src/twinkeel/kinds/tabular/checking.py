"""The checks before training, on the rows of a component: what they look at, and what follows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec

from twinkeel.checks.run import SHARE, Checked, check, check_allow
from twinkeel.checks.subject import subject
from twinkeel.kinds.base import Task
from twinkeel.kinds.tabular.options import TabularT
from twinkeel.kinds.tabular.rows import UsableRows
from twinkeel.learn.problem import Problem

_FILE = "checked.json"


def check_rows(task: Task[TabularT], rows: UsableRows) -> Checked:
    """What the checks find, kept as a step of the build; raises ConfigError for a wrong `allow`."""
    columns = rows.table.drop([*task.options.roles.values(), *task.options.exclude])
    check_allow(task.options.allow, columns.names, f"[components.{task.component}]")

    def work(folder: Path) -> None:
        (folder / _FILE).write_bytes(msgspec.json.encode(_checked(task, rows)))

    done = task.step("checks", work)
    return msgspec.json.decode((done / _FILE).read_bytes(), type=Checked)


def without(problem: Problem, checked: Checked) -> Problem:
    """The problem less what the checks leave out, with the identifiers that the user keeps."""
    gone = checked.left_out
    return replace(
        problem,
        table=problem.table.drop(gone),
        check=None if problem.check is None else problem.check.drop(gone),
        keep=checked.allowed,
    )


def unchecked(checked: Checked) -> tuple[str, ...]:
    """A note on the checks that the time did not allow."""
    if not checked.skipped:
        return ()
    names = ", ".join(checked.skipped)
    return (f"Not checked for lack of time: {names}. A larger time_limit checks them.",)


def _checked(task: Task[TabularT], rows: UsableRows) -> Checked:
    began, limit, options = time.monotonic(), task.limits.time, task.options

    def late() -> bool:
        return limit is not None and time.monotonic() - began > SHARE * limit

    looked_at = subject(
        rows.table.drop([*options.roles.values(), *options.exclude]),
        target=options.target,
        labels=rows.target,
        held_out=rows.split.held_out,
        roles=tuple(options.roles),
        seed=task.seed,
    )
    return check(looked_at, allow=options.allow, late=late, progress=task.progress)
