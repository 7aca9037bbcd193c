"""What an assistant's report adds: its documents, when it abstains, and what it got wrong."""

from __future__ import annotations

import numpy as np

from twinkeel.kinds.assistant.card import CARD, Card
from twinkeel.kinds.assistant.measures import answered, expectations, support, wrong
from twinkeel.metrics import abstention
from twinkeel.records import Evidence
from twinkeel.report import charts
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Section, Table
from twinkeel.store.bundles import Bundle

_MOST = 25


def report(bundle: Bundle, evidence: Evidence) -> list[Section]:
    """The sections, in the order in which a person asks."""
    card = bundle.json(CARD, Card)
    return [_abstention(card, evidence), _wrong(evidence), _silent(evidence), *_documents(card)]


def _abstention(card: Card, evidence: Evidence) -> Section:
    curve = abstention.curve(support(evidence), wrong(evidence))
    return Section(
        title="Abstention",
        text=card.promise,
        charts=(
            charts.risk_coverage(curve.coverage, curve.risk, stated=card.risk),
            charts.histogram(_groups(evidence), axis="support of the answer"),
        ),
    )


def _groups(evidence: Evidence) -> dict[str, np.ndarray]:
    """Support by what the answer would have been."""
    errors, held = wrong(evidence), support(evidence)
    groups = {"right": held[errors == 0], "wrong or unanswerable": held[errors == 1]}
    return {name: values for name, values in groups.items() if len(values)}


def _wrong(evidence: Evidence) -> Section:
    index = np.flatnonzero((wrong(evidence) == 1) & (answered(evidence) == 1))
    return _questions(evidence, index, "Wrong answers", "Questions that it answered wrongly")


def _silent(evidence: Evidence) -> Section:
    answerable = np.asarray([one.answerable for one in expectations(evidence)])
    index = np.flatnonzero(answerable & (answered(evidence) == 0))
    return _questions(evidence, index, "Unanswered", "Answerable questions on which it abstained")


def _questions(evidence: Evidence, index: np.ndarray, title: str, what: str) -> Section:
    """The best supported of these questions, in a table."""
    ordered = index[np.argsort(-support(evidence)[index], kind="stable")]
    outputs, expected = evidence.outputs, expectations(evidence)
    rows = tuple(
        (
            outputs["question"][i],
            " / ".join(expected[i].answers or expected[i].documents) or "no answer",
            outputs["answer"][i],
            ", ".join(dict.fromkeys(one["document"] for one in outputs["citations"][i])),
            shown(outputs["confidence"][i]),
        )
        for i in ordered[:_MOST]
    )
    columns = ("question", "expected", "best answer", "from", "support")
    more = f", the {_MOST} best supported of them" if len(index) > _MOST else ""
    return Section(
        title=title,
        text=f"{what}: {len(index)} of {len(evidence)}{more}.",
        table=Table(columns=columns, rows=rows) if rows else None,
    )


def _documents(card: Card) -> list[Section]:
    read = Section(
        title="Documents",
        text=f"{len(card.documents):,} documents with {card.passages:,} passages were read; "
        f"{len(card.skipped):,} files were skipped.",
    )
    if not card.skipped:
        return [read]
    rows = tuple((one.name, one.reason) for one in card.skipped)
    table = Table(columns=("file", "reason"), rows=rows)
    return [read, Section(title="Skipped files", text="What was not read, and why.", table=table)]
