"""What is learned about columns before any model: which features each gives, and their tables.

Owns the choice of encoders and the matrices that each fold learns from. What depends on the
target is computed per fold from that fold's rows, so that validation rows stay unseen.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.contract import Contract
from twinkeel.learn.encode import (
    Block,
    Category,
    Dates,
    Feature,
    Matrix,
    Numbers,
    Values,
    Words,
    codes,
    places,
    split,
)
from twinkeel.learn.folds import Split
from twinkeel.learn.statistics import out_of_fold, statistics
from twinkeel.learn.targets import Targets

Floats = NDArray[np.float64]

_INDICATORS = 32
"""At most so many levels of a category get an indicator."""
_STATISTICS_FROM = 10
"""A category of fewer levels gets indicators only."""
LEVELS = 50_000
"""At most so many levels of a category are told apart: the most frequent ones."""
_WORDS = 100
_NUMERIC = ("number", "integer", "boolean")
_TEXTS = ("category", "text")


@dataclass(frozen=True)
class Space:
    """All encoders of a model: contract-checked columns in, one matrix of F features out."""

    blocks: tuple[Block, ...]

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The F features, in the order of the matrix."""
        return tuple(feature for block in self.blocks for feature in block.features)

    def seen(self, fold: int) -> NDArray[np.intp]:
        """Positions of the features that a fold may learn from."""
        return np.flatnonzero([not one.folds or fold in one.folds for one in self.features])

    def encode(self, values: Values) -> Matrix:
        """(n, F) features."""
        return np.hstack([block.encode(values) for block in self.blocks])

    def training(
        self, X: Matrix, values: Values, targets: Targets, rows: NDArray[np.intp], fold: int
    ) -> Matrix:
        """The features of the rows that `fold` learns from: statistics are out of fold."""
        found = X[np.ix_(rows, self.seen(fold))]
        position = {name: i for i, name in enumerate(self._names(fold))}
        indicators, weight = targets.indicators[rows], targets.weight[rows]
        for number, block in enumerate(self.blocks):
            mine = [feature.name for feature in block.features if feature.folds == (fold,)]
            if mine and isinstance(block, Category):
                code = block.codes(values[block.column][rows])
                at = [position[name] for name in mine]
                found[:, at] = out_of_fold(
                    code, indicators, weight, len(block.levels), seed=1000 * fold + number
                )
        return found

    def _names(self, fold: int) -> list[str]:
        return [self.features[i].name for i in self.seen(fold)]


def prepare(contract: Contract, values: Values, targets: Targets, splits: Sequence[Split]) -> Space:
    """Choose and fit the encoders for columns of n rows."""
    numbers = [column.name for column in contract.columns if column.type in _NUMERIC]
    dates = [column.name for column in contract.columns if column.type == "date"]
    blocks: list[Block] = []
    if numbers:
        blocks.append(Numbers(tuple(numbers)))
    if dates:
        blocks.append(Dates(tuple(dates)))
    for column in contract.columns:
        cells = values[column.name] if column.type in _TEXTS else None
        if cells is None:
            continue
        if column.type == "category":
            blocks.append(_category(column.name, cells, targets, splits))
        if column.type == "text" or (not column.values and _worded(cells)):
            blocks.append(_words(column.name, cells, targets, splits))
    return Space(tuple(blocks))


def many(space: Space, values: Values) -> tuple[str, ...]:
    """A sentence on each category of more levels than are told apart."""
    found = []
    for block in space.blocks:
        if isinstance(block, Category) and len(block.levels) == LEVELS:
            distinct = len(set(values[block.column].tolist()))
            found.append(
                f"{block.column}: of its {distinct:,} different values the {LEVELS:,} most "
                "frequent are told apart; the others count as never seen."
            )
    return tuple(found)


def _worded(cells: NDArray[np.object_]) -> bool:
    """Whether most values of a category are three words or more."""
    return bool(2 * sum(cell.count(" ") >= 2 for cell in cells.tolist()) > len(cells))


def _category(
    name: str, values: NDArray[np.object_], targets: Targets, splits: Sequence[Split]
) -> Category:
    counts = Counter(values.tolist())
    levels = tuple(sorted(level for level, _ in counts.most_common(LEVELS)))
    code = codes(values, places(levels))
    frequency = np.bincount(code, minlength=len(levels) + 1) / len(values)
    tables, features = [], []
    for level, column in _indicators(levels, frequency, len(values)):
        tables.append(column)
        features.append(Feature(name, f"{name} = {level or 'missing'}"))
    if len(levels) > _INDICATORS:
        frequency[0] = min(frequency[0], 1 / len(values))  # of one that is rare, not of all
        tables.append(frequency)
        features.append(Feature(name, f"{name}: frequency"))
    if len(levels) >= _STATISTICS_FROM:
        for fold, rows in enumerate(splits):
            found = statistics(
                code[rows.train],
                targets.indicators[rows.train],
                targets.weight[rows.train],
                len(levels),
            )
            tables.extend(found.T)
            features.extend(
                Feature(name, f"{name}: target {m} of fold {fold}", (fold,))
                for m in range(found.shape[1])
            )
    table = np.column_stack(tables).astype(np.float32)
    return Category(name, levels, table, tuple(features))


def _indicators(levels: tuple[str, ...], frequency: Floats, rows: int) -> list[tuple[str, Floats]]:
    """Level and table column of each indicator; one for two levels, the unseen in between."""
    if len(levels) <= 2:
        column = np.array([frequency[-1], *([0.0] * (len(levels) - 1)), 1.0])
        return [(levels[-1], column)]
    enough = max(5, rows // 1000)
    common = [
        i for i in np.argsort(-frequency[1:], kind="stable") if frequency[1 + i] * rows >= enough
    ]
    code = np.arange(len(levels) + 1)
    return [(levels[i], (code == 1 + i).astype(float)) for i in sorted(common[:_INDICATORS])]


def _words(
    name: str, values: NDArray[np.object_], targets: Targets, splits: Sequence[Split]
) -> Words:
    """The words whose presence says most about the target, by chi-squared.

    Each fold chooses from the rows that it learns from, and sees no other fold's words.
    """
    documents: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    for row, text in enumerate(values):
        for token in set(split(text)):
            written.setdefault(token, token.lower().strip(string.punctuation))
            documents.setdefault(written[token], []).append(row)
    documents.pop("", None)
    enough = max(5, len(values) // 1000)
    common = {word: np.unique(rows) for word, rows in documents.items() if len(rows) >= enough}
    chosen = [_telling(common, targets, one.train) for one in splits]
    kept = sorted(set().union(*chosen))
    by = [tuple(fold for fold, words in enumerate(chosen) if word in words) for word in kept]
    place = {word: i for i, word in enumerate(kept, start=1)}
    tokens = {token: place[word] for token, word in written.items() if word in place}
    folds = tuple(() if len(one) == len(splits) else one for one in by)
    return Words(name, tuple(kept), tokens, folds)


def _telling(
    documents: dict[str, NDArray[np.intp]], targets: Targets, train: NDArray[np.intp]
) -> set[str]:
    """The words that say most about the target of the rows in `train`."""
    learned = np.zeros(len(targets.y), bool)
    learned[train] = True
    indicators = targets.indicators
    average, variance = indicators[train].mean(axis=0), indicators[train].var(axis=0)
    scored = {}
    for word, rows in documents.items():
        mine = rows[learned[rows]]
        away = indicators[mine].sum(axis=0) - len(mine) * average
        chance = variance * len(mine) * (1 - len(mine) / len(train))
        scored[word] = float((away**2 / np.maximum(chance, 1e-9)).max())
    return set(sorted(scored, key=lambda word: (-scored[word], word))[:_WORDS])
