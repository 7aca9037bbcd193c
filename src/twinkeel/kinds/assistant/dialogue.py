"""A question in its conversation: what it asks, and what it leaves to the questions before it.

A question that stands by itself is looked for by itself. One that leans on what came before (by
"it" or "they", by "and ...?", or by having hardly a word of its own) is looked for together with
the question before it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of a question that are looked at; what is asked is said in fewer."""
_PREVIOUS = 2
"""How many earlier questions can be leaned on."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"\w+(?:'\w+)?")
_LEANING = _words(
    "it its it's they them their that this these those there he she him her then one ones"
)
_OPENINGS = re.compile(r"\s*(and|or|but|also|then|what about|how about|so)\b", re.IGNORECASE)
_EMPTY = _words(
    "a an the is are was were be do does did can could will would should may might what who "
    "when where which why how much many long i you we me my your in on of to for with from by "
    "at about if any there have has get not no yes please and or"
)
_FEW = 2


@dataclass(frozen=True)
class Asked:
    """What to look for."""

    question: str
    """The question itself, cut to `LONGEST`."""
    context: str | None
    """With what it leans on before it; None where it stands by itself."""
    cut: int
    """Characters of the question that were not looked at."""


def asked(question: str, history: Sequence[str]) -> Asked:
    """Read a question after the earlier ones, oldest first."""
    own = question.strip()[:LONGEST]
    earlier = [one.strip()[:LONGEST] for one in history if one.strip()][-_PREVIOUS:]
    context = " ".join((*earlier[-1:], own)) if earlier and leans(own) else None
    if context is not None and leans(earlier[-1]) and len(earlier) > 1:
        context = f"{earlier[-2]} {context}"
    return Asked(own, context, max(len(question.strip()) - LONGEST, 0))


def leans(question: str) -> bool:
    """Whether a question needs what was asked before it."""
    words = [word.casefold() for word in _WORD.findall(question)]
    content = [word for word in words if word not in _EMPTY and word not in _LEANING]
    if len(content) < _FEW or _OPENINGS.match(question):
        return True
    return bool(_LEANING & set(words)) and len(content) <= 2 * _FEW
