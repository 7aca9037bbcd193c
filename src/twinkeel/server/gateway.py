"""The outermost layer: every request comes in here and every reply, an error too, goes out here.

Owns request ids, the checks that no route may forget (path, Host, Origin, headers, time), the
one place where an error becomes JSON, the access log and the counting. Refuses to let a
traceback, a row or a key leave the process.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Router

from twinkeel.errors import RequestError, TwinkeelError
from twinkeel.server import limits, security
from twinkeel.server.exchange import Exchange, Reply, json_reply
from twinkeel.server.service import Service

_log = logging.getLogger(__name__)
_CLOSES = (408, 413, 431)
"""After these the caller may still be sending: the connection ends."""
_CORS_METHODS = b"GET, POST"
_CORS_HEADERS = b"Authorization, Content-Type, Idempotency-Key, X-API-Key"


class Gateway:
    """The ASGI application."""

    def __init__(self, service: Service, router: Router) -> None:
        self.service = service
        self.router = router

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; the lifespan goes to the router."""
        if scope["type"] != "http":
            await self.router(scope, receive, send)
            return
        exchange = Exchange(scope, self.service)
        scope["app"] = self
        scope["exchange"] = exchange
        self.service.metrics.in_progress += 1
        try:
            await self._serve(exchange, receive, send)
        finally:
            self.service.metrics.in_progress -= 1
            self._finish(exchange)

    async def _serve(self, exchange: Exchange, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(self.service.limits.seconds):
                if await self._admit(exchange, send):
                    await self.router(exchange.scope, receive, send)
        except Exception as error:
            if exchange.status:
                raise
            await exchange.send(send, error_reply(error, exchange))

    async def _admit(self, exchange: Exchange, send: Any) -> bool:
        """Whether the request goes on to its route; raises TwinkeelError for a refused one."""
        scope = exchange.scope
        limits.check_headers(scope["headers"])
        security.check_path(scope.get("raw_path") or scope["path"].encode())
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            raise RequestError("The request has more than one Host header.")
        host = exchange.header(b"host")
        self.service.borders.check_host(host)
        origin = exchange.header(b"origin")
        if origin is not None and self.service.borders.check_origin(origin, host):
            exchange.extra = (
                (b"access-control-allow-origin", origin.encode()),
                (b"vary", b"Origin"),
            )
            if exchange.method == "OPTIONS":
                await exchange.send(send, _preflight())
                return False
        if self.service.metrics.in_progress > limits.MAX_PENDING:
            raise RequestError("Too many requests are in progress: try again.", status=503)
        return True

    def _finish(self, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        route = exchange.route or "none"
        self.service.metrics.finished(route, exchange.method, exchange.status, seconds)
        called = exchange.calling
        if called is not None and exchange.status >= 400 and self.service.live.serves(called):
            self.service.metrics.refused[called] += 1
        _log.info(
            "%s %s %s %d %.1fms %s",
            exchange.id,
            exchange.method,
            exchange.scope["path"],
            exchange.status,
            seconds * 1000,
            exchange.who or "-",
        )


def error_reply(error: Exception, exchange: Exchange) -> Reply:
    """One sentence and the request's id; the log has the rest of what is our defect."""
    status, sentence = _judged(error, exchange)
    reply = json_reply(exchange.worded(sentence, status, exchange.id), status)
    headers = list(reply.headers)
    if status in _CLOSES:
        headers.append((b"connection", b"close"))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return Reply(reply.body, status, headers=tuple(headers))


def _judged(error: Exception, exchange: Exchange) -> tuple[int, str]:
    if isinstance(error, TwinkeelError):
        return error.status, str(error)
    if isinstance(error, HTTPException):
        return error.status_code, _PHRASES.get(error.status_code, error.detail)
    if isinstance(error, TimeoutError):
        return _late(exchange)
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{at.filename}:{at.lineno} {at.name}" for at in reversed(frames))
    _log.error("%s failed with %s at %s", exchange.id, type(error).__name__, places)
    return 500, "This is a defect of the server, not of the request: its log has this request_id."


def _late(exchange: Exchange) -> tuple[int, str]:
    limit = exchange.service.limits.seconds
    if exchange.waiting:
        return 408, f"The body was not complete after {limit:g} seconds."
    return 503, f"There was no answer after {limit:g} seconds."


_PHRASES = {
    404: "There is nothing at this path: GET /openapi.json lists what there is.",
    405: "This path does not take this method: GET /openapi.json lists what there is.",
}


def _preflight() -> Reply:
    return Reply(
        b"",
        204,
        headers=(
            (b"access-control-allow-methods", _CORS_METHODS),
            (b"access-control-allow-headers", _CORS_HEADERS),
            (b"access-control-max-age", b"600"),
        ),
    )
