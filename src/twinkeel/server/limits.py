"""How much one caller may ask of the server: bytes, headers, nesting, seconds, calls at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twinkeel import config
from twinkeel.errors import RequestError
from twinkeel.records import Record

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
"""Request line and headers together."""
MAX_PENDING = 512
"""Requests in progress at once; more are told to come back."""

Receive = Callable[[], Awaitable[Any]]
Headers = list[tuple[bytes, bytes]]


class Limits(Record, frozen=True):
    """What `[server]` allows one request."""

    body: int
    """Bytes."""
    depth: int
    """Levels of JSON."""
    seconds: float

    @classmethod
    def of(cls, table: config.ServerTable) -> Limits:
        """The limits as `twinkeel.toml` gives them."""
        return cls(
            body=config.size(table.body_limit, "[server] body_limit"),
            depth=table.depth_limit,
            seconds=config.seconds(table.timeout, "[server] timeout"),
        )


def check_headers(headers: Headers) -> None:
    """Raises RequestError (431) for too many headers or too large ones."""
    if len(headers) > MAX_HEADERS:
        raise RequestError(f"The request has more than {MAX_HEADERS} headers.", status=431)
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD_BYTES:
        raise RequestError(f"The headers are larger than {MAX_HEAD_BYTES} bytes.", status=431)


async def read_body(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The whole body; raises RequestError (413) as soon as it is known to be too large."""
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    message = await receive()
    body = bytes(message.get("body", b""))
    if len(body) <= limit and not message.get("more_body", False):
        return body
    parts, total = [body], len(body)
    while message.get("more_body", False) and total <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError("The caller went away before the body was complete.")
        parts.append(message.get("body", b""))
        total += len(parts[-1])
    if total > limit:
        raise _too_large(limit)
    return b"".join(parts)


def _too_large(limit: int) -> RequestError:
    return RequestError(f"The body is larger than {limit} bytes: send fewer rows.", status=413)
