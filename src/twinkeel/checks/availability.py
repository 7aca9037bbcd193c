"""Columns that may not be known yet when a prediction is made.

Nothing in a table says when a value was written. What can be seen: whether a value is there tells
the target, one moment always comes after another, and names that speak of an outcome, which is a
weak hint and is said to be one. All of it is kept and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from twinkeel.checks import scoring
from twinkeel.checks.found import found, line, named
from twinkeel.checks.leaks import suspicious
from twinkeel.checks.subject import Subject
from twinkeel.records import Finding

_HINTS = re.compile(
    r"(?i)(^|[_\W])(paid|payment[_ ]?received|balance|outcome|result|final|closed?|settled|resolved"
    r"|resolution|cancel(l?ed|lation)?|refund(ed)?|recover(ed|y|ies)|collected|charged?[_ ]?off"
    r"|tat|turnaround|dropoff|delivered|discharged?|completed|death|died|status|last[_ ]pymnt"
    r"|duration|elapsed|end(ed)?[_ ]?(date|time|at))($|[_\W])"
)
_TELLING = 0.5
"""Whether a value is missing tells this much of a number's variation, and it is suspected."""


def filled_later(subject: Subject) -> Iterator[Finding]:
    """Columns whose being there, or not, tells the target."""
    bound = 0.9 if subject.classes else _TELLING
    if len(subject.classes) > 2:
        bound = min(bound, suspicious(subject))
    for one in subject.learnable:
        gone = one.missing
        if not 0 < gone.sum() < len(gone):
            continue
        told = scoring.of_part(subject, gone.astype(np.intp))
        if told >= bound:
            said = (
                f"whether {one.name} is there tells {subject.target}: {subject.metric} {told:.3f} "
                f"({int(gone.sum()):,} of {len(gone):,} missing); is it filled in afterwards?"
            )
            numbers = {"score": told, "missing": int(gone.sum()), "n": len(gone)}
            yield found("filled_later", [one.name], said, numbers=numbers)


def later_moment(subject: Subject) -> Iterator[Finding]:
    """Moments that are (nearly) always later than another column's."""
    dates = [one for one in subject.learnable if one.type == "date"]
    for one in dates:
        for other in dates:
            both = ~(one.missing | other.missing)
            gap = one.values[both] - other.values[both]
            if one is other or len(gap) < 20:
                continue
            after = float((gap >= 0).mean())
            if after >= 0.99 and np.median(gap) > 0 and gap.std() > 0:
                said = (
                    f"{one.name} comes after {other.name} in {after:.1%} of rows: is it known when "
                    "predicting?"
                )
                numbers = {"after": after, "n": len(gap)}
                yield found("later_moment", [one.name], said, severity="note", numbers=numbers)
                break


def name_hints(subject: Subject) -> Iterator[Finding]:
    """Names that speak of an outcome; a weak hint, told in one note."""
    names = [one.name for one in subject.learnable if _HINTS.search(one.name)]
    if names:
        said = f"by their names alone, {named(names, 8)} may only be known afterwards (a weak hint)"
        yield found("name_hints", names, said, severity="note", key=line("exclude", names))
