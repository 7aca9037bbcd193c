"""What labels say of calls: their values, whether they are due, and who sends them. Pure.

Owns reading a label against a version's signature, the calls whose labels have had their time,
contradictions (all values are kept), and the share and the influence of each sender. Refuses
values that the version could never be right or wrong about.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from twinkeel.data.types import Unreadable, number, plain, shown, truth
from twinkeel.errors import InputError
from twinkeel.plugins import suggestion
from twinkeel.records import Event, Field, Json, Record

_SHOWN = 5
LEAST = 20
"""Labels of one sender from which its share is judged."""

Values = Mapping[str, tuple[Json, ...]]
"""Event id of a call -> the different values that its labels have, oldest first."""


class Sender(Record, frozen=True, kw_only=True):
    """One sender of labels, and what its labels change."""

    who: str | None
    """The name of a key, or of a labeller; None where nobody is named."""
    labels: int
    """Calls that it labelled."""
    share: float
    """Of all labelled calls."""
    alone: int
    """Calls that nobody else labelled."""
    against: int
    """Calls for which somebody else said something different."""
    quarantined: bool


class Labelled(Record, frozen=True, kw_only=True):
    """The calls of a window as their labels tell of them."""

    values: dict[str, tuple[Json, ...]]
    """The matured calls that have labels, those of quarantined senders left out."""
    all_values: dict[str, tuple[Json, ...]]
    """The same with every sender's labels: what differs is the influence of quarantine."""
    matured: int
    """Calls whose labels have had their time."""
    immature: int
    """Calls whose labels may still come; no score may use them, labelled or not."""
    contradicting: int
    """Matured calls whose labels differ."""
    senders: tuple[Sender, ...]

    @property
    def missing(self) -> float | None:
        """The share of the matured calls that have no label; None where none has matured."""
        return 1 - len(self.values) / self.matured if self.matured else None


def read(field: Field | None, cell: Json) -> Json:
    """A cell as the label that `field` asks for; raises InputError in a sentence."""
    try:
        if field is None:
            return _anything(cell)
        if field.type in ("number", "integer"):
            return _number(cell)
        if field.type == "boolean":
            return _truth(cell)
        return _text(field, cell)
    except Unreadable:
        then = "correct it" if _is_there(cell) else "send it once it is known"
        raise InputError(f"expected {_wanted(field)}, got {shown(cell)}; {then}") from None


def _wanted(field: Field | None) -> str:
    if field is None:
        return "a value"
    if field.values is None:
        return f"a {field.type}"
    more = ", ..." if len(field.values) > _SHOWN else ""
    return f"one of {', '.join(map(shown, field.values[:_SHOWN]))}{more}"


def _is_there(cell: Json) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def labelled(
    calls: Iterable[Event],
    labels: Iterable[Event],
    *,
    now: str,
    maturity: float = 0.0,
    share: float | None = None,
) -> Labelled:
    """What `labels` say of `calls` at the time `now`.

    `maturity` is in seconds: only calls that are older count. `share` is the largest part of the
    labelled calls that one named sender may have where there are several.
    """
    due = _before(now, maturity)
    ages = {call.id: call.at <= due for call in calls}
    told = [one for one in labels if ages.get(one.about or "", False)]
    senders = weigh(told, share=share)
    apart = {one.who for one in senders if one.quarantined}
    values, everything = settle(told, without=apart), settle(told)
    matured = sum(ages.values())
    return Labelled(
        values=values,
        all_values=everything,
        matured=matured,
        immature=len(ages) - matured,
        contradicting=sum(len(found) > 1 for found in values.values()),
        senders=senders,
    )


def settle(
    labels: Iterable[Event], *, without: Collection[str | None] = ()
) -> dict[str, tuple[Json, ...]]:
    """The different values of each call's labels, oldest first, but for some senders'."""
    found: dict[str, dict[bytes, Json]] = defaultdict(dict)
    for one in sorted(labels, key=lambda label: (label.at, label.id)):
        if one.about is not None and one.who not in without:
            found[one.about].setdefault(canonical(value_of(one)), value_of(one))
    return {about: tuple(values.values()) for about, values in found.items()}


def weigh(labels: Sequence[Event], *, share: float | None = None) -> tuple[Sender, ...]:
    """Every sender with its share of the labelled calls, largest first.

    One is quarantined where it is named, is one of several, has at least `LEAST` labels and a
    larger part of them than `share`.
    """
    by: dict[str | None, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    said: dict[str, Counter[bytes]] = defaultdict(Counter)
    for one in labels:
        value, about = canonical(value_of(one)), one.about or ""
        if value not in by[one.who][about]:
            by[one.who][about].add(value)
            said[about][value] += 1
    found = [_sender(who, own, said, share, several=len(by) > 1) for who, own in by.items()]
    return tuple(sorted(found, key=lambda one: (-one.labels, one.who or "")))


def apart(senders: Iterable[Sender]) -> list[str]:
    """A sentence for each sender that is quarantined: its share, and what it would change."""
    return [
        f"The labels of {shown(one.who)} do not count: they are on {one.share:.0%} of the labelled "
        f"calls. {one.alone:,} of these {one.labels:,} calls have no other label, on "
        f"{one.against:,} another sender says something else."
        for one in senders
        if one.quarantined
    ]


def value_of(label: Event) -> Json:
    """What a label or a feedback says."""
    return label.output.get("value") if isinstance(label.output, Mapping) else None


def canonical(value: Json) -> bytes:
    """The one text of a JSON value: 1 and 1.0 are the same."""
    whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
    return msgspec.json.encode(int(value) if whole else value, order="deterministic")


def _sender(
    who: str | None,
    own: Mapping[str, set[bytes]],
    said: Mapping[str, Counter[bytes]],
    share: float | None,
    *,
    several: bool,
) -> Sender:
    others = {about: said[about].copy() for about in own}
    for about, values in own.items():
        others[about].subtract(values)
    left = {about: {v for v, n in counts.items() if n > 0} for about, counts in others.items()}
    part = len(own) / len(said)
    flood = share is not None and several and who is not None and len(own) >= LEAST and part > share
    return Sender(
        who=who,
        labels=len(own),
        share=part,
        alone=sum(not values for values in left.values()),
        against=sum(bool(values - own[about]) for about, values in left.items()),
        quarantined=flood,
    )


def _before(now: str, seconds: float) -> str:
    at = dt.datetime.fromisoformat(now) - dt.timedelta(seconds=seconds)
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _anything(cell: Json) -> Json:
    """Any JSON value; a text from a file that is a number is one."""
    if not isinstance(cell, str):
        if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
            raise Unreadable
        return cell
    text = cell.strip()
    if not text:
        raise Unreadable
    try:
        found = number(text)
    except Unreadable:
        return text
    return found if math.isfinite(found) else text


def _number(cell: Json) -> float:
    found = number(cell)
    if isinstance(cell, bool) or not math.isfinite(found):
        raise Unreadable
    return found


def _truth(cell: Json) -> bool:
    found = truth(cell)
    if math.isnan(found):
        raise Unreadable
    return found == 1.0


def _text(field: Field, cell: Json) -> str:
    text = plain(cell)
    if not text:
        raise Unreadable
    if field.values is not None and text not in field.values:
        near = suggestion(text, field.values)
        raise InputError(f"there is no {field.name} {shown(text)}{near.rstrip('.')}")
    return text
