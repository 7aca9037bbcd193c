"""What a notebook shows of a project and of a version: small tables in HTML, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from twinkeel.records import Evaluation, Score, Version

_MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "not applicable": "–"}
_LONG = 1e15
"""From this size on, a number is written with a power of ten."""


def summary(version: Version, evaluation: Evaluation | None) -> str:
    """A version's verdicts and overall scores as HTML."""
    head = f"<strong>{escape(str(version.ref))}</strong> ({escape(version.kind)})"
    if evaluation is None:
        return f"<p>{head}: not evaluated yet.</p>"
    verdicts = "".join(
        f"<li>{_MARKS[verdict.outcome]} {escape(verdict.sentence)}</li>"
        for verdict in evaluation.verdicts
    )
    rows = [
        (score.name, number(score.value), score.note or interval(score), f"{score.n:,}")
        for score in evaluation.scorecard.scores
        if score.slice is None
    ]
    scores = table(("score", "value", "95% interval", "n"), rows)
    return f"<p>{head}: {escape(evaluation.outcome)}</p><ul>{verdicts}</ul>{scores}"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain HTML table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(value: float | None) -> str:
    """A number as people read it: three or four digits that matter."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if 1000 <= abs(value) < _LONG else f"{value:.4g}"


def number(value: float | None) -> str:
    """A score as wide as a column of scores needs it; "-" where there is none."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= _LONG:
        return f"{value:.4g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 10 else f"{value:.4f}"


def interval(score: Score) -> str:
    """The 95% interval of a score; "-" where there is none."""
    if score.low is None or score.high is None:
        return "-"
    return f"{number(score.low)} to {number(score.high)}"
