"""Two or a few columns that together give the target away, found by arithmetic and by tables.

All sums, differences, products and ratios of numbers are tried at once on a sample of rows; what
stands out is measured again on all of them. More columns are looked at only where no two do: a
formula within each value of a third column, then sums of a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from twinkeel.checks import scoring
from twinkeel.checks.found import found, line
from twinkeel.checks.leaks import best_alone, suspicious
from twinkeel.checks.subject import Feature, Floats, Index, Subject
from twinkeel.checks.sums import sums
from twinkeel.checks.within import within
from twinkeel.learn.arithmetic import OPERATORS, Operator, computed
from twinkeel.records import Finding
from twinkeel.stats.association import ranks

_SAMPLE = 1000
"""Rows on which all pairs are tried."""
_MOST_NUMBERS = 80
_MOST_TABLES = 12
"""Columns, those that alone tell most, of which all pairs are tried as a table."""
_TABLE_BINS = 24
_GAIN = 0.5
"""A pair must take away this share of what the better of the two leaves unexplained."""
_EXACT = 0.999
"""A formula is exact when it holds in this share of rows."""


@dataclass(frozen=True)
class _Pair:
    """Two columns and how they are put together."""

    first: Feature
    second: Feature
    sign: Operator | Literal["with"]
    told: float

    @property
    def text(self) -> str:
        """As a formula, or as two columns."""
        return f"{self.first.name} {self.sign} {self.second.name}"


def leak_together(subject: Subject) -> Iterator[Finding]:
    """Pairs of columns, or a sum of a few, that are (nearly) right about the target."""
    alone = best_alone(subject)
    found_pairs = _arithmetic(subject, alone) or _tables(subject, alone)
    for pair in found_pairs[:3]:
        yield _told(subject, pair, alone)
    if found_pairs:
        return
    more = list(within(subject, alone))
    yield from more
    if not more and not subject.classes:
        yield from sums(subject, alone)


def _told(subject: Subject, pair: _Pair, alone: dict[str, float]) -> Finding:
    names = [pair.first.name, pair.second.name]
    exact = _exact(subject, pair)
    if exact:
        said = (
            f"{pair.text} is {subject.target} in {exact:.1%} of rows, so there is nothing to learn"
        )
        numbers = {"score": pair.told, "exact": exact}
        return found("leak_together", names, said, done="left out", numbers=numbers)
    better = max(names, key=lambda name: alone[name])
    said = (
        f"{pair.text} gives {subject.target} away: {subject.metric} {pair.told:.3f}, alone at most "
        f"{alone[better]:.3f} (n={len(subject.y):,}); is one of them not known when predicting?"
    )
    numbers = {"score": pair.told, "alone": alone[better], "n": len(subject.y)}
    key = line("exclude", [names[0] if pair.sign == "/" else better])
    return found("leak_together", names, said, key=key, numbers=numbers)


def _exact(subject: Subject, pair: _Pair) -> float:
    """The share of rows in which a sum or difference is the target, 0 below `_EXACT`."""
    if subject.classes or pair.sign not in ("+", "-"):
        return 0.0
    value = computed(pair.sign, pair.first.values, pair.second.values)
    with np.errstate(invalid="ignore"):
        share = float(np.mean(np.abs(value - subject.y) <= 1e-6 * np.maximum(1, np.abs(subject.y))))
    return share if share >= _EXACT else 0.0


def _arithmetic(subject: Subject, alone: dict[str, float]) -> list[_Pair]:
    """Pairs of numbers whose sum, difference, product or ratio tells enough, best first."""
    numbers = [one for one in subject.learnable if one.numeric and one.distinct > 2]
    numbers = sorted(numbers, key=lambda one: -alone[one.name])[:_MOST_NUMBERS]
    if len(numbers) < 2 or len(subject.classes) > 2:
        return []
    rows = np.random.default_rng(subject.seed).permutation(len(subject.y))[:_SAMPLE]
    X = np.column_stack([one.values[rows] for one in numbers])
    left, right = np.triu_indices(len(numbers), 1)
    y = ranks(subject.y[rows])
    ways: list[tuple[Operator, Index, Index]] = [(one, left, right) for one in OPERATORS]
    ways.append(("/", right, left))
    pairs = []
    for sign, first, second in ways:
        told = scoring.correlations(computed(sign, X[:, first], X[:, second]), y)
        for k in np.argsort(-told)[:3]:
            one, other = numbers[first[k]], numbers[second[k]]
            value = computed(sign, one.values, other.values)
            pairs.append(_Pair(one, other, sign, _telling(subject, value)))
    return _standing_out(subject, pairs, alone)


def _telling(subject: Subject, value: Floats) -> float:
    """What a formula's value tells: in parts of equal size, or as it is where the target is a
    number."""
    told = scoring.of_part(subject, scoring.parts(value, len(value)))
    there = ~np.isnan(value)
    if subject.classes or there.mean() < 0.9 or value[there].std() == 0:
        return told
    return max(told, float(np.corrcoef(value[there], subject.y[there])[0, 1] ** 2))


def _standing_out(subject: Subject, pairs: list[_Pair], alone: dict[str, float]) -> list[_Pair]:
    """Those above the bound that tell much more than their parts, one per two columns.

    A column that is suspected by itself needs no other, except where a formula is exact.
    """
    bound = max(suspicious(subject), 0.95)
    kept: dict[frozenset[str], _Pair] = {}
    for pair in sorted(pairs, key=lambda one: -one.told):
        best = max(alone[pair.first.name], alone[pair.second.name])
        if best >= suspicious(subject) and not _exact(subject, pair):
            continue
        if pair.told >= bound and 1 - pair.told <= (1 - _GAIN) * (1 - best):
            kept.setdefault(frozenset((pair.first.name, pair.second.name)), pair)
    return list(kept.values())


def _tables(subject: Subject, alone: dict[str, float]) -> list[_Pair]:
    """Pairs of any columns that tell enough when both are looked up at once."""
    ranked = sorted(subject.learnable, key=lambda one: -alone[one.name])[:_MOST_TABLES]
    part = {
        one.name: scoring.parts(one.values, one.distinct, _TABLE_BINS)
        for one in ranked
        if one.numeric or one.distinct <= 200
    }
    columns = [one for one in ranked if one.name in part]
    pairs = []
    for one, other in combinations(columns, 2):
        both = part[one.name] * (int(part[other.name].max()) + 1) + part[other.name]
        both = np.unique(both, return_inverse=True)[1]
        if both.max() < len(both) / 5:
            pairs.append(_Pair(one, other, "with", scoring.of_part(subject, both)))
    return _standing_out(subject, pairs, alone)
