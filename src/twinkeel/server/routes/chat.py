"""Conversations with what is released, and the documents that its answers cite."""

from __future__ import annotations

import asyncio

from twinkeel.errors import TwinkeelError, UnknownName
from twinkeel.lifecycle.shelf import Held
from twinkeel.records import Document
from twinkeel.server import chat
from twinkeel.server.exchange import Exchange, Reply, json_reply

_STREAM = b"text/event-stream; charset=utf-8"
_SHOWN = {"application/pdf": b"%PDF-"}
"""Media that a browser may show as they are, and how they begin: nothing that can hold a script
of the server's own origin."""
_ORIGINAL_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"


async def completions(exchange: Exchange) -> Reply:
    """One answer, whole or sentence by sentence; it is recorded before any of it is sent."""
    asked = chat.request(exchange.json_object())
    service = exchange.service
    held = _conversing(exchange, asked.model)
    name = held.ref.component
    try:
        answer = await asyncio.get_running_loop().run_in_executor(
            service.threads, service.live.converse, name, asked.messages, exchange.who
        )
    except TwinkeelError:
        service.metrics.refused[name] += 1
        raise
    service.metrics.calls[answer.ref] += 1
    if not asked.stream:
        return json_reply(chat.completion(answer, asked.model, exchange.id))
    return Reply(type=_STREAM, parts=tuple(chat.chunks(answer, asked.model, exchange.id)))


async def models(exchange: Exchange) -> Reply:
    """The components that converse."""
    service = exchange.service
    data = [
        chat.model(held.ref.component, held.created, service.name)
        for held in service.live.held
        if held.converses
    ]
    return json_reply({"object": "list", "data": data})


async def model(exchange: Exchange) -> Reply:
    """One of them."""
    held = _conversing(exchange, exchange.param("name"))
    return json_reply(chat.model(held.ref.component, held.created, exchange.service.name))


async def document(exchange: Exchange) -> Reply:
    """A cited document's text, which the offsets of citations count in."""
    found = await _document(exchange)
    return json_reply(
        {
            "name": found.name,
            "title": found.title,
            "media": found.media,
            "text": found.text,
            "original": _showable(found),
        }
    )


async def original(exchange: Exchange) -> Reply:
    """A cited document as the file that it is; only such as a browser shows without running it."""
    found = await _document(exchange)
    if found.original is None or not _showable(found):
        raise UnknownName(f"{found.name} is read as text: there is no other form of it to show.")
    headers = (
        (b"content-security-policy", _ORIGINAL_POLICY),
        (b"content-disposition", b"inline"),
        *json_reply(None).headers,
    )
    return Reply(found.original, type=found.media.encode(), headers=headers)


async def _document(exchange: Exchange) -> Document:
    service = exchange.service
    return await asyncio.get_running_loop().run_in_executor(
        service.threads, service.live.document, exchange.param("name"), exchange.param("document")
    )


def _showable(found: Document) -> bool:
    begin = _SHOWN.get(found.media)
    return found.original is not None and begin is not None and begin in found.original[:1024]


def _conversing(exchange: Exchange, name: str) -> Held:
    """The released version that a model's name means: `support`, or `support@3` while it is."""
    component, _, number = name.partition("@")
    held = exchange.service.live.find(component)
    if number and name != str(held.ref):
        raise UnknownName(f"{name} is not in production: {held.ref} is.")
    if not held.converses:
        raise UnknownName(f"{component} does not converse: GET /v1/models lists what does.")
    return held
