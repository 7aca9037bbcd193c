"""Markdown and plain text, and bytes to text for every format that is text.

Markdown stays as it was written, so that offsets are those of the file; only its headings are
recognised. Bytes are UTF-8 or what a byte order mark says; lines that are neither are taken for
Windows-1252, line by line, since files pasted together from several sources exist.
"""

from __future__ import annotations

import codecs
import re

from twinkeel.errors import SourceError
from twinkeel.retrieval.documents import LARGEST_TEXT, Content, Heading, limited, too_large

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ANCHOR = re.compile(r"\s*\{[^{}]*\}\s*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def text(data: bytes) -> Content:
    """A text file; its first line is its title."""
    whole = decode(data)
    first = next((line.strip() for line in whole.split("\n") if line.strip()), "")
    return Content(first if len(first) <= 120 else "", whole)


def markdown(data: bytes) -> Content:
    """A Markdown file; its first heading, or the title in its front matter, is its title."""
    whole = decode(data)
    body = _front_matter(whole)
    found = headings(whole, body)
    stated = re.search(r"^title:[ \t]*(.+)$", whole[:body], re.MULTILINE)
    if stated:
        return Content(stated[1].strip("\"' \t"), whole, found)
    return Content(found[0].title if found else "", whole, found)


def decode(data: bytes, encoding: str | None = None) -> str:
    """Text with line breaks as `\\n`. Raises SourceError for what is no text, or too much."""
    if len(data) > 4 * LARGEST_TEXT:
        raise too_large(f"{len(data):,} bytes of text", f"{LARGEST_TEXT:,} characters")
    whole = limited(_decoded(data, encoding))
    if "\0" in whole:
        raise SourceError("It holds binary data: expected text.")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def headings(whole: str, start: int = 0) -> tuple[Heading, ...]:
    """The `#` headings outside of fenced code, from `start` on."""
    found: list[Heading] = []
    fence = ""
    for line in whole[start:].splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence and (heading := _ATX.match(line[:500].rstrip("\n"))):
            found.append(Heading(start=start, level=len(heading[1]), title=_plain(heading[2])))
        start += len(line)
    return tuple(found)


def _decoded(data: bytes, encoding: str | None) -> str:
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    try:
        return data.decode(marked or encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return "\n".join(_line(line) for line in data.split(b"\n"))


def _line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _front_matter(whole: str) -> int:
    """Where the text begins after a block between two lines of `---`."""
    match = re.match(r"---[ \t]*\n(?:[^\n]*\n){0,100}?---[ \t]*\n", whole)
    return match.end() if match else 0


def _plain(title: str) -> str:
    """A heading's words, without marks of emphasis, links and anchors."""
    return re.sub(
        r"[*_`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}", "", _LINK.sub(r"\1", _ANCHOR.sub("", title))
    )
