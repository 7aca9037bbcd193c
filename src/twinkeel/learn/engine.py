"""From a table and its target to a compiled, calibrated, checked model, within limits.

The one door of the engine for training; knows no sort of target (see `objectives`). Reads no
file; writes what `Trained.write` is asked to, and the steps that let a killed build go on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.config import shown
from twinkeel.data.contract import Contract, Inferred, infer
from twinkeel.errors import BuildError, TwinkeelError
from twinkeel.learn import parity, whole
from twinkeel.learn.assemble import Ensemble, combine
from twinkeel.learn.budget import Budget
from twinkeel.learn.compile import Function, compiled
from twinkeel.learn.encode import Values
from twinkeel.learn.explain import Explainer, Owner
from twinkeel.learn.folds import Split, everything, folds
from twinkeel.learn.frontier import Choice, choices, in_time, one_row, points, wanted
from twinkeel.learn.generate import generated
from twinkeel.learn.libraries import import_libraries
from twinkeel.learn.linear import frame
from twinkeel.learn.material import Bag, Material
from twinkeel.learn.model import CONTRACT, GRAPH, MODEL, Card
from twinkeel.learn.objectives.base import Answers, Learned
from twinkeel.learn.portfolio import chosen, learning
from twinkeel.learn.predictors.base import Predictor
from twinkeel.learn.preference import Preference
from twinkeel.learn.prepare import Space, many, prepare
from twinkeel.learn.problem import Problem, learnable, weights
from twinkeel.learn.quick import unkept
from twinkeel.learn.search import Search, usable
from twinkeel.learn.targets import Explained, Targets
from twinkeel.learn.workers import Pool, Step, hired
from twinkeel.records import Limits, Progress, Tick, silent

__all__ = ["Problem", "Trained", "train"]

Floats = NDArray[np.float64]

_FOLDS = 5
_EXPLAINED = 100
"""Rows whose explanations make the importance."""
_EXPLAINING = 0.15
"""Share of the time kept for finishing that they may take."""
_PROVEN = 0.9
"""Share of all the time after which no more rows are compared than must be."""
_BYTES_PER_CELL = 24
"""Of one encoded value: the matrix, a fold's copy, the libraries' own forms of it."""


@dataclass(frozen=True)
class Trained:
    """A finished model."""

    contract: Contract
    card: Card
    function: Function
    graph: bytes
    serves: type[Predictor[Any]]
    """The class of its predictor."""
    proof: parity.Proof = parity.UNPROVEN
    """How compiled and trained answers compared."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What fitting each candidate took, its folds one after the other; kept in no bundle."""

    def predictor(self) -> Predictor[Any]:
        """What serves it, from memory."""
        parts = self.function.parts
        return self.serves(self.contract, self.card, self.graph, lambda: parts)

    def write(self, folder: Path) -> None:
        """Fill `folder` with all that `Predictor.open` needs."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, record in ((CONTRACT, self.contract), (MODEL, self.card)):
            text = msgspec.json.format(msgspec.json.encode(record), indent=1)
            (folder / name).write_bytes(text)
        (folder / GRAPH).write_bytes(self.graph)
        self.function.parts.save(folder)


def train(
    problem: Problem,
    *,
    limits: Limits,
    seed: int = 0,
    step: Step | None = None,
    progress: Progress = silent,
) -> Trained:
    """Learn, within `limits`, from the moment that the libraries are imported.

    `step` keeps fitted folds (see `kinds.base.Task.step`). Raises InputError for data that
    cannot be learned from, BuildError where the compiled model fails its proof or the memory does
    not suffice.
    """
    import_libraries()
    portfolio = replace(chosen(problem.members), price=problem.preference.price)
    portfolio, left_out = learning(portfolio, problem.objective.own)
    budget = Budget.begin(limits, len(portfolio))
    progress(Tick(stage="preparing", fraction=0.0))
    with tempfile.TemporaryDirectory(prefix="twinkeel-") as scratch, hired(limits) as workers:
        keep = step or unkept(Path(scratch))
        ready = prepared(problem, limits, seed, budget, workers)
        ready = _enriched(ready, ready.material.named(keep))
        keep = ready.material.named(keep)
        search = Search(ready.material, budget, keep, progress, portfolio)
        bags = search.run()
        ready = replace(ready, notes=(*ready.notes, *left_out, *search.notes))
        progress(Tick(stage="compiling", fraction=0.92))
        trained, answers = _served(ready, bags, keep)
        progress(Tick(stage="checking", fraction=0.95))
        return replace(
            trained,
            proof=_proof(ready, answers, trained.predictor()),
            seconds={bag.candidate.name: bag.seconds for bag in bags},
        )


@dataclass(frozen=True)
class Ready:
    """A problem whose columns and target have been read."""

    problem: Problem
    budget: Budget
    contract: Contract
    material: Material
    notes: tuple[str, ...]


def prepared(problem: Problem, limits: Limits, seed: int, budget: Budget, workers: Pool) -> Ready:
    """The problem read and encoded, its folds and its loss chosen. Raises InputError."""
    problem, notes = learnable(problem, limits, seed, trial=partial(_tried, seed=seed))
    read = _read(problem, seed)
    targets, space, values = read.targets.checked(), read.space, read.values
    _enough_memory(limits, len(targets.y), len(space.features))
    X = space.encode(values)
    material = Material(
        space=space,
        X=X,
        values=values,
        targets=targets,
        splits=read.splits,
        frame=frame(X, targets.loss.width),
        seed=seed,
        workers=workers,
        groups=problem.groups,
        time=problem.time,
    )
    loss, why = problem.objective.settled(material, budget)
    material = replace(material, targets=replace(targets, loss=loss))
    notes = (*notes, *read.inferred.notes, *many(space, values), *why)
    return Ready(problem, budget, read.contract, material, notes)


@dataclass(frozen=True)
class _Read:
    """Columns and target as they are learned from, not encoded yet."""

    inferred: Inferred
    contract: Contract
    values: Values
    targets: Targets
    splits: tuple[Split, ...]
    space: Space


def _read(problem: Problem, seed: int) -> _Read:
    """Raises InputError for what cannot be learned from."""
    targets = problem.objective.targets(problem.target, weights(problem))
    targets = replace(targets, metric=problem.metric)
    inferred = infer(problem.table, keep=problem.keep)
    contract = inferred.usable()
    problem.agree(contract)
    values = contract.read(problem.table.columns, len(problem.table)).values
    strata = targets.loss.strata(targets.y)
    found = folds(strata, count=_FOLDS, seed=seed, groups=problem.groups, time=problem.time)
    free = problem.groups is None and problem.time is None
    splits = usable(found, targets, free=free)
    space = prepare(contract, values, targets, (*splits, everything(len(targets.y), seed)))
    return _Read(inferred, contract, values, targets, splits, space)


def _tried(few: Problem, seed: int) -> None:
    """Read and encode some rows to see how long it takes; what is wrong with all is told later."""
    with suppress(TwinkeelError):
        read = _read(replace(few, agree=lambda _: None), seed)
        read.space.encode(read.values)


def _enriched(ready: Ready, step: Step) -> Ready:
    """With the features of two columns that earn their place."""
    material, notes = generated(ready.material, ready.contract, ready.budget, step)
    return replace(ready, material=material, notes=(*ready.notes, *notes))


def _served(ready: Ready, bags: Sequence[Bag], step: Step) -> tuple[Trained, Answers]:
    """The point of the frontier that the preference asks for, compiled and timed."""
    preference, row = ready.problem.preference, ready.problem.table.rows(0, 1)[0]
    found = choices(ready.material, bags, ready.budget)
    late, milliseconds = ready.budget.over(_PROVEN), 0.0
    for asked in wanted(found, preference):
        choice, answering = _answering(ready, bags, asked, step)
        ensemble = combine(ready.material, answering, choice.weights)
        finished = ready.problem.objective.finish(_learned(ready, ensemble, step))
        graph = compiled(ready.contract, ready.material.space, finished.function)
        trained = Trained(ready.contract, finished.card, finished.function, graph, finished.serves)
        if preference.latency_limit is None:
            break
        milliseconds = one_row(trained.predictor(), row)
        if milliseconds <= preference.latency_limit or late():
            break
    card = msgspec.structs.replace(
        finished.card,
        frontier=points([choice if one is asked else one for one in found], choice),
        nets=sum(len(one) for one in trained.function.parts.nets),
        notes=(*finished.card.notes, *_chosen_by(ensemble), *_too_slow(milliseconds, preference)),
    )
    return replace(trained, card=card), finished.answers


def _answering(
    ready: Ready, bags: Sequence[Bag], choice: Choice, step: Step
) -> tuple[Choice, Sequence[Bag]]:
    """The bags that a choice takes, fitted on all rows if it says so and the time allows."""
    if choice.instead is None:
        return choice, bags
    again = whole.fitted(ready.material, bags, choice.again, ready.budget, step)
    if again is None:
        return in_time(ready.material, bags, ready.budget, choice.instead), bags
    taken = [bag for bag, weight in zip(again, choice.weights, strict=True) if weight]
    trees, cost = sum(bag.trees for bag in taken), sum(bag.cost for bag in taken)
    return replace(choice, trees=trees, cost=cost), again


def _chosen_by(ensemble: Ensemble) -> list[str]:
    """A sentence on the user's own metric, if there is one."""
    targets = ensemble.targets
    if targets.metric is None:
        return []
    value = targets.number(ensemble.out_of_fold)
    told = "undefined" if np.isnan(value) else f"{value:.4g}"
    return [
        f"The ensemble was chosen by {targets.metric.name} ({targets.metric.direction} is better): "
        f"{told} out of fold."
    ]


def _too_slow(milliseconds: float, preference: Preference) -> list[str]:
    limit = preference.latency_limit
    if limit is None or milliseconds <= limit:
        return []
    return [
        f"One row takes {milliseconds:.2f} ms here, more than the latency_limit of {limit:g} ms: "
        "no ensemble that was tried is quicker; raise the limit, or give fewer columns."
    ]


def _learned(ready: Ready, ensemble: Ensemble, step: Step) -> Learned:
    """What the search has come to, with the importance of the columns."""
    place = {column.name: i for i, column in enumerate(ready.contract.columns)}
    owners = tuple(
        place[one.column] if one.partner is None else (place[one.column], place[one.partner])
        for one in ready.material.space.features
    )
    return Learned(
        contract=ready.contract,
        material=ready.material,
        ensemble=ensemble,
        owners=owners,
        importance=_importance(ready, ensemble.function, owners),
        notes=ready.notes,
        budget=ready.budget,
        step=step,
    )


def _proof(ready: Ready, answers: Answers, predictor: Predictor[Any]) -> parity.Proof:
    """What is served against what the libraries say."""
    check = ready.problem.table if ready.problem.check is None else ready.problem.check
    late = ready.budget.over(_PROVEN)
    return parity.check(predictor, answers, check, ready.material.seed, late)


def _importance(ready: Ready, function: Function, owners: tuple[Owner, ...]) -> dict[str, float]:
    """Mean absolute contributions over a sample of the rows learned from, as time allows."""
    X = ready.material.X
    rows = np.random.default_rng(ready.material.seed).permutation(len(X))[:_EXPLAINED]
    names = [column.name for column in ready.contract.columns]
    explainer = Explainer(function.parts, owners, len(names))
    late = ready.budget.finishing(_EXPLAINING)
    effects: list[Floats] = []
    for row in rows:
        found = explainer.contributions(X[[row]])[0]
        margins = Explained(explainer.base, found, explainer.base + found.sum(axis=0))
        effects.append(np.abs(function.head.explained(margins).effects).mean(axis=1))
        if late():
            break
    effect = np.mean(effects, axis=0)
    return {names[i]: float(effect[i]) for i in np.argsort(-effect, kind="stable")}


def _enough_memory(limits: Limits, rows: int, features: int) -> None:
    """Refuse what cannot fit: the matrix, a fold's copy, and what the libraries make of it."""
    needed, unit = rows * features * _BYTES_PER_CELL, limits.memory_unit
    if limits.memory is not None and needed > limits.memory:
        raise BuildError(
            f"Learning from {rows:,} rows of {features:,} features is estimated to take "
            f"{shown(needed, unit, up=True)} and memory_limit is {shown(limits.memory, unit)}: "
            "raise it, exclude columns or give fewer rows."
        )
