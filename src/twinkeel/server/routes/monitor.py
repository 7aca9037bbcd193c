"""What a person sees of production; reading only."""

from __future__ import annotations

import asyncio

import msgspec

from twinkeel.errors import UnknownName
from twinkeel.lifecycle.desk import Desk
from twinkeel.server.exchange import Exchange, Reply, json_reply
from twinkeel.server.routes.health import readiness
from twinkeel.server.security import RANK, Identity


async def index(exchange: Exchange) -> Reply:
    """Every component in a line, and who asks."""
    service = exchange.service
    return json_reply(
        {
            "project": service.name,
            "you": _you(exchange.identity),
            "degraded": readiness(service)["degraded"],
            "components": await asyncio.to_thread(desk(exchange).glances),
        }
    )


async def show(exchange: Exchange) -> Reply:
    """All that is known of one component; raises UnknownName."""
    name, service = exchange.param("name"), exchange.service
    found = await asyncio.to_thread(desk(exchange).sight, name)
    shown = msgspec.structs.asdict(found)
    held = service.live.find(name) if service.live.serves(name) else None
    return json_reply(
        {
            **shown,
            "refused": service.metrics.refused[name],
            "converses": held is not None and held.converses,
            "rebuild": None if service.rebuilds is None else service.rebuilds.newest(name),
            "serving": None if held is None else str(held.ref),
        }
    )


def desk(exchange: Exchange) -> Desk:
    """The project behind the server; raises UnknownName for a version served by itself."""
    found = exchange.service.desk
    if found is None:
        raise UnknownName(
            "This server serves one packaged version: watch and release it where it was made."
        )
    return found


def _you(identity: Identity | None) -> dict[str, str | bool]:
    assert identity is not None
    changes = RANK.get(identity.role, 0) >= RANK["operator"]
    return {"name": identity.name, "role": identity.role, "changes": changes}
