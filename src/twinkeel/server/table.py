"""A route: method, path, who may use it, what answers. And the endpoint that holds to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from starlette import routing

from twinkeel.server import security
from twinkeel.server.exchange import Exchange, Reply, Worded
from twinkeel.server.security import Access, Identity

Handler: TypeAlias = Callable[[Exchange], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """One thing that can be asked. `access` has no default: every route is decided upon."""

    method: Literal["GET", "POST"]
    path: str
    access: Access
    handler: Handler
    summary: str
    body: str | None = None
    """The OpenAPI schema of the request's body."""
    answer: str = "Any"
    """The OpenAPI schema of the reply, or its media type where it is not JSON."""
    worded: Worded | None = None
    """How errors are written, for a protocol that has its own way."""


class Endpoint:
    """A route as an ASGI application: authorise, read the body, answer."""

    def __init__(self, route: Route) -> None:
        self.route = route

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; raises TwinkeelError for the gateway to put into words."""
        exchange: Exchange = scope["exchange"]
        exchange.route = self.route.path
        exchange.worded = self.route.worded or exchange.worded
        if self.route.access != "public":
            exchange.identity = await _identity(exchange)
            security.authorise(exchange.identity, self.route.access)
        if security.RANK[self.route.access] >= security.RANK["operator"]:
            origin, host = exchange.header(b"origin"), exchange.header(b"host")
            exchange.service.borders.check_own(origin, host)
        if self.route.body is not None:
            await exchange.read(receive)
        await exchange.send(send, await self.route.handler(exchange))


def starlette_routes(routes: tuple[Route, ...]) -> list[routing.BaseRoute]:
    """The table as Starlette takes it, in the same order."""
    return [
        routing.Route(item.path, Endpoint(item), methods=[item.method], name=item.path)
        for item in routes
    ]


async def _identity(exchange: Exchange) -> Identity | None:
    """Whose request it is: a key's, this machine's own while there is no key, or nobody's."""
    keyring = exchange.service.keyring
    secret = security.secret_in(exchange.header(b"authorization"), exchange.header(b"x-api-key"))
    if _from_here(exchange) and keyring.open():
        return security.LOCAL  # whatever key a client that cannot do without one sends
    if secret is None:
        return None
    return keyring.recall(secret) or await asyncio.to_thread(keyring.identify, secret)


def _from_here(exchange: Exchange) -> bool:
    client = exchange.scope.get("client")
    return client is not None and security.is_loopback(client[0])
