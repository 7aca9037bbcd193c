"""Rows that repeat: copies that judge what they were learned from, and copies that disagree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twinkeel.checks.found import found
from twinkeel.checks.subject import Index, Subject
from twinkeel.data.table import texts
from twinkeel.records import Finding, Severity

_FLATTERING = 0.05
"""Copies among the rows that judge, from which share on they are a warning: with few columns, some
rows are alike by chance."""
_WORTH_SAYING = 0.01
"""Copies below this share of rows are told as a note."""


def duplicate_rows(subject: Subject) -> Iterator[Finding]:
    """Rows that repeat another one, target included, and where the split puts them."""
    member, size = _copies(subject, with_target=True)
    n = len(member)
    extra = n - len(size)
    if extra == 0:
        return
    learned = np.zeros(len(size), dtype=bool)
    learned[member[~subject.held_out]] = True
    across = int(learned[member[subject.held_out]].sum())
    held = int(subject.held_out.sum())
    said = f"{extra:,} of {n:,} rows ({extra / n:.2%}) repeat another row exactly"
    numbers = {"rows": n, "repeats": extra, "judging": held, "across": across}
    if across:
        said += (
            f", and {across:,} of the {held:,} rows that judge have a copy among those learned "
            "from, which flatters the scores"
        )
        key = 'group = "..." keeps what belongs together on one side'
        loud: Severity = "warning" if across / held >= _FLATTERING else "note"
        yield found("duplicate_rows", [], said, severity=loud, key=key, numbers=numbers)
        return
    said += "; copies are on one side of the split and each counts"
    severity: Severity = "warning" if extra / n >= 10 * _WORTH_SAYING else "note"
    yield found("duplicate_rows", [], said, severity=severity, numbers=numbers)


def contradicting_labels(subject: Subject) -> Iterator[Finding]:
    """Rows that are alike in every column and differ in the target."""
    if not subject.classes:
        return
    member, size = _copies(subject, with_target=False)
    label = np.unique(subject.keys.astype(str), return_inverse=True)[1]
    pair, counts = np.unique(np.column_stack([member, label]), axis=0, return_counts=True)
    most = np.zeros(len(size), dtype=np.int64)
    np.maximum.at(most, pair[:, 0], counts)
    wrong = int((size - most).sum())
    n, repeated = len(member), int(size[size > 1].sum())
    if wrong == 0:
        return
    yield found(
        "contradicting_labels",
        [],
        f"{wrong:,} of {n:,} rows contradict a row that is alike in every column (of "
        f"{repeated:,} rows that have such a twin), so accuracy cannot exceed {1 - wrong / n:.2%}",
        severity="warning" if wrong / n >= _WORTH_SAYING else "note",
        numbers={"rows": n, "contradicting": wrong, "with_twin": repeated},
    )


def _copies(subject: Subject, *, with_target: bool) -> tuple[Index, Index]:
    """(n,) which set of equal rows each row is in, and how many rows each set has."""
    n = len(subject.held_out)
    member = np.zeros(n, dtype=np.int64)
    columns: list[NDArray[np.generic]] = [
        subject.table.columns[one.name] for one in subject.learnable
    ]
    for cells in [*columns, *([subject.keys] if with_target else [])]:
        code = np.unique(_comparable(cells), return_inverse=True)[1]
        member = member * (int(code.max(initial=0)) + 1) + code
        member = np.unique(member, return_inverse=True)[1]
    size = np.bincount(member) if n else np.zeros(0, dtype=np.int64)
    return member.astype(np.intp), size.astype(np.intp)


def _comparable(cells: NDArray[np.generic]) -> NDArray[np.generic]:
    if cells.dtype.kind in "iufbM":
        return cells
    written = texts(cells)
    place = {text: i for i, text in enumerate(dict.fromkeys(written))}
    return np.fromiter((place[text] for text in written), dtype=np.int64, count=len(written))
