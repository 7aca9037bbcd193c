"""Words: texts to stems, and BM25 over them.

BM25 is Lucene's variant (Robertson and Zaragoza 2009; Kamphuis et al. 2020), k1 1.5, b 0.75, with
every term's contribution to every passage computed once. Stems are Snowball's. A language without
a list here keeps its words whole and has no stop words.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from twinkeel.errors import MissingExtra
from twinkeel.retrieval.languages import STEMMERS, STOP

K1, B = 1.5, 0.75
LONGEST_TERM = 64

_NONE: frozenset[str] = frozenset()
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0bbe-\u0bcd"
"""Signs that belong to the letter before them, such as the vowels of Hindi."""
_LETTERS = rf"(?:[^\W_]++[{_MARKS}]*+)++"
_WORD = re.compile(rf"{_LETTERS}(?:['’.]{_LETTERS})*")
_LOCK = threading.Lock()

Scores = npt.NDArray[np.float32]


def terms(text: str, language: str = "en") -> list[str]:
    """The stems of a text's words, in order and without stop words."""
    stop = STOP.get(language, _NONE)
    words = (word.replace("’", "'") for word in _WORD.findall(text.casefold()))
    return [_stem(word, language) for word in words if word not in stop]


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    if stemmer is None or len(word) > LONGEST_TERM:
        return word[:LONGEST_TERM]
    with _LOCK:  # a stemmer keeps the word that it works on
        return str(stemmer.stemWord(word))


class _Stemmer(Protocol):
    """What snowballstemmer gives for a language."""

    def stemWord(self, word: str) -> str: ...  # noqa: N802 - its name


@lru_cache
def _stemmer(language: str) -> _Stemmer | None:
    name = STEMMERS.get(language)
    if name is None:
        return None
    try:
        import snowballstemmer
    except ImportError:
        raise MissingExtra("snowballstemmer", "assistants", "Searching documents") from None
    found: _Stemmer = snowballstemmer.stemmer(name)
    return found


class Lexical:
    """BM25 over passages, each given as its terms with their counts."""

    def __init__(self, counts: Sequence[Mapping[str, int]]) -> None:
        self._size = len(counts)
        numbers: dict[str, int] = {}
        flat = [
            (numbers.setdefault(term, len(numbers)), count)
            for one in counts
            for term, count in one.items()
        ]
        term, count = np.array(flat, dtype=np.int64).reshape(-1, 2).T
        passage = np.repeat(np.arange(self._size), [len(one) for one in counts])
        order = np.argsort(term, kind="stable")
        having = np.bincount(term, minlength=len(numbers))
        self._numbers = numbers
        self._starts = np.concatenate([[0], np.cumsum(having)])
        self._passages = passage[order].astype(np.int32)
        self._weights = np.log1p((self._size - having + 0.5) / (having + 0.5))
        lengths = np.bincount(passage, weights=count, minlength=self._size)
        norm = K1 * (1 - B + B * lengths / max(lengths.mean() if self._size else 1.0, 1e-9))
        saturated = count / (count + norm[passage])
        self._impacts = (self._weights[term] * saturated)[order].astype(np.float32)

    def weight(self, term: str) -> float:
        """The inverse document frequency of a stem; an unknown one has that of no passage."""
        number = self._numbers.get(term)
        if number is None:
            return float(np.log1p((self._size + 0.5) / 0.5))
        return float(self._weights[number])

    def scores(self, asked: Sequence[str]) -> Scores:
        """The score of every passage for the stems of a question, shape (n,)."""
        total = np.zeros(self._size, dtype=np.float32)
        for term in asked:
            number = self._numbers.get(term)
            if number is not None:
                part = slice(self._starts[number], self._starts[number + 1])
                total[self._passages[part]] += self._impacts[part]
        return total
