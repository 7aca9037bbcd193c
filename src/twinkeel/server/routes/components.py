"""Calling and describing what is released."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from twinkeel.errors import RequestError
from twinkeel.lifecycle.serve import Answer, Asked
from twinkeel.lifecycle.shelf import Held
from twinkeel.records import Json
from twinkeel.server.exchange import Exchange, Reply, json_reply

_MANY = "rows"


async def call(exchange: Exchange) -> Reply:
    """One row object -> one answer; `{"rows": [...]}` -> `{"answers": [...]}`."""
    name = exchange.calling = exchange.param("name")
    rows, many = _rows(exchange, name)
    service = exchange.service
    answers = await service.batcher.call(name, Asked(rows=rows, who=exchange.who))
    service.metrics.calls[answers[0].ref] += len(answers)
    return json_reply(
        {"answers": [_shown(each) for each in answers]} if many else _shown(answers[0])
    )


async def explain(exchange: Exchange) -> Reply:
    """Like `call`, with one explanation per row."""
    name = exchange.calling = exchange.param("name")
    rows, many = _rows(exchange, name)
    service = exchange.service
    ref, explanations = await asyncio.get_running_loop().run_in_executor(
        service.threads, service.live.explain, name, rows
    )
    found = [{"version": str(ref), **msgspec.structs.asdict(each)} for each in explanations]
    return json_reply({"explanations": found} if many else found[0])


async def index(exchange: Exchange) -> Reply:
    """The project's name and what it serves."""
    service = exchange.service
    return json_reply(
        {"project": service.name, "components": [_summary(held) for held in service.live.held]}
    )


async def show(exchange: Exchange) -> Reply:
    """One component with its signature and its scorecard."""
    held = exchange.service.live.find(exchange.param("name"))
    return json_reply(
        {
            **_summary(held),
            "signature": held.servable.signature,
            "scorecard": None if held.scorecard is None else held.scorecard.scores,
        }
    )


def _rows(exchange: Exchange, name: str) -> tuple[list[dict[str, Json]], bool]:
    """The body's rows, and whether it was the form for many; raises RequestError (422)."""
    body = exchange.json_object()
    rows = body.get(_MANY)
    if _MANY not in body or _MANY in exchange.service.live.find(name).inputs:
        return [body], False
    if len(body) > 1:
        other = next(key for key in body if key != _MANY)
        raise RequestError(
            f'The body has {other[:80]!r} beside "rows": send one row alone, or only "rows".',
            status=422,
        )
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RequestError('"rows" must be a list of one or more JSON objects.', status=422)
    return rows, True


def _shown(answer: Answer) -> dict[str, Any]:
    output = answer.output
    return {
        "event": answer.event,
        "version": answer.ref,
        "output": output.values,
        "warnings": output.warnings,
    }


def _summary(held: Held) -> dict[str, Any]:
    return {
        "name": held.ref.component,
        "version": str(held.ref),
        "kind": held.kind,
        "created": held.created,
        "explains": held.explains,
        "converses": held.converses,
    }
