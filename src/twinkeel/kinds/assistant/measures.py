"""What is measured on an assistant's evidence: retrieval, answers, citations and abstention."""

from __future__ import annotations

import msgspec
import numpy as np

from twinkeel.kinds.assistant.judging import contains, is_right
from twinkeel.kinds.assistant.questions import Expected
from twinkeel.kinds.base import Decided
from twinkeel.metrics import abstention, functionals, ranking
from twinkeel.metrics.measure import Measure, Strata
from twinkeel.records import Direction, Evidence
from twinkeel.stats.bootstrap import Floats

DEPTH = 10
"""How many ranks of every question are kept."""
_UNIT = (0.0, 1.0)


def measures(evidence: Evidence) -> list[Measure]:
    """Everything that can be scored; each over the questions that it can be asked of."""
    return [*_retrieval(evidence), *_answers(evidence), *_abstention(evidence)]


def expectations(evidence: Evidence) -> list[Expected]:
    """What was expected of each question."""
    return [msgspec.convert(one, Expected) for one in evidence.expected]


def wrong(evidence: Evidence) -> Floats:
    """1 where the answer is wrong or there is none to give, whether or not it was given: (n,)."""
    outputs = evidence.outputs
    judged = zip(expectations(evidence), outputs["answer"], outputs["citations"], strict=True)
    right = [
        is_right(expected, answer, [(one["document"], one["quote"]) for one in cited])
        for expected, answer, cited in judged
    ]
    return 1.0 - np.asarray(right, dtype=np.float64)


def decided(evidence: Evidence) -> Decided:
    """Whether each question was answered, and rightly."""
    answerable = np.asarray([one.answerable for one in expectations(evidence)])
    errors, given = wrong(evidence), answered(evidence) == 1
    words = np.where(given, np.where(errors == 0, "right answer", "wrong answer"), "no answer")
    losses = np.where(given, errors, np.where(answerable, 0.5, 0.0))
    questions = [str(one) for one in evidence.outputs["question"]]
    return Decided(losses=losses.tolist(), words=words.tolist(), names=questions)


def support(evidence: Evidence) -> Floats:
    """How well each answer is supported: shape (n,)."""
    return np.asarray(evidence.outputs["confidence"], dtype=np.float64)


def answered(evidence: Evidence) -> Floats:
    """1 where an answer was given: shape (n,)."""
    return 1.0 - np.asarray(evidence.outputs["abstained"], dtype=np.float64)


def _retrieval(evidence: Evidence) -> list[Measure]:
    found, wanted = evidence.outputs["relevance"], evidence.outputs["wanted"]
    asked = np.asarray(wanted, dtype=np.float64) > 0
    pairs = [(f, w) if w else ([], 1) for f, w in zip(found, wanted, strict=True)]
    values = {
        f"recall_at_{at}": [ranking.recall(*pair, at=at) for pair in pairs]
        for at in sorted({1, int(evidence.context["top_k"]), DEPTH})
        if at <= DEPTH
    }
    values["mrr"] = [ranking.reciprocal_rank(f, at=DEPTH) for f, _ in pairs]
    values[f"ndcg_at_{DEPTH}"] = [ranking.ndcg(*pair, at=DEPTH) for pair in pairs]
    of = "questions with an expected document or passage"
    return [_mean(name, "higher", np.asarray(own), asked, of) for name, own in values.items()]


def _answers(evidence: Evidence) -> list[Measure]:
    expected, outputs = expectations(evidence), evidence.outputs
    texts = np.asarray([bool(one.answers) for one in expected])
    holds = [contains(a, e.answers) for e, a in zip(expected, outputs["answer"], strict=True)]
    documents = np.asarray([bool(one.documents) for one in expected]) & (answered(evidence) == 1)
    cited = [
        bool(own) and exact and all(one["document"] in want.documents for one in own)
        for want, own, exact in zip(expected, outputs["citations"], outputs["exact"], strict=True)
    ]
    return [
        _mean("answer_contains", "higher", np.asarray(holds), texts, "questions with a text"),
        _mean(
            "citation_correct",
            "higher",
            np.asarray(cited),
            documents,
            "answered questions with an expected document",
        ),
    ]


def _abstention(evidence: Evidence) -> list[Measure]:
    errors, given = wrong(evidence), answered(evidence) == 1
    answerable = np.asarray([one.answerable for one in expectations(evidence)])
    share = functionals.mean(given.astype(np.float64))
    return [
        _mean("risk", "lower", errors, given, "answered questions"),
        Measure("coverage", "higher", share, form="share", bounds=_UNIT),
        Measure(
            "risk_coverage_area",
            "lower",
            abstention.risk_coverage_area(support(evidence), errors),
            bounds=_UNIT,
        ),
        _mean("answerable_answered", "higher", given, answerable, "answerable questions"),
        _mean("unanswerable_abstained", "higher", ~given, ~answerable, "unanswerable questions"),
    ]


def _mean(name: str, direction: Direction, values: Floats, asked: np.ndarray, of: str) -> Measure:
    """The mean over the questions that are asked, judged where there are enough of them."""
    mask = asked.astype(np.float64)
    columns = np.column_stack([values.astype(np.float64) * mask, mask])
    return Measure(
        name,
        direction,
        functionals.sums(columns, lambda total: functionals.ratio(total[:, 0], total[:, 1])),
        bounds=_UNIT,
        strata=Strata(of=np.where(asked, 0, -1), names=(of,)),
    )
