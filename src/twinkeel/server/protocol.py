"""uvicorn's httptools protocol with bounds: a request's head may be neither endless nor slow.

The parser itself collects headers without limit. Here a head that is too large is a 431 and one
that does not arrive is a 408, both as JSON, and the connection ends.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from twinkeel import strict_json
from twinkeel.server.limits import MAX_HEAD_BYTES, MAX_HEADERS

_SLACK = 256 * 1024
"""One read may hold a whole head and a good deal of its body."""
_SECONDS = 20.0


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a bounded head."""

    _in_head = True
    _head_bytes = 0
    _begun = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; end the connection where the head has grown too large."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES + _SLACK:
                self._end(431, f"The headers are larger than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """A new head begins."""
        super().on_message_begin()
        self._in_head, self._begun, self._head_bytes = True, True, 0
        if self._timer is None:
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those beyond what the application refuses anyway are dropped."""
        if len(self.headers) <= MAX_HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """What is not HTTP is answered like every other mistake."""
        self._end(400, "This is not a valid HTTP request.")

    def _wait(self) -> None:
        self._timer = self.loop.call_later(_SECONDS, self._late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if not self._begun:
            self.transport.close()
        else:
            self._end(408, f"The headers were not complete after {_SECONDS:g} seconds.")

    def _end(self, status: int, sentence: str) -> None:
        if self.transport.is_closing():
            return
        body = strict_json.encode({"error": sentence, "request_id": secrets.token_hex(8)})
        head = (
            b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        ) % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()
