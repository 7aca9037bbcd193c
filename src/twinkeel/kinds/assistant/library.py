"""The documents of an assistant: made from files while building, opened from a bundle to serve.

Each document is a few shared files of the bundle: its text, its segment of the index and, for a
PDF, its own bytes. They are found again by the contents of the file, its name, and who read and
embedded it, so that a build reads and embeds only what changed. Why a file was refused is found
again in the same way.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from twinkeel.data.sources import SourceFile
from twinkeel.errors import BundleError, SourceError, UnknownName
from twinkeel.kinds.assistant.card import Card, Entry, Skipped
from twinkeel.kinds.assistant.extract import Extractor
from twinkeel.plugins import suggestion
from twinkeel.records import Document as Shown
from twinkeel.records import Record
from twinkeel.retrieval import documents, lexical, segments
from twinkeel.retrieval.dense import Embedder, Vectors
from twinkeel.retrieval.documents import Box, Document, Line
from twinkeel.retrieval.index import Index, join
from twinkeel.retrieval.passages import place
from twinkeel.retrieval.reading import Reader
from twinkeel.retrieval.segments import Segment
from twinkeel.store.bundles import Bundle
from twinkeel.store.shared import Shared

_PDF = "application/pdf"
_TEXT, _PASSAGES, _VECTORS = "text.json", "passages.json", "vectors.npy"
_PARTS = (_TEXT, _PASSAGES, _VECTORS)
_LINES = "lines.npy"
"""Where the lines of a PDF stand: start, end, left, bottom, right, top, and 1 if it is unseen."""
_JOINED = "vectors.npy"
"""The vectors of all documents in one file, which a server leaves on the disk."""


class Text(Record, frozen=True):
    """What a reader of a document needs: the contents of its text file."""

    title: str
    media: str
    text: str


@dataclass
class Shelf:
    """Documents as a build takes them, one after the other."""

    shared: Shared
    embedder: Embedder
    language: str
    reader: Reader
    entries: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    made: int = 0
    """Documents that were read and embedded, rather than found."""

    @property
    def passages(self) -> int:
        """Passages of all documents."""
        return sum(len(segment.passages) for segment in self.segments)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Documents with text that cannot be seen on the page, each with the first such page."""
        found: dict[str, str] = {}
        for segment in self.segments:
            for one in segment.passages:
                if one.unseen:
                    page = "" if one.page is None else f", page {one.page}"
                    found.setdefault(one.document, f"{one.document}{page}")
        return tuple(found.values())

    def take(self, file: SourceFile) -> None:
        """Add one file's document, or say why it was skipped."""
        place = f"{len(self.entries):06d}"
        key = f"{documents.VERSION} {self.embedder.id} {self.language} {file.digest} {file.name}"
        try:
            documents.check_file(file.path, file.name)
            text, segment = self._found(place, key) or self._made(place, key, file)
        except SourceError as error:
            self.skipped.append(Skipped(name=file.name, reason=str(error)))
            return
        self.segments.append(segment)
        self.entries.append(
            Entry(
                name=file.name,
                title=text.title,
                media=text.media,
                folder=place,
                original=self._original(file, place) if text.media == _PDF else None,
            )
        )

    def joined(self) -> Vectors:
        """The vectors of all documents, kept in the bundle as one file too."""
        vectors = join(self.segments, self.embedder)
        data = _npy(vectors)
        self.shared.add(_JOINED, f"vectors {hashlib.sha256(data).hexdigest()}", data)
        return vectors

    def _found(self, place: str, key: str) -> tuple[Text, Segment] | None:
        """What an earlier build made of the same file, if all of it is still there."""
        parts = {part: self.shared.find(f"{place}/{part}", f"{key} {part}") for part in _PARTS}
        if any(data is None for data in parts.values()):
            return None
        data, passages, vectors = (data or b"" for data in parts.values())
        text = msgspec.json.decode(data, type=Text)
        if text.media == _PDF and self.shared.find(f"{place}/{_LINES}", f"{key} {_LINES}") is None:
            return None
        return text, Segment.read(passages, vectors)

    def _made(self, place: str, key: str, file: SourceFile) -> tuple[Text, Segment]:
        document = self._read(key, file)
        segment = segments.make(document, self.embedder, self.language)
        text = Text(title=document.title, media=document.media, text=document.text)
        passages, vectors = segment.written()
        for part, data in zip(_PARTS, (msgspec.json.encode(text), passages, vectors), strict=True):
            self.shared.add(f"{place}/{part}", f"{key} {part}", data)
        if document.media == _PDF:
            data = _npy(_packed(document.lines))
            self.shared.add(f"{place}/{_LINES}", f"{key} {_LINES}", data)
        self.made += 1
        return text, segment

    def _read(self, key: str, file: SourceFile) -> Document:
        """The document in a file. Raises SourceError with the reason, also of an earlier build."""
        name, key = f"skipped/{len(self.skipped):06d}.json", f"{key} {self.reader.limits} refused"
        refused = self.shared.find(name, key)
        if refused is not None:
            raise SourceError(msgspec.json.decode(refused, type=Skipped).reason)
        try:
            return self.reader.read(file.path, file.name)
        except SourceError as error:
            told = Skipped(name=file.name, reason=str(error))
            self.shared.add(name, key, msgspec.json.encode(told))
            raise

    def _original(self, file: SourceFile, place: str) -> str:
        """Keep the file's own bytes, as an array: a bundle holds no other form of them."""
        name = f"{place}/original.npy"
        self.shared(
            name,
            f"bytes {file.digest}",
            lambda: _npy(np.frombuffer(file.path.read_bytes(), dtype=np.uint8)),
        )
        return name


@dataclass(frozen=True)
class Library:
    """The documents of one version, ready to be searched and opened."""

    index: Index
    extractor: Extractor
    entries: dict[str, Entry]
    bundle: Bundle | None = None
    """Where the documents' texts are; a build searches without them."""

    @classmethod
    def of(cls, shelf: Shelf) -> Library:
        """The documents of a build."""
        index = Index.open(shelf.segments, shelf.embedder, joined=shelf.joined())
        return _library(index, shelf.entries, shelf.embedder, shelf.language)

    @classmethod
    def open(cls, bundle: Bundle, card: Card) -> Library:
        """The documents of a verified bundle."""
        embedder = Embedder.open()
        if embedder.id != card.embedder:
            raise BundleError(
                f"Bundle {bundle.digest[:12]} was embedded by {card.embedder}, and {embedder.id} "
                "is installed: install that one or build again."
            )
        joined = bundle.mapped(_JOINED)
        read: list[Segment] = []
        start = 0
        for entry in card.documents:
            read.append(Segment.among(bundle.read(f"{entry.folder}/{_PASSAGES}"), joined, start))
            start += len(read[-1].passages)
        if joined.shape != (start, embedder.dimensions):
            raise BundleError(
                f"{_JOINED} in bundle {bundle.digest[:12]} is of other documents: build again."
            )
        index = Index.open(read, embedder, joined=joined)
        return _library(index, card.documents, embedder, card.language, bundle)

    def place(self, name: str, start: int, end: int) -> tuple[Box | None, bool]:
        """Where a stretch of a PDF stands on its page, and whether some of it is unseen there."""
        entry = self.entries[name]
        if entry.media != _PDF or self.bundle is None:
            return None, False
        lines = self.bundle.array(f"{entry.folder}/{_LINES}")
        first = max(int(np.searchsorted(lines[:, 0], start, side="right")) - 1, 0)
        last = int(np.searchsorted(lines[:, 0], end))
        return place([_unpacked(*row) for row in lines[first:last].tolist()], start, end)

    def document(self, name: str) -> Shown:
        """A document as a reader opens it; raises UnknownName."""
        if name not in self.entries or self.bundle is None:
            near = suggestion(name, tuple(self.entries))
            raise UnknownName(f"There is no document {name!r}{near}")
        entry = self.entries[name]
        text = self.bundle.json(f"{entry.folder}/{_TEXT}", Text)
        return Shown(
            name=name,
            title=text.title,
            media=text.media,
            text=text.text,
            original=None
            if entry.original is None
            else self.bundle.array(entry.original).tobytes(),
        )


def _packed(lines: Sequence[Line]) -> Vectors:
    """Lines as an array, shape (n, 7); their offsets are below 2**24, and so exact."""
    rows = [(one.start, one.end, *one.box, one.unseen) for one in lines]
    return np.asarray(rows, dtype=np.float32).reshape(-1, 7)


def _unpacked(start: float, end: float, *rest: float) -> Line:
    left, bottom, right, top, unseen = (round(one, 1) for one in rest)
    return Line(int(start), int(end), (left, bottom, right, top), bool(unseen))


def _library(
    index: Index,
    entries: Sequence[Entry],
    embedder: Embedder,
    language: str,
    bundle: Bundle | None = None,
) -> Library:
    extractor = Extractor(
        terms=lambda text: lexical.terms(text, language),
        weight=index.weight,
        embed=embedder.embed,
    )
    return Library(index, extractor, {entry.name: entry for entry in entries}, bundle)


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()
