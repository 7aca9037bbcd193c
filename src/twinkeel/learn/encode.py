"""From a column that meets the contract to features: in numpy for training, in ONNX for serving.

Each block owns both forms, side by side, of one kind of column. Numbers arrive as float64 with
NaN for missing, texts as strings with "" for missing; features are float32, because boosters
compare in float32.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.graph import Graph

Matrix = NDArray[np.float32]
Values = Mapping[str, NDArray[Any]]
"""Contract-checked columns by name, each (n,)."""

_END = "\x03"
"""Ends every text in the graph, so that there is a token to look up."""


@dataclass(frozen=True)
class Feature:
    """One column of the encoded matrix."""

    column: str
    """The user's column that it comes from."""
    name: str
    folds: tuple[int, ...] = ()
    """The only folds that may learn from it, as it comes from their rows' targets; none for all."""
    partner: str | None = None
    """The other column that it comes from, if there are two: each has half of its effect."""


class Block(ABC):
    """One or more columns and the features made of them."""

    text: ClassVar[bool]
    columns: tuple[str, ...]
    features: tuple[Feature, ...]

    @abstractmethod
    def encode(self, values: Values) -> Matrix:
        """(n, features)"""

    @abstractmethod
    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """Add the same computation to `graph`; returns the name of its float32 (n, features).

        `inputs` are values that side by side hold the block's columns, float64 or strings.
        """


@dataclass(frozen=True)
class Numbers(Block):
    """Numbers, integers and booleans, as they are."""

    text: ClassVar[bool] = False
    columns: tuple[str, ...]

    @property
    def features(self) -> tuple[Feature, ...]:  # type: ignore[override]  # read-only is enough
        """One per column."""
        return tuple(Feature(name, name) for name in self.columns)

    def encode(self, values: Values) -> Matrix:
        """(n, columns) the numbers in single precision."""
        return single(np.column_stack([values[name] for name in self.columns]))

    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """The same by two nodes."""
        return graph.add("Cast", stacked(graph, inputs), to=FLOAT)


FLOAT, _INT64 = 1, 7
"""ONNX's numbers for types."""
_CYCLE = 10_227
"""Days after which dates repeat, weekday and leap years included, from 1901 to 2099."""
_FAR = 4e6
"""Days beyond which a date is cut: more than 10,000 years."""


@dataclass(frozen=True)
class Dates(Block):
    """Dates as days since 1970-01-01, and their month, day of the month, weekday and hour.

    Month and day come from a table of the 28 years after which the calendar repeats: exact from
    March 1901 to February 2100, a day off outside.
    """

    text: ClassVar[bool] = False
    columns: tuple[str, ...]

    @property
    def features(self) -> tuple[Feature, ...]:  # type: ignore[override]  # read-only is enough
        """Days of each column, then hours of each, then each one's three parts."""
        whole = [Feature(name, name) for name in self.columns]
        hours = [Feature(name, f"{name}: hour") for name in self.columns]
        parts = [
            Feature(name, f"{name}: {part}")
            for name in self.columns
            for part in ("month", "day", "weekday")
        ]
        return (*whole, *hours, *parts)

    def encode(self, values: Values) -> Matrix:
        """(n, 5 columns); every part of a missing date is missing."""
        days = np.column_stack([values[name] for name in self.columns])
        missing = np.isnan(days)
        known = np.clip(np.where(missing, 0.0, days), -_FAR, _FAR)
        start = np.floor(known)
        hour = np.where(missing, np.nan, (known - start) * 24.0)
        parts = _calendar()[np.mod(start.astype(np.int64), _CYCLE)]
        parts[missing] = np.nan
        return np.hstack([single(days), single(hour), parts.reshape(len(days), -1)])

    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """The same for all columns at once."""
        days = stacked(graph, inputs)
        missing = graph.add("IsNaN", days)
        zero, nan = graph.constant(np.float64(0.0)), graph.constant(np.float64(np.nan))
        limits = graph.constant(np.float64(-_FAR)), graph.constant(np.float64(_FAR))
        known = graph.add("Clip", graph.add("Where", missing, zero, days), *limits)
        start = graph.add("Floor", known)
        rest = graph.add("Sub", known, start)
        hour = graph.add("Mul", rest, graph.constant(np.float64(24.0)))
        hour = graph.add("Cast", graph.add("Where", missing, nan, hour), to=FLOAT)
        place = graph.add("Mod", graph.add("Cast", start, to=_INT64), graph.ints(_CYCLE))
        parts = graph.add("Gather", graph.constant(_calendar()), place, axis=0)
        absent = graph.add("Unsqueeze", missing, graph.ints(2))
        parts = graph.add("Where", absent, graph.constant(np.float32(np.nan)), parts)
        parts = graph.add("Reshape", parts, graph.ints(-1, 3 * len(self.columns)))
        return graph.add("Concat", graph.add("Cast", days, to=FLOAT), hour, parts, axis=1)


@dataclass(frozen=True)
class Category(Block):
    """A category as a row of a table: indicators, its frequency, statistics of the target."""

    text: ClassVar[bool] = True
    column: str
    levels: tuple[str, ...]
    """The categories seen in learning; "" among them where missing values were seen."""
    table: Matrix
    """(1 + levels, features): row 0 is for what was never seen."""
    features: tuple[Feature, ...]

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only is enough
        """Its one column."""
        return (self.column,)

    def encode(self, values: Values) -> Matrix:
        """(n, features) rows of the table."""
        return self.table[self.codes(values[self.column])]

    def codes(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """(n,) the row of the table for each value."""
        return codes(values, self.places)

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of the table for each level."""
        return places(self.levels)

    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """A lookup of the level, then of its row."""
        return looked_up(graph, [self], inputs[0])


def looked_up(graph: Graph, categories: Sequence[Category], texts: str) -> str:
    """(n, features) of all these categories by one lookup, from their (n, columns) texts.

    Each text is looked up with the number of its column before it, in one table that has the rows
    of them all; a level that is not known has the first row of its own category.
    """
    first = np.cumsum([0, *(len(one.table) for one in categories[:-1])])
    widths = [len(one.features) for one in categories]
    width = max(widths)
    tables = [np.pad(one.table, ((0, 0), (0, width - one.table.shape[1]))) for one in categories]
    numbered = graph.constant(np.array([[f"{i}:" for i in range(len(categories))]], dtype=object))
    known = {
        f"{i}:{level}": int(start) + place
        for i, (one, start) in enumerate(zip(categories, first, strict=True))
        for level, place in one.places.items()
    }
    found = _lookup(graph, graph.add("StringConcat", numbered, texts), known)
    row = graph.add("Max", found, graph.constant(first[None].astype(np.int64)))
    cells = graph.add("Gather", graph.constant(np.vstack(tables)), row, axis=0)
    cells = graph.add("Reshape", cells, graph.ints(-1, width * len(categories)))
    if set(widths) == {width}:
        return cells
    used = [i * width + j for i, w in enumerate(widths) for j in range(w)]
    return graph.add("Gather", cells, graph.ints(*used), axis=1)


@dataclass(frozen=True)
class Words(Block):
    """Free text as the number of its words and the presence of the most telling ones."""

    text: ClassVar[bool] = True
    column: str
    words: tuple[str, ...]
    tokens: Mapping[str, int]
    """What stands between blanks, as written, to the position of its word, from 1."""
    folds: tuple[tuple[int, ...], ...]
    """The folds that chose each word; none where all did."""

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only is enough
        """Its one column."""
        return (self.column,)

    @property
    def features(self) -> tuple[Feature, ...]:  # type: ignore[override]  # read-only is enough
        """The number of words, then the presence of each one that is known."""
        count = Feature(self.column, f"{self.column}: words")
        chosen = zip(self.words, self.folds, strict=True)
        return (count, *(Feature(self.column, f"{self.column}: {w}", by) for w, by in chosen))

    def encode(self, values: Values) -> Matrix:
        """(n, 1 + words)"""
        texts = values[self.column]
        out = np.zeros((len(texts), 1 + len(self.words)), np.float32)
        for row, text in enumerate(texts):
            parts = split(text)
            out[row, 0] = len(parts)
            present = [self.tokens[part] for part in parts if part in self.tokens]
            out[row, present] = 1.0
        return out

    def emit(self, graph: Graph, inputs: list[str]) -> str:
        """A split, a lookup of every token, and the maximum over tokens."""
        end = graph.constant(np.array([f" {_END}"], dtype=object))
        text = graph.add("StringConcat", inputs[0], end)  # never without any token
        tokens, count = graph.add_many("StringSplit", 2, text)
        place = _lookup(graph, tokens, self.tokens)
        table = np.vstack([np.zeros((1, len(self.words))), np.eye(len(self.words))])
        hits = graph.add("Gather", graph.constant(table.astype(np.float32)), place, axis=0)
        present = graph.add("ReduceMax", hits, graph.ints(1, 2), keepdims=0)
        known = graph.add("Sub", graph.add("Cast", count, to=FLOAT), _one(graph))
        return graph.add("Concat", known, present, axis=1)


def split(text: str) -> list[str]:
    """What stands between blanks."""
    return [part for part in text.split(" ") if part]


def places(levels: tuple[str, ...]) -> dict[str, int]:
    """1 + position of each level."""
    return {level: i for i, level in enumerate(levels, start=1)}


def codes(values: NDArray[Any], place: Mapping[str, int]) -> NDArray[np.intp]:
    """(n,) the place of each value, 0 for what has none."""
    return np.fromiter((place.get(value, 0) for value in values), np.intp, len(values))


def _calendar() -> Matrix:
    """(28 years of days, 3): month, day of the month, weekday from Monday = 0."""
    days = (dt.date(1970, 1, 1) + dt.timedelta(days=i) for i in range(_CYCLE))
    return np.array([(day.month, day.day, day.weekday()) for day in days], dtype=np.float32)


def single(values: NDArray[np.float64]) -> Matrix:
    """float32, where what is too large becomes infinite, as ONNX's Cast does."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def stacked(graph: Graph, inputs: list[str]) -> str:
    """(n, inputs) of inputs of shape (n, 1)."""
    return inputs[0] if len(inputs) == 1 else graph.add("Concat", *inputs, axis=1)


def _lookup(graph: Graph, values: str, places: Mapping[str, int]) -> str:
    """int64 places of strings, 0 for what has none."""
    keys = list(places) or ["\x00none"]
    found = list(places.values()) or [0]
    return graph.add_ml(
        "LabelEncoder", values, keys_strings=keys, values_int64s=found, default_int64=0
    )


def _one(graph: Graph) -> str:
    return graph.constant(np.float32(1.0))
