"""Listening: one socket, one worker, until a signal ends it.

Refuses to listen where strangers could call without a key. A port in use is one sentence.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from twinkeel.errors import EnvironmentProblem, UsageError
from twinkeel.server import logs, security
from twinkeel.server.app import application
from twinkeel.server.service import Service

_IDLE_SECONDS = 75
_STOP_SECONDS = 10


def listen(service: Service, port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; `ready` gets the URL once calls are answered.

    Raises UsageError for another host than loopback without keys and for what is no port,
    EnvironmentProblem for a port that cannot be had.
    """
    if not 0 <= port <= 65535:  # beyond these, the system would take another one
        raise UsageError(f"The port must be 0 to 65535, not {port}: choose another with --port.")
    keys = not service.keyring.open()
    security.check_listening(service.host, keys=keys, advice=service.key_advice)
    logs.configure()
    bound = _bind(service.host, port)
    server = _Server(_settings(service), ready=ready)
    # uvicorn raises the signal again once everything has ended in good order.
    with bound, contextlib.suppress(KeyboardInterrupt):
        service.live.start()
        server.run(sockets=[bound])


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the URL."""
        await super().startup(sockets)
        if self.started and self._ready is not None and sockets:
            self._ready(url(sockets[0]))


def url(bound: socket.socket) -> str:
    """The URL of a bound socket; a wildcard address is shown as this machine's."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  only shown
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _settings(service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        application(service),
        http=_protocol(),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def _protocol() -> Any:
    """httptools with bounds; where it is not installed (Windows), h11, which has its own."""
    try:
        from twinkeel.server.protocol import BoundedProtocol
    except ImportError:
        return "h11"
    return BoundedProtocol


def _bind(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise EnvironmentProblem(
            f"{host}:{port} is not an address to listen on: {error}."
        ) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)
    except OSError as error:
        bound.close()
        reason = error.strerror or str(error)
        raise EnvironmentProblem(
            f"Port {port} on {host} cannot be had: {reason.lower()}; "
            "end what uses it, or choose another with --port."
        ) from None
    bound.setblocking(False)
    return bound
