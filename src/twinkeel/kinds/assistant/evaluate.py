"""Judging an assistant: what it finds, quotes and refuses for every question, and how fast."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np

from twinkeel.errors import BundleError
from twinkeel.kinds.assistant.answerer import Answerer, Finding
from twinkeel.kinds.assistant.judging import contains
from twinkeel.kinds.assistant.kind import AssistantOptions
from twinkeel.kinds.assistant.measures import DEPTH
from twinkeel.kinds.assistant.questions import Expected
from twinkeel.kinds.base import Servable
from twinkeel.metrics.ranking import relevance
from twinkeel.records import Cases, Evidence

_TIMED = 100
_RIGHT = 0.8
"""The share of questions that an imagined assistant answers rightly."""
_UNSURE = 0.3
"""The support below which it abstains."""


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


def rehearsal(options: AssistantOptions, cases: Cases, *, seed: int = 0) -> Evidence:
    """Evidence of an imagined assistant: right on four in five questions, and surer of those."""
    chance = np.random.default_rng(seed)
    right = chance.random(len(cases)) < _RIGHT
    sure = np.where(right, chance.beta(4, 2, len(cases)), chance.beta(2, 4, len(cases)))
    outputs: dict[str, list[Any]] = {name: [] for name in _NAMES}
    rows = zip(cases.inputs["question"], cases.expected, right, sure, strict=True)
    for question, stated, is_right, confidence in rows:
        imagined = _imagined(msgspec.convert(stated, Expected), right=bool(is_right))
        said = {"question": question, "confidence": float(confidence), "exact": True}
        for name, value in {**imagined, **said, "abstained": confidence < _UNSURE}.items():
            outputs[name].append(bool(value) if name == "abstained" else value)
    return Evidence.of(
        cases,
        outputs,
        timings={"latency_ms": [0.0], "bundle_mb": [0.0]},
        context={"top_k": options.top_k, "risk": options.risk},
    )


def _imagined(expected: Expected, *, right: bool) -> dict[str, Any]:
    """The outputs for a question that is answered as expected, or otherwise."""
    documents = list(expected.documents)[:1] if right else []
    quote = (*expected.passages, *expected.answers, "")[0] if right else ""
    cited = {"document": documents[0] if documents else "", "start": 0, "end": 0, "quote": quote}
    return {
        "documents": documents,
        "relevance": [int(right)],
        "wanted": len(expected.passages or set(expected.documents)),
        "answer": (*expected.answers, "")[0] if right else "",
        "citations": [cited],
    }


def _by_passage(texts: list[str], wanted: tuple[str, ...]) -> list[int]:
    """1 for each rank whose passage contains an excerpt that none before it did."""
    left, found = set(wanted), []
    for text in texts:
        here = {one for one in left if contains(text, [one])}
        found.append(int(bool(here)))
        left -= here
    return found
