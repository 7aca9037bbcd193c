"""The application and its life: routes, gateway, start and stop of what is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.routing import Router

from twinkeel.config import Config
from twinkeel.lifecycle.desk import Desk
from twinkeel.lifecycle.pulse import Pulse
from twinkeel.lifecycle.serve import Live
from twinkeel.server.gateway import Gateway
from twinkeel.server.rebuilding import Rebuilds
from twinkeel.server.routes import ROUTES
from twinkeel.server.security import Keyring
from twinkeel.server.service import Service
from twinkeel.server.table import starlette_routes
from twinkeel.store.store import Store


def application(service: Service) -> Gateway:
    """The ASGI application; its lifespan loads the releases and closes them again."""

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await asyncio.to_thread(service.live.start)
        try:
            yield
        finally:
            service.threads.shutdown()
            if service.rebuilds is not None:
                await asyncio.to_thread(service.rebuilds.close)
            await asyncio.to_thread(service.live.close)

    router = Router(starlette_routes(ROUTES), redirect_slashes=False, lifespan=lifespan)
    return Gateway(service, router)


def project_service(
    config: Config, store: Store, *, host: str | None = None, pulse: Pulse | None = None
) -> Service:
    """The service of a project: its releases, its events, its keys."""
    return Service(
        name=config.project.name,
        live=Live.of(config, store),
        events=store.events,
        keyring=Keyring(store.find_key, lambda: bool(store.keys())),
        table=config.server,
        host=config.server.host if host is None else host,
        desk=Desk(config, store),
        rebuilds=Rebuilds(config.root),
        pulse=pulse,
    )
