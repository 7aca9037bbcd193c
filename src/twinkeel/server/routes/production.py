"""The verbs that change what is in production, as the command line has them.

Recorded with the name of the key that was used. The gates are those of `twinkeel.toml` as it is
now. A caller may say what it knows to be in production: if it is another, nothing happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from twinkeel import config
from twinkeel.errors import Refused, RequestError
from twinkeel.lifecycle import release as verbs
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.desk import Desk
from twinkeel.records import Json, Release, Trial, VersionRef
from twinkeel.server.exchange import Exchange, Reply, json_reply
from twinkeel.server.routes.monitor import desk

INSTEAD = "instead_of"
"""The key of a body that says what the caller knows to be in production."""


async def release(exchange: Exchange) -> Reply:
    """Put a version into production; raises Refused, UnknownName, RequestError."""
    body = body_of(exchange, {"version", "override", INSTEAD})
    number, override = body.get("version"), body.get("override")
    if type(number) is not int or not isinstance(override, str | None):
        raise RequestError('Send {"version": 7}, and an "override" with a reason.', status=422)
    ref = VersionRef(component=exchange.param("name"), number=number)

    def work(at: Desk) -> Release:
        fresh, version = config.load(at.config.root), at.store.version(ref)
        return verbs.release(fresh, at.store, version, override=override, who=exchange.who)

    return await changed(exchange, body, work)


async def rollback(exchange: Exchange) -> Reply:
    """Bring back what was in production before; raises Refused, UnknownName, RequestError."""
    body, name = body_of(exchange, {INSTEAD}), exchange.param("name")

    def work(at: Desk) -> Release:
        return verbs.rollback(config.load(at.config.root), at.store, name, who=exchange.who)

    return await changed(exchange, body, work)


async def rebuild(exchange: Exchange) -> Reply:
    """Begin a rebuild; it shows in `/v1/monitor/{name}`. Raises Refused, UnknownName."""
    body, name = body_of(exchange, {"dry_run"}), exchange.param("name")
    dry_run, jobs = body.get("dry_run", False), exchange.service.rebuilds
    if not isinstance(dry_run, bool):
        raise RequestError('"dry_run" must be true or false.', status=422)
    component(desk(exchange).config, name)
    assert jobs is not None  # where there is a desk
    job = await asyncio.to_thread(jobs.start, name, dry_run=dry_run, who=exchange.who or "")
    return json_reply(job, 202)


async def changed(
    exchange: Exchange, body: dict[str, Json], work: Callable[[Desk], Release | Trial]
) -> Reply:
    """What `work` made of production; raises Refused where it is not what the caller saw."""
    at = desk(exchange)
    return json_reply(await asyncio.to_thread(_guarded, exchange.param("name"), at, body, work))


def _guarded(
    name: str, at: Desk, body: dict[str, Json], work: Callable[[Desk], Release | Trial]
) -> Release | Trial:
    if INSTEAD in body:
        current = at.store.current(name)
        number = None if current is None else current.number
        if body[INSTEAD] != number:
            there = "nothing" if number is None else f"{name}@{number}"
            raise Refused(f"Production has changed meanwhile: it is {there} now. Look again.")
    return work(at)


def body_of(exchange: Exchange, known: Collection[str]) -> dict[str, Json]:
    """The body, an object; raises RequestError for a key that is not in `known`."""
    body = exchange.json_object()
    for key in body:
        if key not in known:
            names = ", ".join(sorted(known))
            raise RequestError(f"There is no {key[:80]!r} here: send {names}.", status=422)
    return body
