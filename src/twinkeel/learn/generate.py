"""Which arithmetic of two columns earns a place among the features.

Differences, sums, products and ratios of the most important numbers, and the time between dates,
are proposed by quick LightGBMs, for each fold by the rows that it learns from; a fifth of these say
when to stop. Its other rows, which had no say, judge. Where the loss falls by enough over folds,
and hardly by chance, what most folds propose is kept. Crosses of categories, deviations from a
category's mean and counts of missing cells are not proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.learn import quick
from twinkeel.learn.arithmetic import OPERATORS, Pair, Pairs, arranged
from twinkeel.learn.budget import Budget
from twinkeel.learn.encode import Matrix
from twinkeel.learn.families.base import Fold, Settings
from twinkeel.learn.families.light import Light, LightModel
from twinkeel.learn.folds import Split, folds
from twinkeel.learn.linear import frame
from twinkeel.learn.material import Material
from twinkeel.learn.prepare import Space
from twinkeel.learn.workers import Job, Step

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Proposed = Mapping[int, Sequence[Pair]]
"""Pairs by the fold that proposes them."""

_FROM_WORK = 3
"""Units of work from which on trying is worth its time ..."""
_SHARE = 0.12
"""... or the share of the time for searching that it may take ..."""
_LEAST = 1.0
"""... which must be so many seconds."""
_ROWS = 8_000
"""So many rows of a fold are learned from and stop, and half as many judge ..."""
_CELLS = 1_000_000
"""... but no more values than these."""
_STOPPING = 5
"""One row in so many says when to stop."""
_COLUMNS = 6
"""The most important columns, of which all pairs are proposed."""
_KEPT = 12
"""At most so many pairs are kept, of those with ..."""
_WORTH = 0.01
"""... this share of the gain of a quick model that has all of them."""
_FOLDS = 3
"""Fewer folds than these cannot tell a gain from chance."""
_FALL = 0.01
"""By this share the loss must fall over the folds, and ..."""
_LEVEL = 0.25
"""... so likely may such a fall by chance be, by Student's t, one-sided ..."""
_SMALL, _LEVEL_OF_SMALL = 1_000, 0.05
"""... or so likely with fewer rows than these. Of tables of noise a fifth let the loss fall so far,
and so surely, with 300 rows, and none with 1,500; of open tables of 1,000 to 1,950 rows all that do
got better on new rows too."""
_QUICK: Settings = {
    "iterations": 200,
    "patience": 20,
    "learning_rate": 0.1,
    "num_leaves": 16,
    "feature_fraction": 0.7,
}
_FILE = "pairs.json"
_TOLD = 3


class Generated(msgspec.Struct, frozen=True):
    """What earned its place, as it is noted for a build that is resumed."""

    pairs: tuple[Pair, ...] = ()
    gain: float = 0.0
    """The share of the quick model's loss that they take away."""


def generated(
    material: Material, contract: Contract, budget: Budget, step: Step
) -> tuple[Material, tuple[str, ...]]:
    """The material with the features that earn their place, and a sentence on them."""
    if material.targets.loss.own is not None:  # of which no share can be told
        return material, ()
    if budget.work < _FROM_WORK or _SHARE * budget.left < _LEAST:
        return material, ()

    def work(folder: Path) -> None:
        found = _Trial(material, contract, budget).run()
        (folder / _FILE).write_bytes(msgspec.json.encode(found))

    found = msgspec.json.decode((step("features", work) / _FILE).read_bytes(), type=Generated)
    if not found.pairs:
        return material, ()
    return _with(material, arranged(found.pairs)), (_told(found),)


def _with(material: Material, pairs: Pairs) -> Material:
    X = np.hstack([material.X, pairs.encode(material.values)])
    space = Space((*material.space.blocks, pairs))
    return replace(material, space=space, X=X, frame=frame(X, material.targets.loss.width))


def _told(found: Generated) -> str:
    names = [one.name for one in found.pairs]
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return (
        f"Features of two columns are learned from as well: {', '.join(names[:_TOLD])}{more}; "
        f"out of fold they take {found.gain:.1%} off the loss of a quick model."
    )


class _Undecided(Exception):
    """The time or the memory does not suffice to tell."""


@dataclass(frozen=True)
class _Rows:
    """Some rows of a fold, in order."""

    learn: Index
    stop: Index
    """They end boosting ..."""
    judge: Index
    """... and these are seen by no model."""


class _Trial:
    """Quick models on a sample of each fold, until a share of the time is over."""

    def __init__(self, material: Material, contract: Contract, budget: Budget) -> None:
        self._material = material
        self._end = budget.end(_SHARE)
        self._kinds = {column.name: column.type for column in contract.columns}
        most = min(_ROWS, max(_CELLS // len(material.space.features), 500))
        parted = {n: _parted(material, one, most) for n, one in enumerate(material.splits)}
        self._rows = {number: rows for number, rows in parted.items() if rows is not None}

    def run(self) -> Generated:
        """The pairs that earn their place: none where that cannot be known, or not in time."""
        names = [name for name, kind in self._kinds.items() if kind in _PAIRED]
        if len(names) < 2 or len(self._rows) < _FOLDS:
            return Generated()
        try:
            return self._judged(names)
        except _Undecided:
            return Generated()

    def _judged(self, names: Sequence[str]) -> Generated:
        plain = self._fitted(dict.fromkeys(self._rows, ()))
        proposed = self._proposed(names, plain)
        if not any(proposed.values()):
            return Generated()
        without = self._losses(plain, dict.fromkeys(self._rows, ()))
        fall = 1 - self._losses(self._fitted(proposed), proposed) / without
        level = _LEVEL if len(self._material.targets.y) >= _SMALL else _LEVEL_OF_SMALL
        if fall.mean() < _FALL or by_chance(fall) > level:
            return Generated()
        return Generated(_agreed(proposed), float(fall.mean()))

    def _proposed(self, names: Sequence[str], plain: Mapping[int, LightModel]) -> Proposed:
        """For each fold, of all pairs of its most important columns those asked about most."""
        every = {number: self._every(names, number, model) for number, model in plain.items()}
        if not any(every.values()):
            return every
        found = {}
        for number, model in self._fitted(every).items():
            pairs, gain = every[number], model.gain()
            share = (gain / max(gain.sum(), _TINY))[len(gain) - len(pairs) :]
            order = np.argsort(-share, kind="stable")[:_KEPT]
            found[number] = arranged([pairs[i] for i in order if share[i] > _WORTH]).pairs
        return found

    def _every(self, names: Sequence[str], number: int, model: LightModel) -> Sequence[Pair]:
        """All pairs of the columns that a fold's model gains most by."""
        gains = dict.fromkeys(names, 0.0)
        features = self._material.space.features
        for place, gain in zip(self._material.space.seen(number), model.gain(), strict=True):
            if features[place].column in gains:
                gains[features[place].column] += float(gain)
        best = sorted(names, key=lambda name: -gains[name])[:_COLUMNS]
        told = [name for name in best if gains[name] > 0]
        return arranged([pair for two in combinations(told, 2) for pair in self._pairs(*two)]).pairs

    def _pairs(self, left: str, right: str) -> list[Pair]:
        """All arithmetic of two numbers; between two dates only the time from one to the other."""
        dates = [self._kinds[name] == "date" for name in (left, right)]
        if any(dates):
            return [Pair("-", left, right)] if all(dates) else []
        return [*(Pair(one, left, right) for one in OPERATORS), Pair("/", right, left)]

    def _fitted(self, pairs: Proposed) -> dict[int, LightModel]:
        """A quick model of each fold that has these features too. Raises _Undecided."""
        jobs = [
            Job(
                key=f"fold{number}",
                family=Light(),
                settings=_QUICK,
                fold=partial(self._fold, number, pairs[number]),
                seed=self._material.seed,
                end=self._end,
                to_the_end=True,
            )
            for number in self._rows
        ]
        with quick.fitted(self._material.workers, jobs) as folders:
            if folders is None:
                raise _Undecided
            width = self._material.targets.loss.width
            models = [Light().load(folder, width) for folder in folders]
        return dict(zip(self._rows, models, strict=True))

    def _losses(self, models: Mapping[int, LightModel], pairs: Proposed) -> Floats:
        """(folds,) the loss of each fold's model on the rows that judge."""
        of, found = self._material, []
        for number, rows in self._rows.items():
            X = of.X[np.ix_(rows.judge, of.space.seen(number))]
            margin = models[number].margin(self._beside(X, rows.judge, pairs[number]))
            targets = of.targets.take(rows.judge)
            found.append(max(of.targets.loss.minimised(margin, targets), _TINY))
        return np.array(found)

    def _fold(self, number: int, pairs: Sequence[Pair]) -> Fold:
        rows = self._rows[number]
        splits = list(self._material.splits)
        splits[number] = Split(rows.learn, rows.stop)
        fold = replace(self._material, splits=tuple(splits)).fold(number)
        return replace(
            fold,
            X=self._beside(fold.X, rows.learn, pairs),
            X_valid=self._beside(fold.X_valid, rows.stop, pairs),
        )

    def _beside(self, X: Matrix, rows: Index, pairs: Sequence[Pair]) -> Matrix:
        """The features of some rows, and those of pairs beside them."""
        if not pairs:
            return X
        block = Pairs(tuple(pairs))
        values = {name: self._material.values[name][rows] for name in block.columns}
        return np.hstack([X, block.encode(values)])


_PAIRED = ("number", "integer", "date")
_TINY = float(np.finfo(np.float64).tiny)


def by_chance(falls: Floats) -> float:
    """How likely a mean fall at least so large is where there is none: Student's t, one-sided."""
    from scipy.stats import ttest_1samp  # type: ignore[import-untyped]  # no stubs

    if np.ptp(falls) == 0:
        return 1.0  # nothing fell, or there is nothing to tell chance by
    return float(ttest_1samp(falls, 0.0, alternative="greater").pvalue)


def _agreed(proposed: Proposed) -> tuple[Pair, ...]:
    """What most folds propose; where they agree on nothing, what comes up most often."""
    counts = Counter(pair for pairs in proposed.values() for pair in pairs)
    most = min(len(proposed) // 2 + 1, max(counts.values()))
    return tuple(pair for pair, count in counts.most_common(_KEPT) if count >= most)


def _parted(material: Material, split: Split, most: int) -> _Rows | None:
    """A sample of a fold's rows; None where none of those to learn from can say when to stop."""
    rng = np.random.default_rng(material.seed)
    train = np.sort(rng.permutation(split.train)[:most])
    judge = np.sort(rng.permutation(split.valid)[: most // 2])
    targets = material.targets
    parts = folds(
        targets.loss.strata(targets.y[train]),
        count=_STOPPING,
        seed=material.seed,
        groups=None if material.groups is None else material.groups[train],
        time=None if material.time is None else material.time[train],
    )
    return _Rows(train[parts[-1].train], train[parts[-1].valid], judge) if parts else None
