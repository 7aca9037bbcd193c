"""`check_kind`: what every kind must keep, tried on a real project.

Give it a project with a component of the kind. It declares, builds, judges, releases, calls,
verifies and rebuilds as any user would, in the project's own store, and raises AssertionError
with one sentence for the first promise that is broken.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from twinkeel.data.table import from_rows
from twinkeel.errors import TwinkeelError
from twinkeel.kinds.base import CallsColumns, Kind, Options, Servable, Traits
from twinkeel.lifecycle.build import task_for_cases
from twinkeel.lifecycle.call import columns
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.versions import load
from twinkeel.project import Judged, Project
from twinkeel.records import Cases, Output, Signature

TRAINING_ONLY = (
    "catboost",
    "joblib",
    "lightgbm",
    "onnx",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
    "torch",
    "xgboost",
)
"""Libraries that no server may need."""

_LOAD_ALONE = """
import json, sys
from twinkeel.project import Project
from twinkeel.lifecycle.versions import load
project = Project.open(sys.argv[1])
rows = json.load(sys.stdin)
load(project.store, project.version(sys.argv[2])).call(rows)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def check_kind(project: Project, name: str) -> Judged:
    """Try the kind of the component `name`; returns what the first build gave.

    Raises AssertionError naming the broken promise.
    """
    kind: Kind[Any] = component(project.config, name).kind
    _declares(kind)
    cases = _fixed_cases(project, name)
    judged = project.build(name)
    _judges(project, judged, kind, cases)
    servable = load(project.store, judged.version)
    rows = _rows(cases, 5)
    _answers(servable, rows)
    _refuses(servable)
    _loads_alone(project, judged, rows[:1])
    _verifies(project, judged)
    if not kind.traits.stochastic and project.config.components[name].limits.work is not None:
        again = project.build(name)
        _holds(again.version.bundle == judged.version.bundle, "the same build gave another bundle")
    return judged


def _declares(kind: Kind[Any]) -> None:
    _holds(isinstance(kind, Kind), "it must be a subclass of twinkeel.kinds.base.Kind")
    _holds(issubclass(kind.options, Options), "its options must be a subclass of Options")
    _holds(isinstance(kind.traits, Traits), "its traits must be a Traits")
    _holds(bool(kind.runtime), "it must name the runtime of its bundles")
    _holds(bool((kind.__doc__ or "").strip()), "its class needs a docstring")
    decoded = msgspec.json.schema(kind.options)
    _holds("$defs" in decoded or "properties" in decoded, "its options must have typed fields")


def _fixed_cases(project: Project, name: str) -> Cases:
    """The cases, which must be the same every time that they are asked for."""
    what = component(project.config, name)
    found = []
    for _ in range(2):
        with project.store.scratch() as folder:
            task = task_for_cases(project.config, project.store, what, folder)
            found.append(what.kind.cases(task))
    _holds(found[0] == found[1], "cases() must give the same cases for the same source")
    cases = found[0]
    _holds(len(cases) > 0, "cases() must give at least one case")
    _holds(len(set(cases.ids)) == len(cases), "each case needs an id of its own")
    lengths = {len(values) for values in (cases.units, cases.expected, *cases.inputs.values())}
    _holds(lengths == {len(cases)}, "all parts of the cases must have one entry per case")
    if what.kind.traits.needs_labels:
        _holds(all(value is not None for value in cases.expected), "each case needs a label")
    return cases


def _judges(project: Project, judged: Judged, kind: Kind[Any], cases: Cases) -> None:
    evaluation = judged.evaluation
    _holds(evaluation is not None, "a build must end with an evaluation")
    assert evaluation is not None
    scores = evaluation.scorecard.scores
    _holds(len(scores) > 0, "measures() must give at least one measure")
    _holds(any(score.value is not None for score in scores), "no measure has a value")
    evidence = kind.evaluate(load(project.store, judged.version), cases)
    _holds(evidence.ids == cases.ids, "the evidence must have every case, in the cases' order")
    _holds(evidence.units == cases.units, "the evidence must carry the cases' units")
    decided = kind.decided(evidence)
    each = () if decided is None else (decided.losses, decided.words, decided.names)
    lengths = {len(values) for values in each if values is not None}
    _holds(lengths <= {len(evidence)}, "decided() must have one entry per case of the evidence")
    keys = [score.key for score in scores]
    _holds(len(set(keys)) == len(keys), "two scores have the same name and slice")


def _answers(servable: Servable, rows: list[dict[str, Any]]) -> None:
    _holds(isinstance(servable.signature, Signature), "a servable needs a Signature")
    _holds(len(servable.signature.inputs) > 0, "the signature must have an input")
    together = servable.call(rows)
    _holds(len(together) == len(rows), "call() must give one output per row")
    _holds(all(isinstance(output, Output) for output in together), "call() must give Outputs")
    _holds(servable.call([]) == [], "call() of no rows must give no outputs")
    promised = [field.name for field in servable.signature.outputs]
    for output in together:
        missing = [name for name in promised if not _has(output.values, name)]
        _holds(not missing, f"an output lacks {missing}, which the signature promises")
        msgspec.json.encode(output)
    if isinstance(servable, CallsColumns):
        _answers_alike(servable, together, rows)


def _answers_alike(servable: CallsColumns, together: list[Output], rows: list[Any]) -> None:
    n, table = len(rows), from_rows(rows)
    found = servable.call_columns(table.columns, n).columns(n)
    alike = same(
        {name: cells.tolist() for name, cells in found.items()},
        {name: cells.tolist() for name, cells in columns(together).items()},
    )
    _holds(alike, "call_columns() must give the outputs that call() gives")


def same(one: Any, other: Any) -> bool:
    """Whether two nested values are equal, where NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    both_nan = (
        isinstance(one, float)
        and isinstance(other, float)
        and math.isnan(one)
        and math.isnan(other)
    )
    return both_nan or bool(one == other)


def _has(values: dict[str, Any], name: str) -> bool:
    """Whether the output `name` is there, by itself or as the entry of a nested value."""
    outer, _, inner = name.partition(".")
    nested = values.get(outer)
    return name in values or (isinstance(nested, dict) and inner in nested)


def _refuses(servable: Servable) -> None:
    """A bad row is one sentence, whatever is wrong with it."""
    wrong: list[dict[str, Any]] = [
        {},
        {"no such column": 1},
        {servable.signature.inputs[0].name: [[]]},
    ]
    for bad in wrong:
        _says_or_answers(partial(servable.call, [bad]), f"the row {bad!r}")


def _says_or_answers(work: Callable[[], Any], what: str) -> None:
    try:
        work()
    except TwinkeelError:
        return
    except Exception as error:
        raise AssertionError(f"{what} must give a TwinkeelError, not {error!r}") from error


def _loads_alone(project: Project, judged: Judged, rows: list[dict[str, Any]]) -> None:
    """Loading and calling import nothing that only training needs."""
    done = subprocess.run(  # noqa: S603  # our own interpreter and our own program
        [sys.executable, "-c", _LOAD_ALONE, str(project.config.root), str(judged.version.ref)],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=False,
    )
    _holds(done.returncode == 0, f"it does not load in a new process: {done.stderr[-500:]}")
    heavy = set(json.loads(done.stdout.splitlines()[-1])) & set(TRAINING_ONLY)
    _holds(not heavy, f"loading it imports {', '.join(sorted(heavy))}, which only training needs")


def _verifies(project: Project, judged: Judged) -> None:
    verification = project.verify(str(judged.version.ref))
    failed = [f"{check.name}: {check.detail}" for check in verification.checks if not check.ok]
    _holds(not failed, f"it does not verify: {'; '.join(failed)}")


def _rows(cases: Cases, n: int) -> list[dict[str, Any]]:
    count = min(n, len(cases))
    return [{name: values[i] for name, values in cases.inputs.items()} for i in range(count)]


def _holds(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(f"check_kind: {promise}.")
