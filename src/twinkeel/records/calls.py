"""What a served version takes and gives: its signature, messages, documents, outputs, reasons."""

from __future__ import annotations

from typing import Literal

from twinkeel.records.base import FieldType, Json, Record


class Field(Record, frozen=True, kw_only=True):
    """One named input or output of a version."""

    name: str
    """For an output, `probabilities.Yes` is the entry `Yes` of the value `probabilities`."""
    type: FieldType
    required: bool = False
    """An input that must be present in every call."""
    values: tuple[str, ...] | None = None
    """The categories seen while learning, for a `category`."""
    low: float | None = None
    high: float | None = None
    """The range seen while learning, for numbers; for dates, days since 1970-01-01."""
    example: Json = None
    many: bool = False
    """An output that is a list of such values."""
    private: bool = False
    """An input in people's own words: stored only where `[events] sensitive` says so."""


class Signature(Record, frozen=True, kw_only=True):
    """What a version takes and gives: every face (HTTP, CLI, Python, form) comes from it."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    label: Field | None = None
    """What turns out to be true of one call; None where a label can be any JSON value."""


class Message(Record, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


class Document(Record, frozen=True, kw_only=True):
    """A document that answers are taken from, as a reader opens it."""

    name: str
    """As citations name it: its path within the source."""
    title: str
    media: str
    """Its media type, such as `text/markdown` or `application/pdf`."""
    text: str
    """What the offsets of citations count in, by code point."""
    original: bytes | None = None
    """The file itself, where a browser can show it at a page."""


class Output(Record, frozen=True, kw_only=True):
    """A version's answer to one input."""

    values: dict[str, Json]
    warnings: tuple[str, ...] = ()
    """What was unusual about the input, one sentence each."""


class Contribution(Record, frozen=True, kw_only=True):
    """How far one input moved one answer."""

    name: str
    value: Json
    contribution: float


class Explanation(Record, frozen=True, kw_only=True):
    """Why a version answered as it did: `base + sum(contributions) == total`."""

    of: str
    """What is explained, such as the class `Yes`."""
    unit: str
    """The unit of base, total and contributions, such as `log-odds`."""
    base: float
    total: float
    contributions: tuple[Contribution, ...]
    """Largest effect first."""
