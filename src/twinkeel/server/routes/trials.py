"""Trials over HTTP: a candidate is put beside production, and taken away again.

As with releases, the caller's name is recorded, and nothing happens where production is not what
the caller saw. How a trial ends by itself is `lifecycle.trial`'s business.
"""

from __future__ import annotations

import msgspec

from twinkeel import config
from twinkeel.errors import RequestError
from twinkeel.lifecycle import trial as verbs
from twinkeel.lifecycle.desk import Desk
from twinkeel.records import Terms, Trial, VersionRef
from twinkeel.server.exchange import Exchange, Reply
from twinkeel.server.routes.production import INSTEAD, body_of, changed


class _Asked(Terms, frozen=True, kw_only=True):
    version: int
    override: str | None = None


async def start(exchange: Exchange) -> Reply:
    """Put a version on trial beside production; raises Refused, UnknownName, RequestError."""
    body = body_of(exchange, {*_Asked.__struct_fields__, INSTEAD})
    try:
        asked = msgspec.convert(body, _Asked)
    except msgspec.ValidationError as error:
        needed = '{"version": 7, "mode": "shadow", "share": 0.2}'
        raise RequestError(f"Send {needed}: {error}.", status=422) from None
    ref = VersionRef(component=exchange.param("name"), number=asked.version)
    terms = Terms(mode=asked.mode, share=asked.share, margin=asked.margin)

    def work(at: Desk) -> Trial:
        fresh, version = config.load(at.config.root), at.store.version(ref)
        who, override = exchange.who, asked.override
        return verbs.start(fresh, at.store, version, terms, override=override, who=who)

    return await changed(exchange, body, work)


async def stop(exchange: Exchange) -> Reply:
    """End the running trial, with a reason; raises Refused, UnknownName, RequestError."""
    body, name = body_of(exchange, {"why"}), exchange.param("name")
    why = body.get("why")
    if not isinstance(why, str) or not why.strip():
        raise RequestError('Send {"why": "..."}: stopping a trial needs a reason.', status=422)

    def work(at: Desk) -> Trial:
        return verbs.stop(config.load(at.config.root), at.store, name, f"{why} (by {exchange.who})")

    return await changed(exchange, body, work)
