"""A fair sample of events: those whose ids end in some digits, as many as are asked for by time.

Ids end in chance, so what an event says has no part in whether it is chosen. Samples are nested: an
event that is one of every 4 is also one of every 2. Pure: `events` asks with it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, and_, func, or_, true

from twinkeel.records import Event
from twinkeel.store.schema import events

STEPS = (1, 2, 4, 8, 16)
"""One event in so many can be asked for."""
_DIGITS = "0123456789abcdef"
_END = "~"
"""After every time."""


class Share(NamedTuple):
    """One event in `step`, from the time `since` on."""

    since: str
    step: int


Sample: TypeAlias = tuple[Share, ...]
"""In the order of time; nothing of what is before the first, and everything where there is none."""


def chosen(sample: Sample, event: Event) -> bool:
    """Whether the sample has this event."""
    step = next((one.step for one in reversed(sample) if one.since <= event.at), None)
    return not sample if step is None else event.id[-1] in _DIGITS[::step]


def condition(sample: Sample) -> ColumnElement[bool]:
    """The same as `chosen`, in SQL."""
    ends = pairwise([*(one.since for one in sample), _END])
    parts = [
        and_(events.c.at >= since, events.c.at < end, _digit(one.step))
        for one, (since, end) in zip(sample, ends, strict=True)
    ]
    return or_(*parts) if parts else true()


def _digit(step: int) -> ColumnElement[bool]:
    if step == 1:
        return true()
    digit = func.substr(events.c.id, func.length(events.c.id), 1)
    return digit.in_(list(_DIGITS[::step]))
