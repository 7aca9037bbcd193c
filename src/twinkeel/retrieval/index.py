"""An index over segments: a question in, the passages that answer it best out.

Every passage is compared, by words and by meaning; nothing is approximate. It is made from the
segments when a version is loaded, and never changed; the vectors may stay on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinkeel.retrieval import lexical
from twinkeel.retrieval.dense import Dense, Embedder, Vectors
from twinkeel.retrieval.fuse import fuse
from twinkeel.retrieval.lexical import Lexical
from twinkeel.retrieval.passages import Passage
from twinkeel.retrieval.segments import Segment

LONGEST_QUESTION = 4_000
"""Characters of a question that are looked at."""


@dataclass(frozen=True)
class Hit:
    """A passage with what it was found by."""

    passage: Passage
    score: float
    """From 0 to 1; higher is better."""
    lexical: float
    """BM25; 0 if they share no term."""
    dense: float
    """Cosine."""


class Index:
    """Passages that can be searched; safe to use from several threads."""

    def __init__(
        self,
        passages: Sequence[Passage],
        words: Lexical,
        meaning: Dense,
        *,
        embedder: Embedder,
        language: str,
    ) -> None:
        self.passages = passages
        self._words = words
        self._meaning = meaning
        self._embedder = embedder
        self._language = language

    @classmethod
    def open(
        cls, segments: Sequence[Segment], embedder: Embedder, *, joined: Vectors | None = None
    ) -> Index:
        """The index over some documents' segments, which the same embedder made.

        `joined` are the vectors of all of them where they are one array already, such as one that
        is left on the disk: it is searched where it is, and not copied.
        """
        vectors = join(segments, embedder) if joined is None else joined
        return cls(
            [passage for segment in segments for passage in segment.passages],
            Lexical([counts for segment in segments for counts in segment.counts]),
            Dense(vectors),
            embedder=embedder,
            language=segments[0].language if segments else "en",
        )

    def search(self, question: str, k: int) -> list[Hit]:
        """The `k` best passages, the best first; none for a question without a word."""
        question = question[:LONGEST_QUESTION]
        if not self.passages or not question.strip():
            return []
        by_words = self._words.scores(lexical.terms(question, self._language))
        by_meaning = self._meaning.scores(self._embedder.embed([question])[0])
        scores = fuse(by_words, by_meaning)
        return [
            Hit(self.passages[i], float(scores[i]), float(by_words[i]), float(by_meaning[i]))
            for i in best(scores, k)
        ]

    def weight(self, term: str) -> float:
        """How much a stem says: higher for rarer ones."""
        return self._words.weight(term)


def join(segments: Sequence[Segment], embedder: Embedder) -> Vectors:
    """The vectors of all segments in one array, shape (passages, d)."""
    empty: Vectors = np.zeros((0, embedder.dimensions), dtype=np.float32)
    return np.concatenate([empty, *(segment.vectors for segment in segments)])


def best(scores: Vectors, k: int) -> list[int]:
    """The positions of the `k` highest scores, the highest first, ties by position."""
    k = min(k, len(scores))
    least = np.partition(scores, len(scores) - k)[len(scores) - k] if k > 0 else np.inf
    among = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[among], kind="stable")[:k]
    return [int(i) for i in among[order]]
