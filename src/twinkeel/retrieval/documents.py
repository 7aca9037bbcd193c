"""Documents: a file in, its text out, with headings, pages and where each line stands.

Owns what a document is and which files may become one; the formats have their own modules. The
text is what every offset refers to, by code point. Refuses, with the reason, files that are
encrypted, corrupt, empty, without text, too large once unpacked, or not what their name says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twinkeel.errors import SourceError
from twinkeel.records import Record

__all__ = ["VERSION", "Box", "Document", "Heading", "Line", "Page", "check_file", "read"]

VERSION = "documents-3"
"""Changes when the same bytes would give another text or other passages."""
SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".docx")
"""Of the names of files that are read."""
LARGEST_FILE = 256 * 2**20
"""Bytes of a file."""
LARGEST_TEXT = 5_000_000
"""Characters of a document: some 1,500 printed pages."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top on the page, in points (1/72 inch) from its lower left corner."""


class Heading(Record, frozen=True):
    """A heading, at its place in the text."""

    start: int
    level: int
    """1 is the highest."""
    title: str


class Page(Record, frozen=True):
    """A page of a PDF."""

    number: int
    """Counted from 1."""
    start: int
    end: int
    width: float
    """In points."""
    height: float


class Line(Record, frozen=True):
    """A line of a page, with its place on it."""

    start: int
    end: int
    box: Box
    unseen: bool = False
    """Whether nobody sees it on the page."""


class Document(Record, frozen=True):
    """What was read of a file."""

    name: str
    title: str
    text: str
    media: str
    """The media type, such as `text/markdown`."""
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    lines: tuple[Line, ...] = ()
    hidden: tuple[tuple[int, int], ...] = ()
    """Of a Word file: stretches of the text that are marked as hidden, in order."""


class Content(NamedTuple):
    """What a format gives: a document but for its name."""

    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    lines: tuple[Line, ...] = ()
    hidden: tuple[tuple[int, int], ...] = ()


class Form(NamedTuple):
    """A format: its media type and what reads its bytes."""

    media: str
    read: Callable[[bytes], Content]


def check_file(path: Path, name: str) -> None:
    """Raise SourceError with the reason for a file that need not be opened to be refused."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(error) from None
    if size == 0:
        raise _empty()
    if size > LARGEST_FILE:
        raise too_large(f"{size / 2**20:,.0f} MiB", f"{LARGEST_FILE // 2**20} MiB")
    _suffix(name)


def read(path: Path, name: str) -> Document:
    """The document in a file. Raises SourceError with the reason, which does not name the file."""
    check_file(path, name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(error) from None
    return parse(data, name)


def parse(data: bytes, name: str) -> Document:
    """The document in some bytes; the name's suffix says the format. Raises SourceError."""
    form = _form(data, name)
    content = form.read(data)
    if not content.text.strip():
        raise SourceError("It holds no text.")
    title = content.title.strip() or Path(name).stem
    return Document(
        name=name,
        title=title[:300],
        text=content.text,
        media=form.media,
        headings=content.headings,
        pages=content.pages,
        lines=content.lines,
        hidden=content.hidden,
    )


def enclosing(boxes: list[Box]) -> Box | None:
    """The smallest box around some boxes, to a tenth of a point."""
    if not boxes:
        return None
    left, bottom, right, top = zip(*boxes, strict=True)
    return (
        round(min(left), 1),
        round(min(bottom), 1),
        round(max(right), 1),
        round(max(top), 1),
    )


def too_large(found: str, most: str) -> SourceError:
    """The error for what is beyond a limit."""
    return SourceError(f"It is too large: {found}, and at most {most} were expected; split it.")


def limited(text: str) -> str:
    """The text, if it is not too large. Raises SourceError."""
    if len(text) > LARGEST_TEXT:
        raise too_large(f"{len(text):,} characters of text", f"{LARGEST_TEXT:,}")
    return text


def _unreadable(error: OSError) -> SourceError:
    return SourceError(f"It cannot be read: {error.strerror or error}.")


def _empty() -> SourceError:
    return SourceError("It is empty.")


def _suffix(name: str) -> str:
    """The suffix of a name, if it is one of a format."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(one for one in SUFFIXES if one not in {".markdown", ".htm"})
        raise SourceError(f"Its form {suffix or '(no suffix)'} is not one of {known}.")
    return suffix


def _form(data: bytes, name: str) -> Form:
    """The format by name, if the first bytes agree with it."""
    from twinkeel.retrieval import markup, plain, word

    if not data.strip():
        raise _empty()
    suffix = _suffix(name)
    forms = {
        ".md": Form("text/markdown", plain.markdown),
        ".markdown": Form("text/markdown", plain.markdown),
        ".txt": Form("text/plain", plain.text),
        ".html": Form("text/html", markup.html),
        ".htm": Form("text/html", markup.html),
        ".pdf": Form("application/pdf", _pdf),
        ".docx": Form(word.MEDIA, word.docx),
    }
    _check_content(data, suffix)
    return forms[suffix]


def _pdf(data: bytes) -> Content:
    from twinkeel.retrieval import pdf

    return pdf.pdf(data)


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _check_content(data: bytes, suffix: str) -> None:
    start = data[:1024].lstrip()
    if suffix == ".docx" and data.startswith(_OLE):
        raise SourceError(
            "It is encrypted or an old Word file; save it as .docx without a password."
        )
    if suffix == ".docx" and not data.startswith(b"PK"):
        raise SourceError("It is not a Word file, though its name says so.")
    if suffix == ".pdf" and b"%PDF-" not in data[:1024]:
        raise SourceError("It is not a PDF, though its name says so.")
    if suffix not in {".docx", ".pdf"} and start.startswith((b"%PDF-", b"PK\x03\x04", _OLE)):
        raise SourceError(f"It is not the text that its name ({suffix}) says it is.")
