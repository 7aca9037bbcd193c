"""Numbers that add up to the target, with weights or plainly, found by a linear model.

It takes one column after another. A plain sum or difference may leave a remainder, such as fees
that the table does not have: it is told where the remainder has few values and the target many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from twinkeel.checks.found import found, line
from twinkeel.checks.subject import Feature, Floats, Index, Subject
from twinkeel.records import Finding

_SAMPLE = 1000
_TERMS = 4
_EXACT = 0.999
_TOLD = 0.95
_GAIN = 0.5
"""The sum must take away this share of what the best of its columns leaves unexplained."""
_NEAR_ONE = 0.5
"""How far a weight may be from 1 or -1 to be tried as it."""
_FEW = 12
"""So many values are few for a remainder..."""
_COVERED = 0.9
"""... where they are in this share of rows ..."""
_SPREAD = 0.7
"""... and as many values of the target in no more than this share."""


def sums(subject: Subject, alone: dict[str, float]) -> Iterator[Finding]:
    """A sum of up to four numbers that is (nearly) the target, or is it but for a few values."""
    numbers = [one for one in subject.learnable if one.numeric and one.distinct > 10]
    if len(numbers) < 2:
        return
    whole = np.flatnonzero(~np.any([one.missing for one in numbers], axis=0))
    if len(whole) < 100:
        return
    rows = np.random.default_rng(subject.seed).permutation(whole)[: 2 * _SAMPLE]
    chosen, told = _chosen(subject, numbers, rows)
    best = max((alone[one.name] for one in chosen), default=1.0)
    if len(chosen) >= 2 and told >= _TOLD and 1 - told <= (1 - _GAIN) * (1 - best):
        names = [one.name for one in chosen]
        said = (
            f"{', '.join(names[:-1])} and {names[-1]} add up to {subject.target} (each with a "
            f"weight): r2 {told:.3f}, alone at most {best:.3f} (n={len(rows) // 2:,})"
        )
        key = line("exclude", [names[0]])
        yield found("leak_together", names, said, key=key, numbers={"score": told, "alone": best})
    else:
        yield from _but_for_a_remainder(subject, chosen, whole)


def _chosen(
    subject: Subject, numbers: Sequence[Feature], rows: Index
) -> tuple[list[Feature], float]:
    """The columns that a linear model gains most by, one after another, and its R2."""
    chosen: list[Feature] = []
    told = 0.0
    while len(chosen) < _TERMS and told < _EXACT:
        rest = [one for one in numbers if one not in chosen]
        scores = [_linear(subject, [*chosen, one], rows) for one in rest]
        if not scores or max(scores) < told + 0.005:
            break
        told = max(scores)
        chosen.append(rest[int(np.argmax(scores))])
    return chosen, told


def _linear(subject: Subject, columns: Sequence[Feature], rows: Index) -> float:
    """R2 on one half of the rows of a linear model of the other half."""
    learned, judged = rows[::2], rows[1::2]
    weights = _weights(subject, columns, learned)
    X = np.column_stack([np.ones(len(judged)), *[one.values[judged] for one in columns]])
    error = subject.y[judged] - X @ weights
    return float(1 - error.var() / max(subject.y[judged].var(), 1e-12))


def _weights(subject: Subject, columns: Sequence[Feature], rows: Index) -> Floats:
    """The weights of least squares, that of a constant first."""
    X = np.column_stack([np.ones(len(rows)), *[one.values[rows] for one in columns]])
    return np.asarray(np.linalg.lstsq(X, subject.y[rows], rcond=None)[0])


def _but_for_a_remainder(
    subject: Subject, columns: Sequence[Feature], rows: Index
) -> Iterator[Finding]:
    """The plain sum of the columns whose weights are near 1 or -1, where little else is left."""
    if not columns or _covered(subject.y[rows]) > _SPREAD:
        return
    weights = _weights(subject, columns, rows)[1:]
    terms = [
        (one, float(np.sign(weight)))
        for one, weight in zip(columns, weights, strict=True)
        if abs(abs(weight) - 1) <= _NEAR_ONE
    ]
    if len(terms) < 2:
        return
    share = _covered(subject.y[rows] - sum(sign * one.values[rows] for one, sign in terms))
    if share < _COVERED:
        return
    terms.sort(key=lambda term: -term[1])
    text = " ".join(f"{'+' if sign > 0 else '-'} {one.name}" for one, sign in terms)
    said = (
        f"{text.removeprefix('+ ')} is {subject.target} but for a remainder that has one of {_FEW} "
        f"values in {share:.1%} of rows; is one of them not known when predicting?"
    )
    names = [one.name for one, _ in terms]
    key = line("exclude", [columns[0].name if columns[0].name in names else names[0]])
    yield found("leak_together", names, said, key=key, numbers={"covered": share, "n": len(rows)})


def _covered(values: Floats) -> float:
    """The share of rows that have one of the few commonest values."""
    scale = max(float(np.abs(values).max()), 1.0)
    counts = np.unique(np.round(values / scale, 7), return_counts=True)[1]
    return float(np.sort(counts)[::-1][:_FEW].sum() / len(values))
