"""A comparison of two versions in sentences, tables and charts. Pure.

Owns the words in which a comparison is told, on the page and in the terminal alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twinkeel.records import Beside, Comparison, Decisions, Json, Pair, Score
from twinkeel.report import charts
from twinkeel.report.notebook import interval, number, shown
from twinkeel.report.sections import Section, Table

_GROUPS = 25
_TURNS = 25
_IMPORTANT = 15


def sections(found: Comparison) -> list[Section]:
    """The page, in the order in which a person asks."""
    parts = [
        Section(title="In short", text=" ".join((headline(found), *said(found)))),
        _scores(found),
        *_groups(found),
        *([] if found.decisions is None else _decisions(found.decisions)),
        *_timings(found),
        *_importance(found),
        _contract(found),
        _lineage(found),
    ]
    return [part for part in parts if part is not None]


def headline(found: Comparison) -> str:
    """What the scores of all cases say, in a sentence."""
    parts = [
        f"{change} on {', '.join(keys)}"
        for change in ("better", "worse")
        if (keys := [one.key for one in found.scores if one.change == change])
    ]
    cases = f"On {_count(len(found.cases), 'case')} that both were judged on, {found.new}"
    if not parts:
        return f"{cases} is not seen to differ from {found.old} on any score."
    return f"{cases}, against {found.old}, is {'; and '.join(parts)}."


def said(found: Comparison) -> tuple[str, ...]:
    """What a person should know of the cases, and which version is in production."""
    asked = found.asked
    judged = f"{found.old} was judged on {asked.old:,} cases, {found.new} on {asked.new:,}."
    same = asked.old == asked.new == len(found.cases)
    held = () if found.production is None else (f"{found.production} is in production.",)
    return (*(() if same else (judged,)), *found.notes, *held)


def told_apart(slices: Sequence[Beside]) -> list[Beside]:
    """The scores of groups whose difference has an interval."""
    return [one for one in slices if one.change != "cannot tell"]


def groups_said(slices: Sequence[Beside]) -> str:
    """How many groups differ, and how many would by chance."""
    judged = told_apart(slices)
    differ = sum(one.change != "no difference seen" for one in judged)
    chance = len(judged) / 20
    about = f"about {chance:.0f}" if chance >= 1 else "less than 1"
    few = len(slices) - len(judged)
    more = f" {_count(few, 'more score')} of groups cannot be judged on these cases." if few else ""
    return (
        f"Of {_count(len(judged), 'score')} of groups {differ:,} differ; {about} of so many would "
        f"by chance alone.{more}"
    )


def decisions_said(found: Decisions) -> str:
    """Who wins case by case, and how many decisions differ."""
    sentence = (
        f"The new version is less wrong on {_count(found.won, 'case')}, more on {found.lost:,} and "
        f"as much on {found.even:,}."
    )
    if not found.switches:
        return sentence
    turns = len(found.turns)
    return (
        f"{_count(turns, 'case')} {'is' if turns == 1 else 'are'} decided differently. {sentence}"
    )


def gain(one: Beside) -> tuple[str, str]:
    """The paired difference and its 95% interval, with signs."""
    if one.gain is None or one.gain.value is None:
        return "-", (one.gain and one.gain.note) or "-"
    bounds = one.gain.low, one.gain.high
    if bounds[0] is None or bounds[1] is None:
        return _signed(one.gain.value), one.gain.note or "-"
    return _signed(one.gain.value), f"{_signed(bounds[0])} to {_signed(bounds[1])}"


def measured(score: Score) -> str:
    """A value with its interval, if it has one that is wider than itself."""
    if score.low is None or score.low == score.high:
        return number(score.value)
    return f"{number(score.value)} ({interval(score)})"


def contract_said(found: Comparison) -> str:
    """Whether callers notice."""
    if found.breaking:
        return f"{found.new} breaks callers of {found.old}: it may refuse calls that it reads."
    if found.differing:
        return f"{found.new} reads every call that {found.old} reads; this differs:"
    return f"{found.new} reads what {found.old} reads."


def _scores(found: Comparison) -> Section:
    return Section(
        title="Scores",
        text="A gain is the paired difference on the same cases, + is better, with its 95% "
        "interval; n is the number of cases behind it.",
        table=_besides(found, found.scores),
    )


def _besides(found: Comparison, besides: Sequence[Beside]) -> Table:
    columns = ("score", found.old, found.new, "gain", "95% interval of the gain", "n", "in a word")
    rows = tuple(
        (
            one.key,
            number(one.old.value),
            number(one.new.value),
            *gain(one),
            (one.gain or one.new).n,
            one.change,
        )
        for one in besides
    )
    return Table(columns=columns, rows=rows)


def _groups(found: Comparison) -> Iterator[Section]:
    if not found.slices:
        return
    main = found.scores[0].key if found.scores else found.slices[0].new.name
    judged = told_apart(found.slices)
    gains = [one.gain for one in judged if one.gain is not None and one.new.name == main]
    first = "" if len(judged) <= _GROUPS else f" The {_GROUPS} that differ most are shown."
    yield Section(
        title="Groups",
        text=groups_said(found.slices) + first,
        table=_besides(found, judged[:_GROUPS]) if judged else None,
        charts=(charts.gains(gains, main),) if gains else (),
    )


def _decisions(found: Decisions) -> Iterator[Section]:
    rows = tuple((one.old, one.new, one.n, one.won, one.lost) for one in found.switches)
    yield Section(
        title="Decisions",
        text=decisions_said(found),
        table=Table(columns=("from", "to", "cases", "won", "lost"), rows=rows) if rows else None,
    )
    if not found.turns:
        return
    first = "" if len(found.turns) <= _TURNS else f", the first {_TURNS} of {len(found.turns):,}"
    cases = tuple((one.case, one.old, one.new, one.fate) for one in found.turns[:_TURNS])
    yield Section(
        title="Cases decided differently",
        text=f"Those that are lost first{first}.",
        table=Table(columns=("case", "from", "to", "fate"), rows=cases),
    )


def _timings(found: Comparison) -> Iterator[Section]:
    rows = tuple((one.key, measured(one.old), measured(one.new)) for one in found.timings)
    if rows:
        yield Section(
            title="Size and speed",
            text="As measured when each was judged, perhaps not on the same machine.",
            table=Table(columns=("what", found.old, found.new), rows=rows),
        )


def _importance(found: Comparison) -> Iterator[Section]:
    if not found.importance:
        return
    top = found.importance[:_IMPORTANT]
    sides = {
        found.old: {one.name: one.old for one in top if one.old is not None},
        found.new: {one.name: one.new for one in top if one.new is not None},
    }
    yield Section(
        title="Importance",
        text="How far each column moves what is predicted on average, without regard to direction.",
        table=_pairs(found, top, "column"),
        charts=(charts.beside(sides, axis="mean absolute contribution"),),
    )


def _contract(found: Comparison) -> Section | None:
    if not (found.importance or found.breaking or found.differing):
        return None
    rows = [("breaks", one) for one in found.breaking]
    rows += [("differs", one) for one in found.differing]
    table = Table(columns=("callers", "in words"), rows=tuple(rows)) if rows else None
    return Section(title="Contract", text=contract_said(found), table=table)


def _lineage(found: Comparison) -> Section:
    return Section(
        title="Where they come from",
        text="What differs in how they were built.",
        table=_pairs(found, found.lineage, "what"),
    )


def _pairs(found: Comparison, pairs: Sequence[Pair], what: str) -> Table:
    rows = tuple((one.name, plain(one.old), plain(one.new)) for one in pairs)
    return Table(columns=(what, found.old, found.new), rows=rows)


def plain(value: Json) -> str:
    """One side of a pair as people read it."""
    if isinstance(value, float):
        return shown(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "–" if value is None else str(value)


def _count(count: int, of: str) -> str:
    return f"1 {of}" if count == 1 else f"{count:,} {of}s"


def _signed(value: float) -> str:
    """A difference with its sign, in as many digits as scores have."""
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{number(abs(value))}"
