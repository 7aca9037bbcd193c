"""A segment: what the index keeps of one document, made once for the same bytes.

It holds the passages, their term counts and their vectors, as two files: JSON, and an array.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from dataclasses import dataclass

import msgspec
import numpy as np

from twinkeel.errors import BundleError
from twinkeel.records import Record
from twinkeel.retrieval import lexical
from twinkeel.retrieval.dense import Embedder, Vectors
from twinkeel.retrieval.documents import VERSION, Document
from twinkeel.retrieval.passages import Passage, passages


class _Text(Record, frozen=True):
    """The part of a segment that is JSON."""

    language: str
    passages: tuple[Passage, ...]
    counts: tuple[dict[str, int], ...]


@dataclass(frozen=True)
class Segment:
    """One document's share of an index."""

    language: str
    passages: tuple[Passage, ...]
    counts: tuple[dict[str, int], ...]
    """Each passage's terms."""
    vectors: Vectors
    """Unit vectors, shape (passages, d)."""

    def written(self) -> tuple[bytes, bytes]:
        """The segment's two files: JSON, and an array as `.npy`."""
        file = io.BytesIO()
        np.save(file, self.vectors, allow_pickle=False)
        text = _Text(language=self.language, passages=self.passages, counts=self.counts)
        return msgspec.json.encode(text), file.getvalue()

    @classmethod
    def read(cls, text: bytes, vectors: bytes) -> Segment:
        """A segment from its files. Raises BundleError if they are not those of one."""
        try:
            array = np.load(io.BytesIO(vectors), allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise BundleError(f"A segment of the index is damaged: {error}.") from None
        found = cls.among(text, array)
        if len(array) != len(found.passages):
            raise _of_another()
        return found

    @classmethod
    def among(cls, text: bytes, vectors: Vectors, start: int = 0) -> Segment:
        """A segment whose vectors stand among others, from a row on. Raises BundleError."""
        try:
            found = msgspec.json.decode(text, type=_Text)
        except msgspec.MsgspecError as error:
            raise BundleError(f"A segment of the index is damaged: {error}.") from None
        own = vectors[start : start + len(found.passages)]
        if own.dtype != np.float32 or own.ndim != 2 or len(own) != len(found.passages):
            raise _of_another()
        return cls(found.language, found.passages, found.counts, own)


def _of_another() -> BundleError:
    return BundleError("A segment of the index is damaged: its vectors are of another one.")


def key(data: bytes, embedder: Embedder, language: str) -> str:
    """What names the segment of a document with these bytes."""
    said = f"{VERSION} {embedder.id} {language} ".encode()
    return hashlib.sha256(said + hashlib.sha256(data).digest()).hexdigest()


def make(document: Document, embedder: Embedder, language: str = "en") -> Segment:
    """Cut, count and embed a document."""
    found = passages(document)
    said = [searched(passage) for passage in found]
    return Segment(
        language=language,
        passages=tuple(found),
        counts=tuple(dict(Counter(lexical.terms(text, language))) for text in said),
        vectors=embedder.embed(said),
    )


def searched(passage: Passage) -> str:
    """What a passage is found by: the titles that it stands under, and its text."""
    return f"{' > '.join(passage.headings)}\n{passage.text}"
