"""Versions, scores and verdicts as tables and sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from twinkeel.project import Judged
from twinkeel.records import Evaluation, Finding, Json, Outcome, Score, Verdict
from twinkeel.report.notebook import interval, number

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

_STYLES: dict[Outcome, str] = {
    "pass": "green",
    "fail": "bold red",
    "inconclusive": "yellow",
    "not applicable": "dim",
}


def as_data(judged: Judged) -> dict[str, Json]:
    """A version for `--json`: its name and outcome beside the records."""
    evaluation = judged.evaluation
    return {
        "ref": str(judged.version.ref),
        "outcome": None if evaluation is None else evaluation.outcome,
        "version": judged.version,
        "evaluation": evaluation,
        "overrun": judged.overrun,
    }


def open_findings(judged: Judged) -> list[Finding]:
    """What the checks found, less doubts about whether a gate can pass that has passed."""
    verdicts = () if judged.evaluation is None else judged.evaluation.verdicts
    passed = {verdict.gate.key for verdict in verdicts if verdict.outcome == "pass"}
    findings = judged.version.lineage.findings
    return [one for one in findings if one.numbers.get("gate") not in passed]


def describe(
    judged: Judged, *, every: bool = False, released: bool = False
) -> tuple[RenderableType, ...]:
    """A version's scorecard, verdicts and the next command.

    Without `every`, scores of groups are left out unless a gate is on them. `released` says that
    the version is in production, so that releasing it is not what comes next.
    """
    evaluation = judged.evaluation
    ref = str(judged.version.ref)
    if evaluation is None:
        return (f"{ref} has not been evaluated: run twinkeel evaluate {ref}.",)
    scores = evaluation.scorecard.scores
    gated = {verdict.gate.key for verdict in evaluation.verdicts}
    shown = [s for s in scores if every or s.slice is None or s.key in gated]
    parts: list[RenderableType] = ["", scorecard(shown, evaluation.verdicts), ""]
    if len(shown) < len(scores):
        parts.append(f"{len(scores) - len(shown)} more scores, by group: twinkeel show {ref}\n")
    end = (_released if released else conclusion)(ref, evaluation)
    return (*parts, verdicts(evaluation), "", end) if evaluation.verdicts else (*parts, end)


def scorecard(scores: Iterable[Score], judged: Sequence[Verdict] = ()) -> Table:
    """Scores with their interval, n and the gates on them; those of a group under its name."""
    from rich.text import Text

    from twinkeel.cli.tables import plain_table

    numbers = ("value", "95% interval", "n")
    table = plain_table("score", *numbers, "gate", right=numbers)
    for group, inside in _by_group(scores).items():
        if group is not None:
            name = group if "=" in group else f"between groups of {group}"
            table.add_row(Text(f"\n{name}", style="bold"))
        for score in inside:
            marks = [_mark(verdict) for verdict in judged if verdict.gate.key == score.key]
            table.add_row(
                Text(score.name if group is None else f"  {score.name}"),
                number(score.value),
                interval(score),
                f"{score.n:,}",
                Text(", ").join(marks) if marks else Text(score.note or "", style="dim"),
            )
    return table


def _by_group(scores: Iterable[Score]) -> dict[str | None, list[Score]]:
    """Scores under their slice; those of all cases first, the rest in order of appearance."""
    groups: dict[str | None, list[Score]] = {None: []}
    for score in scores:
        groups.setdefault(score.slice, []).append(score)
    return groups


def verdicts(evaluation: Evaluation) -> Table:
    """Each gate's verdict in words."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for verdict in evaluation.verdicts:
        table.add_row(Text(verdict.outcome, style=_STYLES[verdict.outcome]), verdict.sentence)
    return table


def conclusion(ref: str, evaluation: Evaluation) -> str:
    """What the verdicts come to, and the next command."""
    if not evaluation.verdicts:
        return (
            f"{ref} has no gates, so nothing keeps it from being released: add some under "
            f"[components.{evaluation.component}.gates], or run twinkeel release {ref}."
        )
    if evaluation.outcome == "pass":
        return f"{ref} passes its gates. Next: twinkeel release {ref}"
    return f"{ref} may not be released: {_unpassed(evaluation)} not passed."


def _released(ref: str, evaluation: Evaluation) -> str:
    """What the verdicts come to for a version that is in production."""
    if evaluation.outcome == "pass" or not evaluation.verdicts:
        return f"{ref} is in production."
    return f"{ref} is in production, and {_unpassed(evaluation)} not passed."


def _unpassed(evaluation: Evaluation) -> str:
    count = sum(v.outcome in ("fail", "inconclusive") for v in evaluation.verdicts)
    return "1 gate has" if count == 1 else f"{count} gates have"


def _mark(verdict: Verdict) -> Text:
    from rich.text import Text

    return Text.assemble(f"{verdict.gate.text} ", (verdict.outcome, _STYLES[verdict.outcome]))
