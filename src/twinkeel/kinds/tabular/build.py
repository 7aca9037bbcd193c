"""Building from a table: the rows that are not held out -> a compiled, proven bundle."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from twinkeel.data.contract import Contract
from twinkeel.data.profile import profile
from twinkeel.data.table import texts
from twinkeel.errors import ConfigError
from twinkeel.kinds.base import Built, Task
from twinkeel.kinds.tabular.checking import check_rows, unchecked, without
from twinkeel.kinds.tabular.options import PROFILE, TabularT
from twinkeel.kinds.tabular.rows import SHARE, UsableRows, weights
from twinkeel.learn.budget import slowness
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.libraries import import_libraries
from twinkeel.learn.objectives.base import Objective
from twinkeel.learn.own_loss import OwnLoss
from twinkeel.learn.preference import Preference
from twinkeel.metrics.custom import Metric
from twinkeel.records import Expectations, Limits, Tick

_FOR_JUDGING, _AT_MOST = 0.1, 0.3
"""Shares of the time limit that are kept for the evaluation after the build: the least, and the
most where judging so many cases on a machine as busy as this one takes longer."""
_CALLS = 1_200
"""How often a metric of the user's own is called for an interval."""
_PER_CASE, _FIXED = 6e-4, 0.3
"""Seconds of a processor that judging takes: 3,238 cases with their slices took 2.2."""


def build(task: Task[TabularT], rows: UsableRows, problem: Problem) -> Built:
    """Check, learn, compile, prove and write the bundle, with the profile of what was learned from.

    What the checks leave out is not learned from.
    """
    checked = check_rows(task, rows)
    task.progress(Tick(stage="importing libraries"))
    import_libraries()  # which takes time of the limit too

    def whole(contract: Contract) -> Contract:
        return _agreed(contract, task)

    trained = train(
        replace(without(problem, checked), agree=lambda contract: task.agree(whole(contract))),
        limits=_remaining(task, problem, int(rows.split.held_out.sum())),
        seed=task.seed,
        step=task.step,
        progress=task.progress,
    )
    trained = replace(trained, contract=whole(trained.contract))
    trained.write(task.bundle)
    learned = rows.learned
    options = task.options
    described = profile(
        rows.table.take(learned), trained.contract, target=options.target, time=options.time
    )
    (task.bundle / PROFILE).write_bytes(msgspec.json.encode(described))
    return Built(
        rows=len(rows.table),
        learned=[rows.split.units[i] for i in learned],
        split=split_of(rows),
        notes=(*rows.notes, *trained.card.notes, *unchecked(checked)),
        findings=checked.findings,
    )


def problem(task: Task[TabularT], rows: UsableRows, objective: Objective) -> Problem:
    """What is to be learned from the rows that are not held out."""
    options, learned = task.options, rows.learned
    table = rows.table.take(learned)
    features = rows.table.drop([*options.roles.values(), *options.exclude])
    groups = None if options.group is None else texts(table.columns[options.group])
    times = None if rows.split.times is None else [rows.split.times[i] for i in learned]
    return Problem(
        table=features.take(learned),
        target=rows.target[learned],
        objective=objective,
        weight=None if options.weight is None else weights(table, options.weight),
        groups=None if groups is None else np.asarray(groups, dtype=object),
        time=None if times is None else np.asarray(times),
        preference=Preference(options.prefer, options.latency_limit).checked(),
        check=features.take(rows.split.held_out),
        metric=own_metric(task),
    )


def own_metric(task: Task[TabularT]) -> Metric | None:
    """The user's metric, found before anything is learned. Raises ConfigError."""
    where = f"[components.{task.component}]"
    try:
        found = task.options.own_metric(task.root)
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from None
    return None if found is None else replace(found, where=f"{where} {found.where}")


def own_loss(task: Task[TabularT]) -> OwnLoss | None:
    """The user's loss, found before anything is learned. Raises ConfigError."""
    if task.options.loss is None:
        return None
    own = OwnLoss(task.options.loss, task.root)
    try:
        return own.checked()
    except ConfigError as error:
        raise ConfigError(f"[components.{task.component}] {error}") from None


def split_of(rows: UsableRows) -> dict[str, Any]:
    """How cases were held out, as `Built.split`."""
    found = rows.split
    return {
        "method": found.method,
        "share": SHARE,
        "cutoff": found.cutoff,
        "rule": found.rule,
    }


def _remaining(task: Task[TabularT], problem: Problem, cases: int) -> Limits:
    """The limits less the time that reading has taken and that judging the cases will take."""
    limit = task.limits.time
    if limit is None:
        return task.limits
    judging = slowness() * (_FIXED + _PER_CASE * cases)
    judging += _CALLS * (1 + len(task.options.sensitive)) * _one_call(problem, cases)
    kept = min(max(judging, _FOR_JUDGING * limit), _AT_MOST * limit)
    spent = time.monotonic() - task.started
    return msgspec.structs.replace(task.limits, time=max(limit - kept - spent, 1.0))


def _one_call(problem: Problem, cases: int) -> float:
    """Seconds that the user's metric takes now, of so many rows; 0 where there is none."""
    if problem.metric is None:
        return 0.0
    n = len(problem.target)
    targets = replace(problem.objective.targets(problem.target, np.ones(n)), metric=problem.metric)
    some = targets.take(np.random.default_rng(0).permutation(n)[:cases])
    began = time.monotonic()
    _ = some.defined
    return time.monotonic() - began


def _agreed(contract: Contract, task: Task[TabularT]) -> Contract:
    """With what the contract cannot infer: the source's other columns, which may come along
    without a warning, and what is expected of its own and of the column that names rows."""
    table, expected = task.data.table(), task.expectations
    read = {column.name for column in contract.columns}
    held = read | {task.options.id}
    own = {name: one for name, one in expected.columns.items() if name in held}
    return msgspec.structs.replace(
        contract,
        known=tuple(name for name in table.names if name not in read),
        expectations=Expectations(on_violation=expected.on_violation, columns=own),
    )
