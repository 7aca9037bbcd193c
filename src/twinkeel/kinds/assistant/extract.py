"""The sentences of some passages that answer a question best, quoted as they stand.

A sentence is as good as the share of the question's terms that it holds (rare ones count more,
and its headings help), as it is near in meaning, as its passage ranks, and as it holds the sort of
thing that is asked for: a number, a date, a name. The weights are fixed; they were set by hand on
the calibrating half of this project's own example, on no benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from twinkeel.retrieval.dense import Vectors
from twinkeel.retrieval.index import Hit
from twinkeel.retrieval.sentences import sentences
from twinkeel.stats.bootstrap import Floats

PASSAGES = 3
"""How many passages an answer is looked for in."""
SENTENCES = 3
"""How many sentences an answer has at most."""
_LONGEST = 1_000
"""Characters of a sentence; what is longer is a table or a listing, quoted up to here."""
_CLOSER = 8
"""How many sentences are compared by meaning: those that the words speak most for."""
_HEADINGS = 0.2
"""How much of the share of terms is looked for in the headings."""
_TERMS, _MEANING, _RANK, _SORT = 0.3, 0.5, 0.2, 0.1
_NEAR = 0.6
"""A further sentence is quoted if it is so nearly as good as the best."""

_SORTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(given))
    for asked, given in (
        (r"\bhow (much|many|long|old|far|fast|large|big|often|soon|early|late)\b", r"\d|\b(one|two"
         r"|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|half|every)\b"),
        (r"\b(cost|price|fee|charge|pay)\b", r"[$€£]|\bfree\b|\bno charge\b"),
        (r"\b(when|what (year|date|day|time|month)|which (year|day|month))\b", r"\d|\b(days?|weeks?"
         r"|months?|years?|January|February|March|April|May|June|July|August|September|October"
         r"|November|December)\b"),
        (r"\b(who|whose|whom)\b", r"(?<=[a-z,;:] )[A-Z][a-z]+|^[A-Z][a-z]+ [A-Z]"),
        (r"\bnumber\b", r"\d"),
        (r"\bwhere\b", r"\b(in|at|near|from|to|on|under) \**[A-Z]"),
        (r"\bwhy\b", r"\b(because|since|so that|in order to|due to|therefore)\b"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """One sentence of a passage."""

    hit: Hit
    start: int
    """Where it begins in the document's text, by code point."""
    end: int
    text: str
    score: float


Terms = Callable[[str], Sequence[str]]
Embed = Callable[[Sequence[str]], Vectors]
Span = tuple[Hit, int, int]


@dataclass(frozen=True)
class Extractor:
    """What is needed to compare a question with sentences."""

    terms: Terms
    """The stems of a text, without stop words."""
    weight: Callable[[str], float]
    """How much a term says: higher for rarer ones."""
    embed: Embed
    """Texts to unit vectors, shape (n, d)."""

    def best(self, question: str, hits: Sequence[Hit]) -> list[Sentence]:
        """The sentences that answer best, the best first; those after it come close to it."""
        spans = [one for hit in hits[:PASSAGES] for one in _spans(hit)]
        if not spans:
            return []
        words = self._by_words(question, spans, top=max(hit.score for hit in hits[:PASSAGES]))
        closer = np.argsort(-words, kind="stable")[:_CLOSER]
        vectors = self.embed([question, *(_text(*spans[i]) for i in closer)])
        scores = words[closer] + _MEANING * (vectors[1:] @ vectors[0])
        order = np.argsort(-scores, kind="stable")
        best, top = spans[closer[order[0]]][0], scores[order[0]]
        return [
            _sentence(spans[closer[i]], float(scores[i]))
            for i in order
            if spans[closer[i]][0] is best and scores[i] >= _NEAR * top
        ][:SENTENCES]

    def coverage(self, question: str, text: str) -> float:
        """The weighted share of the question's terms that a text holds, 0 to 1."""
        return self._share(self._weights(question), text)

    def _by_words(self, question: str, spans: list[Span], *, top: float) -> Floats:
        """What a sentence's words, headings and passage say for it."""
        weights = self._weights(question)
        wanted = [given for asked, given in _SORTS if asked.search(question)]
        scores = []
        for hit, start, end in spans:
            text = _text(hit, start, end)
            headings = self._share(weights, " ".join(hit.passage.headings))
            share = (1 - _HEADINGS) * self._share(weights, text) + _HEADINGS * headings
            sort = sum(bool(given.search(text)) for given in wanted) / max(len(wanted), 1)
            rank = hit.score / top if top > 0 else 0.0
            scores.append(_TERMS * share + _RANK * rank + _SORT * sort)
        return np.asarray(scores)

    def _weights(self, question: str) -> dict[str, float]:
        return {term: self.weight(term) for term in self.terms(question)}

    def _share(self, weights: dict[str, float], text: str) -> float:
        total = sum(weights.values())
        there = set(self.terms(text))
        return sum(w for term, w in weights.items() if term in there) / total if total else 0.0


def _spans(hit: Hit) -> list[Span]:
    """The sentences of one passage, with offsets into the document; headings are none."""
    start = hit.passage.start
    return [
        (hit, start + begin, start + min(end, begin + _LONGEST))
        for begin, end in sentences(hit.passage.text)
        if not hit.passage.text[begin:end].lstrip().startswith("#")
    ]


def _text(hit: Hit, start: int, end: int) -> str:
    return hit.passage.text[start - hit.passage.start : end - hit.passage.start]


def _sentence(span: Span, score: float) -> Sentence:
    hit, start, end = span
    return Sentence(hit, start, end, _text(*span), score)
