"""What is watched of an assistant's calls: abstentions, support, sources and topics; and losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from twinkeel.kinds.assistant.judging import contains
from twinkeel.kinds.signals import Calls, Series, default_signals, output
from twinkeel.records import Json


def signals(calls: Calls) -> list[Series]:
    """What answers say of themselves, how long they are, and which document they come from first.

    The first cited document stands for the topic: what people write need not be stored for it. An
    answer is unsupported if one of its sentences is; where none was given there is nothing to say.
    """
    answers = [len(str(one).split()) for one in output(calls, "answer")]
    topics = [_topic(one) for one in output(calls, "citations")]
    weak = [None if one is None else "yes" if one else "no" for one in output(calls, "unsupported")]
    return [
        *default_signals(calls, without=("unsupported",)),
        Series("output", "unsupported", "text", weak),
        Series("output", "words", "number", answers),
        Series("output", "topic", "text", topics),
    ]


def losses(calls: Calls, labels: Sequence[Json]) -> list[float]:
    """0 for a right answer, 1 for a wrong one, half for none where there is one.

    A label is a text that the right answer contains, the name of a document that it is taken
    from, or `false` where the documents do not answer. NaN for any other label.
    """
    return [_loss(answer, label) for answer, label in zip(calls.outputs, labels, strict=True)]


def _loss(answer: Mapping[str, Json], label: Json) -> float:
    silent = answer.get("abstained") is True
    if label is False or (isinstance(label, str) and label.casefold() == "false"):
        return float(not silent)
    if not isinstance(label, str) or "answer" not in answer:
        return math.nan
    if silent:
        return 0.5
    cited = answer.get("citations")
    sources = (
        [one.get("document") for one in cited or () if isinstance(one, Mapping)]
        if isinstance(cited, list)
        else []
    )
    return float(label not in sources and not contains(str(answer["answer"]), [label]))


def _topic(citations: Json) -> str | None:
    """The document of the first citation; None where nothing is cited."""
    first = citations[0] if isinstance(citations, list) and citations else None
    return str(first["document"]) if isinstance(first, Mapping) and "document" in first else None
