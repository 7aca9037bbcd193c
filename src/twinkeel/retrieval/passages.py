"""Passages: a document's text in pieces that are searched, embedded and cited.

A passage is a stretch of the text, never changed. It stays within one section and one page, holds
whole paragraphs where they fit, else whole sentences, else whole words. Sections and what they are
under are known by the headings.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from twinkeel.records import Record
from twinkeel.retrieval.documents import Box, Document, Heading, Line, enclosing
from twinkeel.retrieval.sentences import sentences

LONGEST = 1_200
"""Characters of a passage: about what the embedding model reads."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")

Span = tuple[int, int]


class Passage(Record, frozen=True):
    """A stretch of a document."""

    document: str
    start: int
    """Where it begins in the document's text, by code point."""
    end: int
    headings: tuple[str, ...]
    """The titles that it stands under, the document's first."""
    text: str
    page: int | None = None
    """Of a PDF, counted from 1."""
    box: Box | None = None
    """Of a PDF: what encloses it on its page."""
    unseen: bool = False
    """Whether some of it is not seen on the page."""
    hidden: tuple[Span, ...] = ()
    """Of a Word file: where in the document's text it is marked as hidden."""


def place(lines: Sequence[Line], start: int, end: int) -> tuple[Box | None, bool]:
    """What encloses the lines that a stretch of the text touches, and whether one is unseen.

    `lines` are those of the document, in order.
    """
    first = max(bisect_right(lines, start, key=_start_of) - 1, 0)
    last = bisect_left(lines, end, key=_start_of)
    touched = [line for line in lines[first:last] if line.end > start]
    return enclosing([line.box for line in touched]), any(line.unseen for line in touched)


def _start_of(line: Line) -> int:
    return line.start


def passages(document: Document) -> list[Passage]:
    """The passages of a document, in order; together they hold all its text but white space."""
    found: list[Passage] = []
    starts = [page.start for page in document.pages]
    for headings, start, end in _sections(document):
        for left, right in _packed(document.text, start, end):
            page = bisect_right(starts, left)
            box, unseen = place(document.lines, left, right)
            hidden = tuple(one for one in document.hidden if one[0] < right and one[1] > left)
            found.append(
                Passage(
                    document=document.name,
                    start=left,
                    end=right,
                    headings=headings,
                    text=document.text[left:right],
                    page=document.pages[page - 1].number if page else None,
                    box=box,
                    unseen=unseen or bool(hidden),
                    hidden=hidden,
                )
            )
    return found


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Titles, start and end of each stretch between headings and page ends."""
    marks: list[tuple[int, Heading | None]] = [(h.start, h) for h in document.headings]
    marks += [(page.start, None) for page in document.pages]
    marks = [(0, None), *sorted(marks, key=lambda mark: mark[0]), (len(document.text), None)]
    path: list[Heading] = []
    for (start, heading), (end, _) in pairwise(marks):
        if heading is not None:
            path = [one for one in path if one.level < heading.level] + [heading]
        titles = [one.title for one in path]
        if not titles or titles[0] != document.title:
            titles.insert(0, document.title)
        yield tuple(titles), start, end


def _packed(text: str, start: int, end: int) -> Iterator[Span]:
    """Consecutive units, together while they fit."""
    current: Span | None = None
    for left, right in _units(text, start, end):
        if current is not None and right - current[0] <= LONGEST:
            current = (current[0], right)
            continue
        if current is not None:
            yield current
        current = (left, right)
    if current is not None:
        yield current


def _units(text: str, start: int, end: int) -> Iterator[Span]:
    """Paragraphs; of those that are too long sentences; of those pieces."""
    for paragraph in _paragraphs(text, start, end):
        if paragraph[1] - paragraph[0] <= LONGEST:
            yield paragraph
            continue
        for left, right in sentences(text[slice(*paragraph)]):
            yield from _pieces(text, paragraph[0] + left, paragraph[0] + right)


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        match = _PARAGRAPH.search(text, start, end)
        stop = match.start() if match else end
        piece = text[start:stop]
        if piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            yield left, start + len(piece.rstrip())
        start = match.end() if match else end


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > LONGEST:
        space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        stop = space if space > 0 else start + LONGEST
        yield start, stop
        start = stop + (space > 0)
    if text[start:end].strip():
        yield start, end
