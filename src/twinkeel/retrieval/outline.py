"""The outline of a PDF (its bookmarks) as headings, each at the line that it names.

A bookmark says a page and often a height on it. The line is the one that says the title, else the
first one below that height, else the page's first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from twinkeel.retrieval.documents import Heading, Line, Page

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_MOST = 5_000
_DEEPEST = 6
_LONGEST = 200
"""Characters of a title."""
_ABOVE = 3.0
"""Points by which a line may stand above the height that leads to it."""


def outline(
    document: pdfium.PdfDocument, text: str, pages: Sequence[Page], lines: Sequence[Line]
) -> tuple[Heading, ...]:
    """The headings, in the order of the text."""
    starts = [line.start for line in lines]
    found = []
    for mark in islice(document.get_toc(max_depth=_DEEPEST), _MOST):
        title = " ".join(mark.get_title().replace("\0", " ").split())[:_LONGEST]
        place = _place(mark)
        if not title or place is None or place[0] >= len(pages):
            continue
        page = pages[place[0]]
        there = lines[bisect_left(starts, page.start) : bisect_left(starts, page.end)]
        start = _start(title, place[1], text, there)
        found.append(
            Heading(start=page.start if start is None else start, level=mark.level + 1, title=title)
        )
    return tuple(sorted(found, key=lambda heading: (heading.start, heading.level)))


def _place(mark: pdfium.PdfBookmark) -> tuple[int, float | None] | None:
    """The page, counted from 0, and the height on it, if a bookmark leads anywhere."""
    from pypdfium2 import raw

    to = mark.get_dest()
    index = None if to is None else to.get_index()
    if to is None or index is None:
        return None
    mode, at = to.get_view()
    heights = {raw.PDFDEST_VIEW_XYZ: 1, raw.PDFDEST_VIEW_FITH: 0, raw.PDFDEST_VIEW_FITBH: 0}
    which = heights.get(mode)
    return index, at[which] if which is not None and which < len(at) else None


def _start(title: str, height: float | None, text: str, lines: Sequence[Line]) -> int | None:
    wanted = _plain(title)
    for line in lines:
        said = _plain(text[line.start : line.end])
        if said and (said.startswith(wanted) or (len(said) > 8 and wanted.startswith(said))):
            return line.start
    if height is None:
        return None
    below = [line for line in lines if line.box[3] <= height + _ABOVE]
    return max(below, key=lambda line: (line.box[3], -line.start)).start if below else None


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
