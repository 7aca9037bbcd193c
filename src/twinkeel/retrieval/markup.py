"""HTML to the text that a reader sees, with its headings.

Scripts, styles, navigation and what is marked as hidden are left out; no address in the page is
ever opened. The parser is the standard library's, which has no recursion to exhaust.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from twinkeel.retrieval.documents import Content, Heading
from twinkeel.retrieval.plain import decode


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{1,40})""", re.IGNORECASE)
_UNSEEN = _words("script style noscript template svg math nav iframe object select button textarea")
_VOID = _words("br hr img input meta link area base col embed source track wbr")
_BLOCKS = _words(
    "p div section article main header footer aside li ul ol dl dt dd table tr blockquote "
    "pre figure figcaption form fieldset address details summary body h1 h2 h3 h4 h5 h6"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def html(data: bytes) -> Content:
    """A page; its title is `<title>`, or its first heading."""
    declared = _CHARSET.search(data[:4096])
    page = _Page()
    page.feed(decode(data, declared[1].decode("ascii", "ignore") if declared else None))
    page.close()
    text, headings = page.written()
    title = " ".join("".join(page.title).split()) or (headings[0].title if headings else "")
    return Content(title, text, headings)


def _is_unseen(given: dict[str, str | None]) -> bool:
    """Whether an element's attributes keep it from being seen."""
    style = re.sub(r"\s", "", given.get("style") or "").lower()
    return "hidden" in given or "display:none" in style or "visibility:hidden" in style


class _Page(HTMLParser):
    """Writes a page's text as it is read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self._parts: list[str] = []
        self._length = 0
        self._unseen: list[str] = []
        self._in_title = False
        self._pre = 0
        self._heading: tuple[int, int] | None = None
        self._headings: list[tuple[int, int, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a heading, or a part that is not seen."""
        unseen = _is_unseen(dict(attrs))
        if self._unseen == ["p"] and tag in _BLOCKS:
            self._unseen.clear()  # a paragraph ends where another block begins
        if tag == "title" and not self.title:
            self._in_title = True
        elif self._unseen or tag in _UNSEEN or unseen:
            if tag not in _VOID and (tag in _UNSEEN or unseen or tag in self._unseen):
                self._unseen.append(tag)
        elif tag == "br":
            self._write("\n")
        elif tag in {"td", "th"}:
            self._write(" ")
        elif tag in _BLOCKS:
            self._open(tag)

    def handle_endtag(self, tag: str) -> None:
        """End what was begun."""
        if tag == "title":
            self._in_title = False
        elif self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
        elif tag in _BLOCKS:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        """Words."""
        if self._in_title:
            self.title.append(data)
        elif not self._unseen:
            self._write(data if self._pre else re.sub(r"\s+", " ", data))

    def written(self) -> tuple[str, tuple[Heading, ...]]:
        """The text and its headings."""
        text = "".join(self._parts)
        found = (
            Heading(start=start, level=level, title=" ".join(text[start:end].split()))
            for start, end, level in self._headings
        )
        return text, tuple(heading for heading in found if heading.title)

    def _open(self, tag: str) -> None:
        self._break(2 if tag not in {"li", "tr", "dt", "dd"} else 1)
        self._pre += tag == "pre"
        if tag in _HEADINGS:
            self._heading = (self._length, _HEADINGS[tag])

    def _close(self, tag: str) -> None:
        self._pre = max(self._pre - (tag == "pre"), 0)
        if tag in _HEADINGS and self._heading:
            start, level = self._heading
            self._headings.append((start, self._length, level))
            self._heading = None
        self._break(2 if tag not in {"li", "tr", "dt", "dd"} else 1)

    def _break(self, lines: int) -> None:
        """End the line; two breaks end the paragraph."""
        if self._length:
            last = self._parts[-1]
            self._append("\n" * (lines - (len(last) - len(last.rstrip("\n")))))

    def _write(self, text: str) -> None:
        if not self._pre and (not self._length or self._parts[-1][-1].isspace()):
            text = text.lstrip(" ")
        self._append(text)

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)
