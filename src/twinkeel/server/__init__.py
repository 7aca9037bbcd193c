"""HTTP: every face of a released version on one port, each route with its authorisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinkeel.config import Config
    from twinkeel.lifecycle.pulse import Pulse
    from twinkeel.store.store import Store


def run(
    config: Config,
    store: Store,
    *,
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[str], None] | None = None,
    pulse: Pulse | None = None,
) -> None:
    """Serve a project until SIGINT or SIGTERM; `ready` gets the URL once calls are answered.

    `pulse` says whether monitoring runs beside it, where it should.
    Raises UsageError (exit 2) for another host than loopback without keys and for what is no
    port, EnvironmentProblem (exit 3) for a port that cannot be had.
    """
    from twinkeel.server.app import project_service
    from twinkeel.server.listening import listen

    service = project_service(config, store, host=host, pulse=pulse)
    listen(service, config.server.port if port is None else port, ready=ready)
