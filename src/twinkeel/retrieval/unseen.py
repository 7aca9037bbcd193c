"""Text of a PDF that nobody sees on its page: invisible, white on white, tiny or beyond the edge.

It is text all the same, and often meant for machines. Invisible or white text over a picture or a
coloured area is not among it: that is how recognised text lies over a scan, and headings on a
dark ground. A sample of each line's characters is looked at.
"""

from __future__ import annotations

import ctypes
from itertools import islice
from typing import TYPE_CHECKING

from twinkeel.retrieval.documents import Box

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_EVERY = 8
"""One in so many characters is looked at."""
_WHITE = 245
"""From this on, of 255, in each colour."""
_LOWEST = 2.0
"""Points that a line of letters is high, at least."""
_MOST_OBJECTS = 20_000


class Unseen:
    """Says of the lines of one page whether they are seen."""

    def __init__(self, page: pdfium.PdfPage, inside: pdfium.PdfTextPage) -> None:
        self._page = page
        self._inside = inside
        self._edges: Box = page.get_cropbox()
        self._grounds: list[Box] | None = None

    def __call__(self, text: str, box: Box, first: int, last: int) -> bool:
        """Whether a line with these characters of the page is unseen."""
        left, bottom, right, top = box
        edges = self._edges
        if right < edges[0] or left > edges[2] or top < edges[1] or bottom > edges[3]:
            return True
        if top - bottom < _LOWEST and sum(map(str.isalnum, text)) >= 3:
            return True
        faint = any(self._is_faint(at) for at in (*range(first, last, _EVERY), last - 1))
        return faint and not self._has_ground((left + right) / 2, (bottom + top) / 2)

    def _is_faint(self, at: int) -> bool:
        from pypdfium2 import raw

        drawn = raw.FPDFText_GetTextObject(self._inside.raw, at)
        if not drawn:
            return False
        mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
        if mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP):
            return True
        return mode == raw.FPDF_TEXTRENDERMODE_FILL and _is_white(drawn)

    def _has_ground(self, x: float, y: float) -> bool:
        """Whether something other than white is drawn where the middle of a line stands."""
        if self._grounds is None:
            self._grounds = [
                one.get_bounds()
                for one in islice(self._page.get_objects(max_depth=1), _MOST_OBJECTS)
                if _is_ground(one)
            ]
        return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in self._grounds)


def _is_ground(one: pdfium.PdfObject) -> bool:
    from pypdfium2 import raw

    if one.type != raw.FPDF_PAGEOBJ_PATH:
        return bool(one.type != raw.FPDF_PAGEOBJ_TEXT)
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(one.raw, filled, stroked)
    return filled.value != int(raw.FPDF_FILLMODE_NONE) and not _is_white(one.raw)


def _is_white(one: object) -> bool:
    """Whether an object is filled with white or with nothing."""
    from pypdfium2 import raw

    red, green, blue, opaque = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFPageObj_GetFillColor(one, red, green, blue, opaque):
        return False
    return opaque.value == 0 or bool(min(red.value, green.value, blue.value) >= _WHITE)
