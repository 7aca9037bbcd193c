"""Running the checks: in order, within their share of the time, with what the user allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twinkeel.checks.registry import CHECKS, TOO_FEW
from twinkeel.checks.subject import Subject
from twinkeel.checks.trial import forget
from twinkeel.errors import ConfigError
from twinkeel.plugins import suggestion
from twinkeel.records import Finding, Progress, Record, Tick, silent

SHARE = 0.1
"""The share of a build's time limit that the checks may take."""
_SUSPECTED = ("leak", "leak_together")


class Checked(Record, frozen=True):
    """What all checks found."""

    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]
    """Columns to leave out of learning."""
    allowed: tuple[str, ...]
    """Columns that would have been left out and that the user keeps."""
    skipped: tuple[str, ...]
    """Checks that the time did not allow."""


def check(
    subject: Subject,
    *,
    allow: Sequence[str] = (),
    late: Callable[[], bool] = lambda: False,
    progress: Progress = silent,
) -> Checked:
    """Run every check; `late` says when the time is over. `allow` has been checked before."""
    findings: list[Finding] = []
    left_out: list[str] = []
    allowed: list[str] = []
    skipped: list[str] = []
    clean: Subject | None = None
    for place, one in enumerate(CHECKS):
        if not one.always and late():
            skipped.append(one.name)
            continue
        progress(Tick(stage="checking the data", fraction=place / len(CHECKS), detail=one.name))
        if clean is None and not one.beside_leaks:
            clean = subject.without(_suspected(findings))
        for finding in one.find(subject if clean is None else clean):
            gone = finding.columns if finding.done == "left out" else ()
            if _is_allowed(finding, allow):
                allowed += gone
                continue
            findings.append(finding)
            left_out += gone
        subject = subject.without([n for n in left_out if n not in subject.unseen])
    forget()
    return Checked(
        findings=tuple(_ordered(findings)),
        left_out=tuple(left_out),
        allowed=tuple(allowed),
        skipped=tuple(skipped),
    )


def check_allow(allow: Sequence[str], columns: Sequence[str], where: str) -> None:
    """Raise ConfigError, naming the nearest, for a check or a column that does not exist."""
    names = [*(one.name for one in CHECKS), TOO_FEW]
    for entry in allow:
        name, _, label = entry.partition(":")
        if name not in names:
            raise ConfigError(f"{where} allow: {entry!r} names no check{suggestion(name, names)}")
        for column in [] if not label or label in columns else label.split("+"):
            if column not in columns:
                near = suggestion(column, list(columns))
                raise ConfigError(f"{where} allow: {entry!r} names no column{near}")


def _suspected(findings: Sequence[Finding]) -> set[str]:
    """Columns that would hide what later checks look for."""
    return {name for one in findings if one.check in _SUSPECTED for name in one.columns}


def _is_allowed(finding: Finding, allow: Sequence[str]) -> bool:
    return finding.check in allow or finding.label in allow


def _ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Warnings first; otherwise as the checks found them."""
    return sorted(findings, key=lambda one: one.severity != "warning")
