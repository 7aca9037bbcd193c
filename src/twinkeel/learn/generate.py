"""Which arithmetic of two columns earns a place among the features.

Differences, sums, products and ratios of the most important numbers, and the time between dates,
are proposed; those that a quick LightGBM finds most useful are kept if they lower its loss out of
fold by more than two standard errors over the folds. The proposals come from the rows that the
first fold learns from, which judge in the other folds: small gains are flattered. Crosses of
categories, deviations from a category's mean and counts of missing cells are not proposed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.learn.arithmetic import Operator, Pair, Pairs, arranged
from twinkeel.learn.budget import Budget
from twinkeel.learn.families.base import Effort, Fold, Settings
from twinkeel.learn.families.light import Light, LightModel
from twinkeel.learn.folds import Split
from twinkeel.learn.linear import frame
from twinkeel.learn.material import Material
from twinkeel.learn.prepare import Space
from twinkeel.learn.workers import Step

Floats = NDArray[np.float64]

_FROM_WORK = 3
"""Units of work from which on trying is worth its time ..."""
_SHARE = 0.12
"""... or the share of the time for searching that it may take ..."""
_LEAST = 1.0
"""... which must be so many seconds."""
_ROWS = 8_000
"""So many rows of a fold are learned from, and half as many judge ..."""
_CELLS = 1_000_000
"""... but no more values than these."""
_COLUMNS = 6
"""The most important columns, of which all pairs are proposed."""
_KEPT = 12
"""At most so many pairs are kept, of those with ..."""
_WORTH = 0.01
"""... this share of the gain of a quick model that has all of them."""
_BEYOND_NOISE = 2.0
"""By so many standard errors over the folds the loss must fall."""
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


@dataclass(frozen=True)
class _Judged:
    """A quick model and its loss on the rows that judge it."""

    gain: Floats
    loss: float


class _Trial:
    """Quick models on a sample of each fold, until a share of the time is over."""

    def __init__(self, material: Material, contract: Contract, budget: Budget) -> None:
        self._late = budget.until(_SHARE)
        rows = min(_ROWS, max(_CELLS // len(material.space.features), 500))
        self._splits = tuple(_few(one, rows, material.seed) for one in material.splits)
        self._material = replace(material, splits=self._splits)
        self._kinds = {column.name: column.type for column in contract.columns}

    def run(self) -> Generated:
        """The pairs that earn their place: none where the time is over before that is known."""
        names = [name for name, kind in self._kinds.items() if kind in _PAIRED]
        if len(names) < 2 or len(self._splits) < 2:
            return Generated()
        pairs = self._proposed(names)
        if not pairs or self._late():
            return Generated()
        before, after = self._losses(()), self._losses(pairs)
        fall = 1 - after / np.maximum(before, np.finfo(np.float64).tiny)
        noise = fall.std(ddof=1) / np.sqrt(len(fall))
        if self._late() or not fall.mean() > _BEYOND_NOISE * noise:
            return Generated()
        return Generated(pairs, float(fall.mean()))

    def _proposed(self, names: Sequence[str]) -> tuple[Pair, ...]:
        """Of all pairs of the most important columns, those that are asked about most."""
        gains = dict.fromkeys(names, 0.0)
        features = self._material.space.features
        model = self._judged(0, ())
        for place, gain in zip(self._material.space.seen(0), model.gain, strict=True):
            if features[place].column in gains:
                gains[features[place].column] += float(gain)
        best = sorted(names, key=lambda name: -gains[name])[:_COLUMNS]
        every = [
            pair
            for left, right in combinations([name for name in best if gains[name] > 0], 2)
            for pair in self._pairs(left, right)
        ]
        if not every or self._late():
            return ()
        pairs = arranged(every).pairs
        gain = self._judged(0, pairs).gain
        share = (gain / max(gain.sum(), np.finfo(np.float64).tiny))[-len(pairs) :]
        order = np.argsort(-share, kind="stable")[:_KEPT]
        return tuple(pairs[i] for i in order if share[i] > _WORTH)

    def _pairs(self, left: str, right: str) -> list[Pair]:
        """All arithmetic of two numbers; between two dates only the time from one to the other."""
        dates = [self._kinds[name] == "date" for name in (left, right)]
        if any(dates):
            return [Pair("-", left, right)] if all(dates) else []
        operators: tuple[Operator, ...] = ("-", "+", "*", "/")
        return [*(Pair(one, left, right) for one in operators), Pair("/", right, left)]

    def _losses(self, pairs: Sequence[Pair]) -> Floats:
        """(folds,) the loss of a quick model that has these features too."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = pool.map(lambda fold: self._judged(fold, pairs).loss, range(len(self._splits)))
            return np.array(list(found))

    def _judged(self, number: int, pairs: Sequence[Pair]) -> _Judged:
        fold, split = self._fold(number, pairs), self._splits[number]
        with tempfile.TemporaryDirectory(prefix="twinkeel-") as scratch:
            Light().fit(fold, _QUICK, Effort(self._material.seed, self._late), Path(scratch))
            model = Light().load(Path(scratch), fold.width)
        assert isinstance(model, LightModel)
        targets = self._material.targets.take(split.valid)
        return _Judged(model.gain(), fold.loss.minimised(model.margin(fold.X_valid), targets))

    def _fold(self, number: int, pairs: Sequence[Pair]) -> Fold:
        fold, split = self._material.fold(number), self._splits[number]
        if not pairs:
            return fold
        block = arranged(pairs)
        made = [
            block.encode({name: self._material.values[name][rows] for name in block.columns})
            for rows in (split.train, split.valid)
        ]
        return replace(
            fold, X=np.hstack([fold.X, made[0]]), X_valid=np.hstack([fold.X_valid, made[1]])
        )


_PAIRED = ("number", "integer", "date")


def _few(split: Split, rows: int, seed: int) -> Split:
    """A sample of the rows of a fold, in order."""
    rng = np.random.default_rng(seed)
    train, valid = (
        np.sort(rng.permutation(part)[:most])
        for part, most in ((split.train, rows), (split.valid, rows // 2))
    )
    return Split(train, valid)
