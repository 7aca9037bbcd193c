"""Sentences of a text, as exact spans.

A sentence ends at . ! ? or an ellipsis before white space, but not after an abbreviation, an
initial or inside a number; a blank line and the line of a list or a heading end it as well.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_END = re.compile(
    r"[.!?…]{1,20}[\"'”’)\]*_]{0,20}(?=\s)|[。！？]|"
    r"\n[ \t]*(?=\n)|\n(?=[ \t]*(?:[-*+•|#]|\d+[.)])[ \t])"
)
_SHORT = _words(
    "mr mrs ms dr prof sr jr st vs etc inc ltd co corp dept est fig figs eq no nos vol pp "
    "ed eds al approx ca cf e.g i.e u.s u.k jan feb mar apr jun jul aug sep sept oct nov "
    "dec gen col lt sgt capt rev hon gov sen rep"
)
_WORD = re.compile(r"[^\s(\[\"'“‘]+$")


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, in order, without the white space around it."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _goes_on(text, match):
            continue
        _add(found, text, start, match.end())
        start = match.end()
    _add(found, text, start, len(text))
    return found


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop is an abbreviation's."""
    if not match[0].startswith(".") or match[0].startswith(".."):
        return False
    following = text[match.end() : match.end() + 3].lstrip()
    if following[:1].islower():
        return True
    before = _WORD.search(text, max(match.start() - 20, 0), match.start())
    word = before[0] if before else ""
    return word.lower() in _SHORT or (len(word) == 1 and word.isupper())


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        found.append((left, right))
