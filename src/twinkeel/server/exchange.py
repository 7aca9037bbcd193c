"""One request and its reply, as routes see them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from twinkeel import strict_json
from twinkeel.errors import RequestError
from twinkeel.records import Json
from twinkeel.server import limits
from twinkeel.server.security import Identity

if TYPE_CHECKING:
    from twinkeel.server.service import Service

_JSON = b"application/json"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    body: bytes = b""
    status: int = 200
    type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = _ALWAYS
    parts: tuple[bytes, ...] = ()
    """In place of the body: what is sent piece by piece."""


Worded: TypeAlias = Callable[[str, int, str], Json]
"""(sentence, status, request id) -> the body of an error."""


def _plainly(sentence: str, _: int, request_id: str) -> Json:
    return {"error": sentence, "request_id": request_id}


def json_reply(value: Any, status: int = 200) -> Reply:
    """A reply of one JSON value."""
    return Reply(strict_json.encode(value), status)


@dataclass(slots=True)
class Exchange:
    """One request, from its head to its reply."""

    scope: Any
    service: Service
    identity: Identity | None = None
    body: bytes = b""
    route: str = ""
    """The path's template, for metrics: never what the caller wrote."""
    calling: str | None = None
    """The component that is to answer or explain, for metrics."""
    status: int = 0
    waiting: bool = False
    """Whether the body is still being sent."""
    worded: Worded = _plainly
    """How this route's errors are written as JSON."""
    extra: tuple[tuple[bytes, bytes], ...] = ()
    """Headers that every reply of this exchange carries, such as CORS."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started: float = field(default_factory=time.perf_counter)
    _headers: dict[bytes, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._headers = dict(self.scope["headers"])

    @property
    def method(self) -> str:
        """GET, POST, ..."""
        return str(self.scope["method"])

    @property
    def who(self) -> str | None:
        """The name of the key that was used."""
        return None if self.identity is None else self.identity.name

    def param(self, name: str) -> str:
        """A part of the path."""
        return str(self.scope["path_params"][name])

    def header(self, name: bytes) -> str | None:
        """A header's value, its last one where there are several."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def json(self) -> Json:
        """The body's value; raises RequestError."""
        return strict_json.decode(self.body, depth=self.service.limits.depth)

    def json_object(self) -> dict[str, Json]:
        """The body's JSON object; raises RequestError (422) for another value."""
        value = self.json()
        if not isinstance(value, dict):
            raise RequestError("The body must be a JSON object.", status=422)
        return value

    async def read(self, receive: limits.Receive) -> None:
        """Read a JSON body; raises RequestError (413, 415)."""
        kind = (self._headers.get(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != _JSON:
            raise RequestError("Send the body as Content-Type: application/json.", status=415)
        declared = self._headers.get(b"content-length")
        self.waiting = True
        self.body = await limits.read_body(receive, declared, self.service.limits.body)
        self.waiting = False

    async def send(self, send: Any, reply: Reply) -> None:
        """Send the reply; once."""
        self.status = reply.status
        headers = [
            (b"content-type", reply.type),
            *([] if reply.parts else [(b"content-length", str(len(reply.body)).encode())]),
            (b"x-request-id", self.id.encode()),
            *reply.headers,
            *self.extra,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        for part in reply.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"" if reply.parts else reply.body})
