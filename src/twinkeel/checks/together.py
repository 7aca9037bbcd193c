"""Two or a few columns that together give the target away, found by arithmetic and by tables.

All sums, differences, products and ratios of numbers are tried at once on a sample of rows; what
stands out is measured again on all of them. Numbers that add up to the target (three or four
columns) are found by a linear model that takes one column after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from twinkeel.checks import scoring
from twinkeel.checks.found import found, line
from twinkeel.checks.leaks import best_alone, suspicious
from twinkeel.checks.subject import Feature, Floats, Subject
from twinkeel.records import Finding
from twinkeel.stats.association import ranks

_SIGNS = ("+", "-", "*", "/", "\\")
_SAMPLE = 1000
"""Rows on which all pairs are tried."""
_MOST_NUMBERS = 80
_MOST_TABLES = 12
"""Columns, those that alone tell most, of which all pairs are tried as a table."""
_TABLE_BINS = 24
_GAIN = 0.5
"""A pair must take away this share of what the better of the two leaves unexplained."""
_TERMS = 4
_EXACT = 0.999
"""A formula is exact when it holds in this share of rows."""


@dataclass(frozen=True)
class _Pair:
    """Two columns and how they are put together."""

    first: Feature
    second: Feature
    sign: str
    told: float

    @property
    def text(self) -> str:
        """As a formula, or as two columns."""
        a, b = self.first.name, self.second.name
        return f"{b} / {a}" if self.sign == "\\" else f"{a} {self.sign} {b}"


def leak_together(subject: Subject) -> Iterator[Finding]:
    """Pairs of columns, or a sum of a few, that are (nearly) right about the target."""
    alone = best_alone(subject)
    found_pairs = _arithmetic(subject, alone) or _tables(subject, alone)
    for pair in found_pairs[:3]:
        yield _told(subject, pair, alone)
    if not found_pairs and not subject.classes:
        yield from _sums(subject, alone)


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
    first = names[0] if pair.sign != "\\" else names[1]
    key = line("exclude", [first]) if pair.sign in "/\\" else line("exclude", [better])
    return found("leak_together", names, said, key=key, numbers=numbers)


def _exact(subject: Subject, pair: _Pair) -> float:
    """The share of rows in which a sum or difference is the target, 0 below `_EXACT`."""
    if subject.classes or pair.sign not in "+-":
        return 0.0
    value = _put(pair.first.values, pair.second.values, pair.sign)
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
    tried = [(sign, _correlations(_put(X[:, left], X[:, right], sign), y)) for sign in _SIGNS]
    pairs = []
    for sign, told in tried:
        for k in np.argsort(-told)[:3]:
            one, other = numbers[left[k]], numbers[right[k]]
            value = _put(one.values, other.values, sign)
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


def _put(a: Floats, b: Floats, sign: str) -> Floats:
    with np.errstate(all="ignore"):
        if sign in "+-":
            value = a + b if sign == "+" else a - b
        elif sign == "*":
            value = a * b
        else:
            value = a / b if sign == "/" else b / a
    return np.asarray(np.where(np.isfinite(value), value, np.nan), dtype=np.float64)


def _correlations(values: Floats, y: Floats) -> Floats:
    """(k,) absolute rank correlations of the columns of (m, k) with the ranks (m,)."""
    filled = np.where(np.isnan(values), np.nanmedian(np.nan_to_num(values), axis=0), values)
    order = np.argsort(filled, axis=0, kind="stable")
    place = np.empty_like(filled)
    np.put_along_axis(place, order, np.arange(len(y), dtype=np.float64)[:, None], axis=0)
    place -= place.mean(axis=0)
    centred = y - y.mean()
    size = np.sqrt((place**2).sum(axis=0) * (centred**2).sum())
    return np.asarray(np.abs(centred @ place) / np.maximum(size, 1e-12))


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


def _sums(subject: Subject, alone: dict[str, float]) -> Iterator[Finding]:
    """A weighted sum of up to four numbers that is (nearly) the target."""
    numbers = [one for one in subject.learnable if one.numeric and one.distinct > 10]
    if len(numbers) < 3:
        return
    whole = np.flatnonzero(~np.any([one.missing for one in numbers], axis=0))
    if len(whole) < 100:
        return
    half = np.random.default_rng(subject.seed).permutation(whole)[: 2 * _SAMPLE]
    chosen: list[Feature] = []
    told = 0.0
    while len(chosen) < _TERMS and told < _EXACT:
        rest = [one for one in numbers if one not in chosen]
        scores = [_linear(subject, [*chosen, one], half) for one in rest]
        if not scores or max(scores) < told + 0.005:
            break
        told = max(scores)
        chosen.append(rest[int(np.argmax(scores))])
    best = max((alone[one.name] for one in chosen), default=1.0)
    if told < 0.95 or 1 - told > (1 - _GAIN) * (1 - best):
        return
    names = [one.name for one in chosen]
    said = (
        f"{', '.join(names[:-1])} and {names[-1]} add up to {subject.target} (each with a weight): "
        f"r2 {told:.3f}, alone at most {best:.3f} (n={len(half) // 2:,})"
    )
    key = line("exclude", [names[0]])
    yield found("leak_together", names, said, key=key, numbers={"score": told, "alone": best})


def _linear(subject: Subject, columns: Sequence[Feature], rows: np.ndarray) -> float:
    """R2 on one half of the rows of a linear model of the other half."""
    learned, judged = rows[::2], rows[1::2]
    X = np.column_stack([np.ones(len(subject.y)), *[one.values for one in columns]])
    weights = np.linalg.lstsq(X[learned], subject.y[learned], rcond=None)[0]
    error = subject.y[judged] - X[judged] @ weights
    return float(1 - error.var() / max(subject.y[judged].var(), 1e-12))
