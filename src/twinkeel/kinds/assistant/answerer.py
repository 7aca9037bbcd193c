"""The servable of an assistant: a question -> sentences quoted exactly, or plain silence.

Owns the reading of calls and conversations, the search, and the decision to abstain. What is found
in documents is only ever quoted: nothing in them is followed, whatever it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinkeel.errors import ContractError, InputError
from twinkeel.kinds.assistant import dialogue, language
from twinkeel.kinds.assistant.card import CARD, Card
from twinkeel.kinds.assistant.extract import Extractor, Sentence
from twinkeel.kinds.assistant.library import Library
from twinkeel.records import Document, Field, Message, Output, Record, Rows, Signature
from twinkeel.retrieval.index import Hit
from twinkeel.retrieval.languages import STEMMERS
from twinkeel.store.bundles import Bundle

_NOTHING = {
    "en": "I could not find an answer to this in the documents.",
    "de": "Ich habe in den Dokumenten keine Antwort darauf gefunden.",
    "es": "No he encontrado una respuesta a esto en los documentos.",
    "fr": "Je n'ai pas trouvé de réponse à cette question dans les documents.",
    "it": "Non ho trovato una risposta a questa domanda nei documenti.",
    "nl": "Ik heb hierop geen antwoord gevonden in de documenten.",
    "pt": "Não encontrei uma resposta para isto nos documentos.",
}
"""By the language of the documents; in others it is said in English."""
_FOREIGN = "I can only answer questions in {language}, the language of the documents."
_CONTEXT = 0.6
"""How much the search with what was asked before counts beside the question by itself."""
_EXAMPLE = "How do I change my payment method?"


class Citation(Record, frozen=True):
    """Where a quoted sentence stands."""

    document: str
    title: str
    start: int
    """Where the quote begins in the document's text, by code point."""
    end: int
    page: int | None
    """Of a PDF, counted from 1."""
    box: tuple[float, float, float, float] | None
    """Of a PDF: left, bottom, right, top of its lines on the page, in points."""
    quote: str
    headings: tuple[str, ...]
    unseen: bool = False
    """Of a PDF or a Word file: whether some of it cannot be seen on the page."""


@dataclass(frozen=True)
class Finding:
    """What was found for a question, whether or not it is good enough to say."""

    hits: list[Hit]
    best: Sentence | None
    """The best supported sentence."""
    text: str
    """The answer, were it given; empty where there is none."""
    citations: tuple[Citation, ...]
    confidence: float
    abstained: bool
    excuse: str
    """What is said where it abstains."""
    warnings: tuple[str, ...] = ()
    unsupported: int = 0
    """Sentences of the answer that are supported less than an answer must be, or cannot be seen."""

    @property
    def strength(self) -> float:
        """How near in meaning the first passage is to the question, 0 to 1; 0 without any."""
        near = float(self.hits[0].dense) if self.hits else 0.0
        return round(min(max(near, 0.0), 1.0), 4)


@dataclass(frozen=True)
class Answerer:
    """A loaded version."""

    card: Card
    library: Library
    bundle_bytes: int

    @classmethod
    def open(cls, bundle: Bundle) -> Answerer:
        """The answerer of a verified bundle."""
        card = bundle.json(CARD, Card)
        return cls(card=card, library=Library.open(bundle, card), bundle_bytes=bundle.size)

    @property
    def signature(self) -> Signature:
        """A question and what was asked before; the answer with its citations."""
        inputs = (
            Field(name="question", type="text", required=True, private=True, example=_EXAMPLE),
            Field(name="history", type="text", private=True),
        )
        outputs = (
            Field(name="answer", type="text"),
            Field(name="abstained", type="boolean"),
            Field(name="confidence", type="number", low=0, high=1),
            Field(name="citations", type="text"),
            Field(name="retrieval", type="number", low=0, high=1),
            Field(name="unsupported", type="integer", low=0),
        )
        return Signature(inputs=inputs, outputs=outputs)

    def call(self, rows: Rows) -> list[Output]:
        """One answer per row. Raises ContractError naming the row and the column."""
        read = [_row(row, i) for i, row in enumerate(rows, 1)]
        return [
            self._output(self.find(question, history), extra) for question, history, extra in read
        ]

    def converse(self, messages: Sequence[Message]) -> Output:
        """The answer to the last message, after the questions before it. Raises InputError."""
        said = [message.text for message in messages if message.role == "user"]
        if not said or messages[-1].role != "user":
            raise InputError("The last message must be a user's: it is the one that is answered.")
        return self._output(self.find(said[-1], tuple(said[:-1])), ())

    def document(self, name: str) -> Document:
        """The document that a citation names; raises UnknownName."""
        return self.library.document(name)

    def find(self, question: str, history: Sequence[str] = (), *, depth: int = 0) -> Finding:
        """Search, quote and decide; at least `depth` passages are ranked."""
        asked = dialogue.asked(question, history)
        warnings = (_cut(asked.cut),) if asked.cut else ()
        if language.is_other(asked.question, self.card.language):
            excuse = _FOREIGN.format(language=STEMMERS[self.card.language].capitalize())
            return Finding([], None, "", (), 0.0, True, excuse, warnings)
        excuse = _NOTHING.get(self.card.language, _NOTHING["en"])
        hits = self._search(asked, max(depth, self.card.top_k))
        looked_for = asked.context or asked.question
        extractor = self.library.extractor
        sentences = extractor.best(looked_for, hits[: self.card.top_k])
        if not sentences:
            return Finding(hits, None, "", (), 0.0, True, excuse, warnings)
        support = _support(extractor, looked_for, sentences[0])
        threshold = self.card.threshold
        reading = sorted(sentences, key=lambda one: one.start)
        citations = tuple(self._citation(one) for one in reading)
        least = math.inf if threshold is None else threshold
        weak = [
            _support(extractor, looked_for, one) < least or cited.unseen
            for one, cited in zip(reading, citations, strict=True)
        ]
        return Finding(
            hits=hits,
            best=sentences[0],
            text=" ".join(" ".join(one.text.split()) for one in reading),
            citations=citations,
            confidence=support,
            abstained=threshold is None or support < threshold,
            excuse=excuse,
            warnings=(*warnings, *_unseen(citations)),
            unsupported=sum(weak),
        )

    def _search(self, asked: dialogue.Asked, k: int) -> list[Hit]:
        """The best passages; what was asked before helps where the question leans on it."""
        if asked.context is None:
            return self.library.index.search(asked.question, k)
        scores: dict[tuple[str, int], float] = {}
        found: dict[tuple[str, int], Hit] = {}
        for text, share in ((asked.context, _CONTEXT), (asked.question, 1 - _CONTEXT)):
            for hit in self.library.index.search(text, 2 * k):
                key = (hit.passage.document, hit.passage.start)
                scores[key] = scores.get(key, 0.0) + share * hit.score
                found.setdefault(key, hit)
        best = sorted(scores, key=lambda key: (-scores[key], key))[:k]
        return [found[key] for key in best]

    def _citation(self, sentence: Sentence) -> Citation:
        passage = sentence.hit.passage
        box, unseen = self.library.place(passage.document, sentence.start, sentence.end)
        hidden = any(a < sentence.end and b > sentence.start for a, b in passage.hidden)
        return Citation(
            document=passage.document,
            title=self.library.entries[passage.document].title,
            start=sentence.start,
            end=sentence.end,
            page=passage.page,
            box=box or passage.box,
            quote=sentence.text,
            headings=tuple(passage.headings),
            unseen=unseen or hidden,
        )

    def _output(self, found: Finding, extra: tuple[str, ...]) -> Output:
        given = not found.abstained
        return Output(
            values={
                "answer": found.text if given else found.excuse,
                "abstained": found.abstained,
                "confidence": found.confidence,
                "citations": [_plain(one) for one in found.citations] if given else [],
                "retrieval": found.strength,
                "unsupported": found.unsupported if given else None,
            },
            warnings=(*found.warnings, *extra),
        )


def _support(extractor: Extractor, question: str, best: Sentence) -> float:
    """How well an answer is supported, 0 to 1: by its passage's meaning and by its terms."""
    passage = best.hit.passage
    context = " ".join((*passage.headings, passage.text))
    covered = extractor.coverage(question, context)
    near = min(max(float(best.hit.dense), 0.0), 1.0)
    return round(min(max((covered + near + best.score) / 3, 0.0), 1.0), 4)


def _row(row: Mapping[str, Any], number: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A row's question, earlier questions and warnings."""
    question = row.get("question")
    if not isinstance(question, str):
        got = "nothing" if question is None else type(question).__name__
        raise ContractError(f"Row {number}, question: expected text, got {got}.")
    history = row.get("history") or []
    history = history.split("\n") if isinstance(history, str) else history
    if not isinstance(history, list | tuple) or not all(isinstance(one, str) for one in history):
        raise ContractError(
            f"Row {number}, history: expected earlier questions, as a list of texts or one a line."
        )
    extra = sorted(str(name)[:80] for name in row.keys() - {"question", "history"})
    warnings = (f"Extra columns are not used: {', '.join(extra[:5])}.",) if extra else ()
    return question, tuple(history), warnings


def _cut(characters: int) -> str:
    return (
        f"The question is {characters + dialogue.LONGEST:,} characters long; "
        f"the first {dialogue.LONGEST:,} were looked at."
    )


def _unseen(citations: Sequence[Citation]) -> tuple[str, ...]:
    """A warning of quotes that are in a file and not on its page."""
    return tuple(
        f"A quote from {one.document}{'' if one.page is None else f', page {one.page},'} cannot be "
        "seen there: it may be meant to mislead machines."
        for one in citations
        if one.unseen
    )


def _plain(citation: Citation) -> dict[str, Any]:
    plain = {name: getattr(citation, name) for name in citation.__struct_fields__}
    return {**plain, "headings": list(citation.headings)}
