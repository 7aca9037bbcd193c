"""PDF: the text of every page, and where each line stands on it.

Owns the limits against files that are small on disk and huge in memory, and the words for PDFs
that cannot be read: encrypted, damaged, or pictures of text.
"""

from __future__ import annotations

import ctypes
import re
import zlib
from typing import TYPE_CHECKING

from twinkeel.errors import MissingExtra, SourceError
from twinkeel.retrieval.documents import (
    LARGEST_TEXT,
    Box,
    Content,
    Line,
    Page,
    enclosing,
    limited,
    too_large,
)
from twinkeel.retrieval.outline import outline
from twinkeel.retrieval.unseen import Unseen

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_MOST_PAGES = 5_000
_LARGEST_STREAM = 256 * 2**20
"""Bytes of one stream, unpacked."""
_CHUNK = 1 << 20
_PASSWORD = 4
"""FPDF_ERR_PASSWORD."""
_BETWEEN = "\n\n"


def pdf(data: bytes) -> Content:
    """A PDF's pages. Raises SourceError, with the reason."""
    try:
        import pypdfium2 as pdfium
    except ImportError:
        raise MissingExtra("pypdfium2", "assistants", "Reading PDF files") from None
    _check_streams(data)
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise _unreadable(error) from None
    try:
        return _content(document)
    except pdfium.PdfiumError as error:
        raise _unreadable(error) from None
    finally:
        document.close()


def _unreadable(error: Exception) -> SourceError:
    if getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error):
        return SourceError("It is encrypted; save it without a password.")
    return SourceError("It is a damaged PDF; save or print it again.")


def _content(document: pdfium.PdfDocument) -> Content:
    if len(document) > _MOST_PAGES:
        raise too_large(f"{len(document):,} pages", f"{_MOST_PAGES:,}")
    parts: list[str] = []
    pages: list[Page] = []
    lines: list[Line] = []
    length = 0
    for number in range(1, len(document) + 1):
        page = document[number - 1]
        width, height = page.get_size()
        text, found = _page(page, length)
        page.close()
        pages.append(
            Page(number=number, start=length, end=length + len(text), width=width, height=height)
        )
        lines.extend(found)
        parts.append(text + _BETWEEN)
        length += len(parts[-1])
        if length > LARGEST_TEXT:
            raise too_large(f"more than {LARGEST_TEXT:,} characters of text", f"{LARGEST_TEXT:,}")
    if not any(part.strip() for part in parts):
        raise SourceError(
            f"Its {len(pages)} pages hold no text, only pictures; run text recognition on it first."
        )
    title = document.get_metadata_value("Title").replace("\0", "").strip()
    text = limited("".join(parts))
    return Content(title, text, outline(document, text, pages, lines), tuple(pages), tuple(lines))


def _page(page: pdfium.PdfPage, start: int) -> tuple[str, list[Line]]:
    """A page's text and lines, whose offsets begin at `start`."""
    inside = page.get_textpage()
    try:
        count = inside.count_chars()
        if count > LARGEST_TEXT:
            raise too_large(f"{count:,} characters on a page", f"{LARGEST_TEXT:,}")
        raw = inside.get_text_range() if count > 0 else ""
        lines: list[Line] = []
        written: list[str] = []
        unseen = Unseen(page, inside)
        wide = any(ord(character) > 0xFFFF for character in raw)
        at = 0
        for match in re.finditer(r"[^\r\n]+", raw):
            text = match[0].replace("\0", " ").replace("\ufffe", "-")
            first, last = match.span()
            if wide:  # pdfium counts UTF-16 units
                first, last = (
                    len(raw[:n].encode("utf-16-le", "replace")) // 2 for n in (first, last)
                )
            span = _characters(inside, first, last)
            box = _box(inside, *span)
            if box is not None:
                hidden = unseen(text, box, *span)
                end = start + at + len(text)
                lines.append(Line(start=start + at, end=end, box=box, unseen=hidden))
            written.append(text)
            at += len(text) + 1
        return "\n".join(written), lines
    finally:
        inside.close()


def _characters(inside: pdfium.PdfTextPage, first: int, last: int) -> tuple[int, int]:
    """The characters of a page, by their own count, that a part of its text is made of."""
    from pypdfium2 import raw

    begin = raw.FPDFText_GetCharIndexFromTextIndex(inside.raw, first)
    return begin, raw.FPDFText_GetCharIndexFromTextIndex(inside.raw, last - 1) + 1


def _box(inside: pdfium.PdfTextPage, begin: int, end: int) -> Box | None:
    """What encloses some characters, if they stand anywhere."""
    from pypdfium2 import raw

    count = raw.FPDFText_CountRects(inside.raw, begin, end - begin) if 0 <= begin < end else 0
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    return enclosing(
        [
            (left.value, bottom.value, right.value, top.value)
            for i in range(count)
            if raw.FPDFText_GetRect(inside.raw, i, left, top, right, bottom)
        ]
    )


def _check_streams(data: bytes) -> None:
    """Unpack every compressed stream piece by piece, keeping nothing, and stop at the limit.

    Streams packed twice are followed too.
    """
    for match in re.finditer(rb"stream\r?\n", data):
        if data[match.end() : match.end() + 1] == b"\x78":
            _check_stream(memoryview(data)[match.end() :], zlib.decompressobj())


def _check_stream(packed: memoryview, outer: zlib._Decompress) -> None:
    inner: zlib._Decompress | None = None
    seen = within = 0
    rest: memoryview | bytes = packed[:_CHUNK]
    at = len(rest)
    try:
        while True:
            piece = outer.decompress(rest, _CHUNK)
            if not seen and piece[:1] == b"\x78":
                inner = zlib.decompressobj()
            seen += len(piece)
            while inner is not None and piece and not inner.eof:
                within += len(inner.decompress(piece, _CHUNK))
                piece = inner.unconsumed_tail
                if within > _LARGEST_STREAM:
                    break
            if max(seen, within) > _LARGEST_STREAM:
                raise too_large(
                    "a part of it is larger, unpacked", f"{_LARGEST_STREAM // 2**20} MiB"
                )
            rest = outer.unconsumed_tail
            if not rest:
                rest = packed[at : at + _CHUNK]
                at += len(rest)
            if outer.eof or not rest:
                return
    except zlib.error:
        return
