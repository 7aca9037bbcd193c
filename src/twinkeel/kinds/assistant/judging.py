"""Whether an answer is right: it says what was expected and is taken from where it was expected.

Pure. Texts are compared without regard to case and white space.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twinkeel.kinds.assistant.questions import Expected


def contains(text: str, wanted: Iterable[str]) -> bool:
    """Whether `text` contains one of the wanted texts."""
    there = plain(text)
    return any(plain(one) in there for one in wanted)


def is_right(expected: Expected, answer: str, cited: Sequence[tuple[str, str]]) -> bool:
    """Whether an answer that was given is right; `cited` are its documents and quotes."""
    if not expected.answerable or not cited:
        return False
    if expected.answers and not contains(answer, expected.answers):
        return False
    if expected.documents and not any(name in expected.documents for name, _ in cited):
        return False
    return not expected.passages or any(_overlaps(quote, expected.passages) for _, quote in cited)


def plain(text: str) -> str:
    """Text without regard to case and white space."""
    return " ".join(text.casefold().split())


def _overlaps(quote: str, passages: Sequence[str]) -> bool:
    own = plain(quote)
    return any(own in plain(one) or plain(one) in own for one in passages)
