"""A product or ratio of two numbers that gives the target away within each value of a third column.

An instalment over its amount says the interest rate, once the term is known. Formulas are tried on
a sample of rows within the values of every column that has few; the best are measured on all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinkeel.checks import scoring
from twinkeel.checks.found import found, line
from twinkeel.checks.leaks import suspicious
from twinkeel.checks.subject import Feature, Floats, Index, Subject
from twinkeel.learn.arithmetic import Operator, Pair, computed
from twinkeel.records import Finding
from twinkeel.stats.association import ranks

_SIGNS: tuple[Operator, ...] = ("*", "/")
_SAMPLE = 1000
_MOST_NUMBERS = 80
_MOST_FORMULAS = 64
"""Of each sign: those that order the target best by themselves."""
_MOST_VALUES = 12
_MOST_THIRDS = 20
_FEWEST_IN_VALUE = 30
_TOLD = 0.95
_GAIN = 0.5
"""What is left unexplained must shrink to this share of what fewer columns leave."""


@dataclass(frozen=True, eq=False)
class _Formula:
    """Two numbers and how they are put together, with its value on the sampled rows."""

    first: Feature
    second: Feature
    sign: Operator
    value: Floats


def within(subject: Subject, alone: dict[str, float]) -> Iterator[Finding]:
    """The formula and the third column that tell most, where that is enough."""
    formulas = [] if len(subject.classes) > 2 else _formulas(subject, alone)
    thirds = [one for one in subject.learnable if 2 <= one.distinct <= _MOST_VALUES]
    tried = (
        (told, one, third)
        for third in sorted(thirds, key=lambda one: one.distinct)[:_MOST_THIRDS]
        for told, one in [_best(subject, formulas, third)]
        if one is not None
    )
    for _, one, third in sorted(tried, key=lambda each: -each[0])[:3]:
        finding = _told(subject, one, third, alone)
        if finding is not None:
            yield finding
            return


def _formulas(subject: Subject, alone: dict[str, float]) -> list[_Formula]:
    """The products and ratios that order the target best by themselves, on a sample of rows."""
    numbers = [one for one in subject.learnable if one.numeric and one.distinct > _MOST_VALUES]
    numbers = sorted(numbers, key=lambda one: -alone[one.name])[:_MOST_NUMBERS]
    if len(numbers) < 2:
        return []
    rows = _rows(subject)
    X = np.column_stack([one.values[rows] for one in numbers])
    left, right = np.triu_indices(len(numbers), 1)
    y = ranks(subject.y[rows])
    made: list[_Formula] = []
    for sign in _SIGNS:
        values = computed(sign, X[:, left], X[:, right])
        best = np.argsort(-scoring.correlations(values, y))[:_MOST_FORMULAS]
        made += [_Formula(numbers[left[k]], numbers[right[k]], sign, values[:, k]) for k in best]
    return made


def _best(
    subject: Subject, formulas: list[_Formula], third: Feature
) -> tuple[float, _Formula | None]:
    """The formula that orders the target best within the values of `third`, and how well."""
    usable = [one for one in formulas if third.name not in (one.first.name, one.second.name)]
    if not usable:
        return 0.0, None
    rows = _rows(subject)
    values, part = np.column_stack([one.value for one in usable]), third.values[rows]
    told, counted = np.zeros(len(usable)), 0
    for value in np.unique(part[~np.isnan(part)]):
        inside = part == value
        if inside.sum() >= _FEWEST_IN_VALUE:
            told += inside.sum() * scoring.correlations(
                values[inside], ranks(subject.y[rows][inside])
            )
            counted += int(inside.sum())
    best = int(np.argmax(told))
    return float(told[best]) / max(counted, 1), usable[best]


def _told(
    subject: Subject, one: _Formula, third: Feature, alone: dict[str, float]
) -> Finding | None:
    names = [one.first.name, one.second.name, third.name]
    value = computed(one.sign, one.first.values, one.second.values)
    part = scoring.parts(value, len(value))
    both = part * (third.distinct + 1) + scoring.parts(third.values, third.distinct)
    told = scoring.of_part(subject, np.unique(both, return_inverse=True)[1])
    fewer = max(*(alone[name] for name in names), scoring.of_part(subject, part))
    if told < _TOLD or fewer >= suspicious(subject) or 1 - told > (1 - _GAIN) * (1 - fewer):
        return None
    said = (
        f"{Pair(one.sign, *names[:2]).name} with {third.name} gives {subject.target} away: "
        f"{subject.metric} {told:.3f}, fewer of them at most {fewer:.3f} (n={len(subject.y):,}); "
        "is one of them not known when predicting?"
    )
    numbers = {"score": told, "alone": fewer, "n": len(subject.y)}
    key = line("exclude", [names[0]])
    return found("leak_together", names, said, key=key, numbers=numbers)


def _rows(subject: Subject) -> Index:
    return np.random.default_rng(subject.seed).permutation(len(subject.y))[:_SAMPLE]
