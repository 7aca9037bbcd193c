"""`twinkeel ask`: a question to a version that converses, and where its answer comes from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref
from twinkeel.errors import UsageError
from twinkeel.records import Output

if TYPE_CHECKING:
    from rich.console import RenderableType

_UNSEEN = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F)), "�")
"""Control characters: a document must not move a terminal's cursor."""


def ask(version: Ref, /, *question: str, here: Here) -> Reply:
    """Ask a version that converses, and see the sources of its answer.

    Parameters
    ----------
    version
        A version such as support@7, or a component for the one in production.
    question
        The question; without one it is read from standard input.
    """
    output = here.project.ask(version, _question(question))
    ref = str(here.project.version(version).ref)
    data = {"version": ref, **msgspec.to_builtins(output)}
    return Reply(data=data, parts=tuple(_shown(ref, output)))


def _question(words: tuple[str, ...]) -> str:
    text = " ".join(words)
    if not text and not sys.stdin.isatty():
        text = sys.stdin.read()
    if not text.strip():
        raise UsageError('Give a question: twinkeel ask COMPONENT "How do I ...?"')
    return text.strip()


def _shown(ref: str, output: Output) -> list[RenderableType]:
    values = output.values
    citations = values.get("citations") or []
    parts: list[RenderableType] = [_flat(values.get("answer", ""))]
    if citations:
        parts += ["", "Sources"]
    for number, citation in enumerate(citations, start=1):
        parts += [f"  {number}  {_place(citation)}", f'     "{_flat(citation.get("quote", ""))}"']
    parts += ["", ref + ("  did not find an answer" if values.get("abstained") else "")]
    return [*parts, *(f"  note: {_flat(warning)}" for warning in output.warnings)]


def _place(citation: Mapping[str, Any]) -> str:
    """`Late fees (billing.md, page 3): Paying › Late`."""
    page = citation.get("page")
    where = f"{citation['document']}, page {page}" if page else str(citation["document"])
    title, headings = citation.get("title"), list(citation.get("headings") or [])
    headings = headings[1:] if headings[:1] == [title] else headings
    named = f"{title} ({where})" if title else where
    return _flat(f"{named}: {' › '.join(headings)}" if headings else named)


def _flat(text: object) -> str:
    """A text on one line, without what a terminal would obey."""
    return " ".join(str(text).split()).translate(_UNSEEN)
