"""Judging an assistant: what it finds, quotes and refuses for every question, and how fast."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from twinkeel.errors import BundleError
from twinkeel.kinds.assistant.answerer import Answerer, Finding
from twinkeel.kinds.assistant.judging import contains
from twinkeel.kinds.assistant.measures import DEPTH
from twinkeel.kinds.assistant.questions import Expected
from twinkeel.kinds.base import Servable
from twinkeel.metrics.ranking import relevance
from twinkeel.records import Cases, Evidence

_TIMED = 100


def evaluate(servable: Servable, cases: Cases) -> Evidence:
    """Every question answered, with what was found on the way."""
    if not isinstance(servable, Answerer):
        raise BundleError("The bundle does not hold an assistant.")
    outputs: dict[str, list[Any]] = {name: [] for name in _NAMES}
    times = []
    histories = cases.inputs.get("history") or [[] for _ in cases.ids]
    rows = zip(cases.inputs["question"], histories, cases.expected, strict=True)
    for question, history, expected in rows:
        began = time.perf_counter()
        finding = servable.find(question, tuple(history), depth=DEPTH)
        times.append((time.perf_counter() - began) * 1e3)
        judged = _judged(servable, finding, msgspec.convert(expected, Expected))
        for name, value in {"question": question, **judged}.items():
            outputs[name].append(value)
    return Evidence.of(
        cases,
        outputs,
        timings={
            "latency_ms": times[:_TIMED],
            "bundle_mb": [round(servable.bundle_bytes / 1e6, 6)],
        },
        context={"top_k": servable.card.top_k, "risk": servable.card.risk},
    )


_NAMES = (
    "question",
    "documents",
    "relevance",
    "wanted",
    "answer",
    "citations",
    "exact",
    "confidence",
    "abstained",
)


def _judged(servable: Answerer, finding: Finding, expected: Expected) -> dict[str, Any]:
    """One question's outputs; the answer is the one it has, even where it abstains."""
    documents = list(dict.fromkeys(hit.passage.document for hit in finding.hits))
    if expected.passages:
        texts = [hit.passage.text for hit in finding.hits]
        found, wanted = _by_passage(texts, expected.passages), len(expected.passages)
    else:
        found = relevance(documents, expected.documents)
        wanted = len(set(expected.documents))
    return {
        "documents": documents[:DEPTH],
        "relevance": found[:DEPTH],
        "wanted": wanted,
        "answer": finding.text,
        "citations": [
            {"document": one.document, "start": one.start, "end": one.end, "quote": one.quote}
            for one in finding.citations
        ],
        "exact": all(
            servable.document(one.document).text[one.start : one.end] == one.quote
            for one in finding.citations
        ),
        "confidence": finding.confidence,
        "abstained": finding.abstained,
    }


def _by_passage(texts: list[str], wanted: tuple[str, ...]) -> list[int]:
    """1 for each rank whose passage contains an excerpt that none before it did."""
    left, found = set(wanted), []
    for text in texts:
        here = {one for one in left if contains(text, [one])}
        found.append(int(bool(here)))
        left -= here
    return found
