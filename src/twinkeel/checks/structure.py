"""Time and groups that make a random split dishonest, shown by two scores of the same rows.

A small model predicts the same rows twice: learned from rows drawn at random among all others, as
a random split has it, and learned only from earlier rows, or only from other groups, which is what
production has. Both scores come with their intervals and n; the difference is paired. Without a
difference nothing is wrong with a random split, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinkeel.checks.found import found
from twinkeel.checks.scoring import spread, value
from twinkeel.checks.subject import Feature, Floats, Index, Subject
from twinkeel.checks.trial import FOLDS, Trial, trial
from twinkeel.data.moments import moments
from twinkeel.records import Finding
from twinkeel.stats.association import ranks

NEWEST = 0.2
"""The share of rows, the newest, that both models predict."""
_WORTH_SAYING = 0.01
"""A difference in score below this is no reason to split otherwise."""
_RELATED = 0.2
"""Correlation of neighbouring rows from which on the order of the rows tells something."""
_ENTITY = re.compile(
    r"(?i)(^|[_.\s-])(id|no|nr|key|code|customer|client|patient|subject|user|account|store|shop"
    r"|device|household|family|machine|clinic|hospital|site|session|player|driver|merchant|vendor)"
    r"s?($|[_.\s-])|[a-z]I[dD]$"
)
_MOST_GROUPS = 2
"""Columns of groups that are tried."""


@dataclass(frozen=True)
class _Both:
    """The two scores of the same rows."""

    random: str
    honest: str
    n: int
    drop: float
    """How much the honest score is lower."""
    certain: bool
    """The whole 95% interval of the difference is above what is worth saying."""
    numbers: dict[str, float]


def time_order(subject: Subject) -> Iterator[Finding]:
    """Rows in order of time, by a column or by their place in the table, where that matters."""
    if subject.has_time:
        return
    orders = list(_orders(subject))
    tried = trial(_timeless(subject)) if orders else None
    if tried is None:
        return
    for column, when in orders:
        both = _forward(tried, when[np.searchsorted(subject.rows, tried.subject.rows)])
        if both is not None:
            yield _time_finding(subject, column, both)


def groups(subject: Subject) -> Iterator[Finding]:
    """Rows that belong together, such as one patient's, where a random split divides them."""
    if subject.has_group:
        return
    candidates = sorted(_entities(subject), key=lambda one: (_named(one), one.distinct))
    candidates = candidates[::-1][:_MOST_GROUPS]
    tried = trial(subject) if candidates else None
    if tried is None:
        return
    for one in candidates:
        member = tried.subject.features[one.name].values
        both = _apart(tried, member)
        if both.certain:
            said = (
                f"rows of one {one.name} are alike ({one.distinct:,} of them): a small model has "
                f"{subject.metric} {both.random} where it has seen the others, {both.honest} where "
                f"not, on the same n={both.n:,} rows; for new ones a random split flatters"
            )
            key = f'group = "{one.name}"'
            yield found("groups", [one.name], said, key=key, numbers=both.numbers)


def _time_finding(subject: Subject, column: str | None, both: _Both) -> Finding:
    what = f"{column} orders the rows in time" if column else "neighbouring rows are alike"
    shown = (
        f"a small model of rows drawn at random has {subject.metric} {both.random}, of earlier "
        f"rows only {both.honest}, on the same n={both.n:,} last rows"
    )
    end = "; a random split flatters" if both.certain else "; a random split changes little"
    if column:
        told = moments(subject.table.columns[column]) is not None
        key = f'time = "{column}"' + ("" if told else ", once it holds dates or numbers")
    else:
        key = 'time = "..." if a column says when, group = "..." if one says what belongs together'
    return found(
        "time_order",
        [column] if column else [],
        f"{what}: {shown}{end}",
        severity="warning" if both.certain else "note",
        key=key,
        numbers=both.numbers,
    )


def _orders(subject: Subject) -> Iterator[tuple[str | None, Floats]]:
    """What may order the rows in time, (m,) each: the best column, and their place."""
    dated = [one for one in subject.features.values() if one.type == "date" and _varied(one)]
    if dated:
        most = max(one.distinct for one in dated)
        fine = [one for one in dated if 2 * one.distinct >= most]
        first = min(fine, key=lambda one: float(np.nanmedian(one.values)))
        yield first.name, _filled(first.values)
        return
    rising = [one for one in subject.features.values() if _rises(one)]
    related = _neighbours(subject.y)
    place = np.arange(len(subject.y), dtype=np.float64)
    if related >= _RELATED and related * np.sqrt(len(subject.y)) > 5 and not _sorted(subject.y):
        yield (rising[0].name if rising else None), place


def _timeless(subject: Subject) -> Subject:
    """Without the columns that say when: a model cannot know the future's."""
    when = [one.name for one in subject.features.values() if one.type == "date" or _rises(one)]
    return subject.without(when)


def _varied(one: Feature) -> bool:
    return one.distinct >= 10 and one.missing.mean() <= 0.05


def _rises(one: Feature) -> bool:
    """Whether a number never falls from row to row and often rises."""
    if one.type not in {"integer", "number", "identifier"} or one.missing.any():
        return False
    return one.distinct >= 20 and bool(np.all(np.diff(one.values) >= 0))


def _neighbours(y: Floats) -> float:
    """Correlation of the target with the next row's, by ranks."""
    r = ranks(y)
    if len(r) < 100 or r.std() == 0:
        return 0.0
    return float(np.corrcoef(r[:-1], r[1:])[0, 1])


def _sorted(y: Floats) -> bool:
    """Whether the rows are sorted by the target itself, which says nothing of time."""
    steps = np.diff(y)
    rising, falling = bool(np.all(steps >= 0)), bool(np.all(steps <= 0))
    return rising or falling or int((steps != 0).sum()) < len(np.unique(y)) <= 20


def _filled(values: Floats) -> Floats:
    return np.where(np.isnan(values), np.nanmedian(values), values)


def _forward(tried: Trial, when: Floats) -> _Both | None:
    cutoff = np.quantile(when, 1 - NEWEST, method="lower")
    judged = np.flatnonzero(when > cutoff)
    learned = np.flatnonzero(when <= cutoff)
    if len(judged) < 50 or len(learned) < 50:
        return None
    honest = tried.at_random.copy()
    honest[judged] = tried.predict(learned, judged)
    return _both(tried, honest, judged)


def _apart(tried: Trial, member: Floats) -> _Both:
    """Every row predicted by a model of other groups."""
    place = np.unique(member, return_inverse=True)[1]
    fold = np.random.default_rng(tried.subject.seed).permutation(place.max() + 1) % FOLDS
    return _both(tried, tried.by(fold[place]), np.arange(len(place)))


def _both(tried: Trial, honest: Floats, judged: Index) -> _Both:
    """Both scores of the rows `judged`, resampled alike."""
    seed = tried.subject.seed
    one, other = tried.score(tried.at_random), tried.score(honest)
    interval, drawn = spread(one, judged, seed)
    honest_interval, honest_drawn = spread(other, judged, seed)
    at_random, apart = value(one, judged), value(other, judged)
    low = float(np.nanquantile(drawn - honest_drawn, 0.025))
    return _Both(
        random=f"{at_random:.3f} ({interval.low:.3f} to {interval.high:.3f})",
        honest=f"{apart:.3f} ({honest_interval.low:.3f} to {honest_interval.high:.3f})",
        n=len(judged),
        drop=at_random - apart,
        certain=low > _WORTH_SAYING,
        numbers={
            "random": at_random,
            "random_low": interval.low,
            "random_high": interval.high,
            "honest": apart,
            "honest_low": honest_interval.low,
            "honest_high": honest_interval.high,
            "n": len(judged),
        },
    )


def _entities(subject: Subject) -> Iterator[Feature]:
    """Columns that may name what rows belong to: called so, or of very many values that repeat."""
    m = len(subject.y)
    for one in subject.learnable:
        repeats = 20 <= one.distinct <= m / 1.2
        words = one.type in {"category", "text"}
        if not repeats or not (words or one.type == "integer"):
            continue
        if _named(one) or (words and one.distinct >= max(100, m // 50)):
            yield one


def _named(one: Feature) -> bool:
    return _ENTITY.search(one.name) is not None
