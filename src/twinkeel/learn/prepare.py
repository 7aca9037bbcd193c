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
    SHARED,
    Block,
    Category,
    Dates,
    Feature,
    Matrix,
    Numbers,
    Values,
    Words,
    codes,
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
_LEVELS = 20_000
_WORDS = 100
_NUMERIC = ("number", "integer", "boolean")


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
        folds = np.array([feature.fold for feature in self.features])
        return np.flatnonzero((folds == SHARED) | (folds == fold))

    def encode(self, values: Values) -> Matrix:
        """(n, F) features."""
        return np.hstack([block.encode(values) for block in self.blocks])

    def training(
        self, X: Matrix, values: Values, targets: Targets, rows: NDArray[np.intp], fold: int
    ) -> Matrix:
        """The features of the rows that `fold` learns from: statistics are out of fold."""
        found = X[np.ix_(rows, self.seen(fold))]
        places = {name: i for i, name in enumerate(self._names(fold))}
        indicators, weight = targets.indicators[rows], targets.weight[rows]
        for number, block in enumerate(self.blocks):
            mine = [feature.name for feature in block.features if feature.fold == fold]
            if mine and isinstance(block, Category):
                code = codes(block_values(values, block)[rows], block.levels)
                at = [places[name] for name in mine]
                found[:, at] = out_of_fold(
                    code, indicators, weight, len(block.levels), seed=1000 * fold + number
                )
        return found

    def _names(self, fold: int) -> list[str]:
        return [self.features[i].name for i in self.seen(fold)]


def block_values(values: Values, block: Category) -> NDArray[np.object_]:
    """The raw column of a category."""
    return values[block.column]


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
        if column.type == "category":
            blocks.append(_category(column.name, values[column.name], targets, splits))
        elif column.type == "text":
            blocks.append(_words(column.name, values[column.name], targets))
    return Space(tuple(blocks))


def many(space: Space, values: Values) -> tuple[str, ...]:
    """A sentence on each text column whose values repeat: a category of very many levels."""
    found = []
    for block in space.blocks:
        if isinstance(block, Words):
            distinct = len(set(values[block.column].tolist()))
            if 2 * distinct <= len(values[block.column]):
                found.append(
                    f"{block.column}: its {distinct:,} different values are too many for a "
                    f"category; the {len(block.words)} most telling words in them are learned from."
                )
    return tuple(found)


def _category(
    name: str, values: NDArray[np.object_], targets: Targets, splits: Sequence[Split]
) -> Category:
    counts = Counter(values.tolist())
    levels = tuple(sorted(level for level, _ in counts.most_common(_LEVELS)))
    code = codes(values, levels)
    frequency = np.bincount(code, minlength=len(levels) + 1) / len(values)
    tables, features = [], []
    for level, column in _indicators(levels, frequency, len(values)):
        tables.append(column)
        features.append(Feature(name, f"{name} = {level or 'missing'}"))
    if len(levels) > _INDICATORS:
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
                Feature(name, f"{name}: target {m} of fold {fold}", fold)
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
    identity = np.eye(len(levels) + 1)
    return [(levels[i], identity[1 + i]) for i in sorted(common[:_INDICATORS])]


def _words(name: str, values: NDArray[np.object_], targets: Targets) -> Words:
    """The words whose presence says most about the target, by chi-squared over all rows.

    Their choice sees every learned row's target, that of validation rows included; what a word
    means is learned by the models, fold by fold.
    """
    documents: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    for row, text in enumerate(values):
        for token in set(split(text)):
            written.setdefault(token, token.lower().strip(string.punctuation))
            documents.setdefault(written[token], []).append(row)
    documents.pop("", None)
    enough = max(5, len(values) // 1000)
    scored = {
        word: _chi_squared(np.unique(rows), targets.indicators)
        for word, rows in documents.items()
        if len(rows) >= enough
    }
    kept = sorted(sorted(scored, key=lambda word: (-scored[word], word))[:_WORDS])
    place = {word: i for i, word in enumerate(kept, start=1)}
    tokens = {token: place[word] for token, word in written.items() if word in place}
    return Words(name, tuple(kept), tokens)


def _chi_squared(rows: NDArray[np.intp], indicators: Floats) -> float:
    """How far the target of `rows` is from that of all rows, against what chance gives."""
    variance = indicators.var(axis=0) * len(rows) * (1 - len(rows) / len(indicators))
    away = indicators[rows].sum(axis=0) - len(rows) * indicators.mean(axis=0)
    return float((away**2 / np.maximum(variance, 1e-9)).max())
