"""What joins a call later: feedback and labels, by the call's event id."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Literal

from twinkeel.errors import InputError, Refused, RequestError, StoreError, UnknownName
from twinkeel.lifecycle import labels
from twinkeel.records import Event, Json, now
from twinkeel.server.exchange import Exchange, Reply, json_reply
from twinkeel.server.service import Service
from twinkeel.store.events import new_id

Joining = Literal["feedback", "label"]


async def feedback(exchange: Exchange) -> Reply:
    """Record how an answer was received."""
    return await _join(exchange, "feedback")


async def label(exchange: Exchange) -> Reply:
    """Record what turned out to be true; contradictory labels are all kept."""
    return await _join(exchange, "label")


async def show(exchange: Exchange) -> Reply:
    """One event as it was recorded."""
    service = exchange.service
    return json_reply(await asyncio.to_thread(_found, service, exchange.param("id")))


async def _join(exchange: Exchange, kind: Joining) -> Reply:
    body = exchange.json_object()
    if "value" not in body or not body.keys() <= {"value", "comment"}:
        raise RequestError('Send {"value": ...}, and a "comment" if you like.', status=422)
    key = exchange.header(b"idempotency-key")
    event, fresh = await asyncio.to_thread(_recorded, exchange, kind, body, key)
    return json_reply({"event": event.id, "about": event.about}, 201 if fresh else 200)


def _recorded(
    exchange: Exchange, kind: Joining, body: dict[str, Json], key: str | None
) -> tuple[Event, bool]:
    """The recorded event, and whether it is new; raises UnknownName, Refused, StoreError."""
    service = exchange.service
    about = _found(service, exchange.param("id"))
    if kind == "label":
        _check(service, about, body["value"])
    made = Event(
        id=new_id() if key is None else _keyed_id(key, kind, about.id, exchange.who),
        kind=kind,
        component=about.component,
        number=about.number,
        at=now(),
        about=about.id,
        who=exchange.who,
        output=body,
    )
    if key is not None:
        with service.joining:
            before = service.events.find(made.id)
            if before is None:
                return _append(service, made), True
        if before.output != body:
            raise Refused("This Idempotency-Key was used with another body: use a new key.")
        return before, False
    return _append(service, made), True


def _append(service: Service, event: Event) -> Event:
    if not service.live.record(event):
        raise StoreError("Events cannot be recorded at the moment: try again later.")
    return event


def _found(service: Service, id: str) -> Event:  # noqa: A002  the store's own word
    event = service.events.find(id)
    if event is None or event.kind != "call":
        raise UnknownName(f"There is no call with the event id {id[:80]!r}.")
    return event


def _check(service: Service, about: Event, value: Json) -> None:
    """Raise InputError for a value that the version which answered could never be right about."""
    held = service.live.find(about.component) if service.live.serves(about.component) else None
    if held is not None and held.ref.number == about.number:
        try:
            labels.read(held.servable.signature.label, value)
        except InputError as error:
            raise InputError(f"The label's value: {error}.") from None


def _keyed_id(key: str, kind: Joining, about: str, who: str | None) -> str:
    """The same id whenever the same caller repeats a key, after a restart too."""
    parts = "\0".join((key, kind, about, who or ""))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
