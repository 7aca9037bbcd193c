"""What is watched of an assistant's calls: abstentions, support, sources and topics."""

from __future__ import annotations

from collections.abc import Mapping

from twinkeel.kinds.signals import Calls, Series, default_signals, output
from twinkeel.records import Json


def signals(calls: Calls) -> list[Series]:
    """What answers say of themselves, how long they are, and which document they come from first.

    The first cited document stands for the topic: what people write need not be stored for it.
    """
    answers = [len(str(one).split()) for one in output(calls, "answer")]
    topics = [_topic(one) for one in output(calls, "citations")]
    return [
        *default_signals(calls),
        Series("output", "words", "number", answers),
        Series("output", "topic", "text", topics),
    ]


def _topic(citations: Json) -> str | None:
    """The document of the first citation; None where nothing is cited."""
    first = citations[0] if isinstance(citations, list) and citations else None
    return str(first["document"]) if isinstance(first, Mapping) and "document" in first else None
