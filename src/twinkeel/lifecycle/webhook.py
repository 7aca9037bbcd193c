"""Alerts to a webhook: signed, retried, and never into the network that one is inside of.

Owns the one outgoing request of monitoring. The host is resolved once, every address that it has
must be public (unless `[monitor] internal` allows others), and the connection goes to the address
that was checked. A redirect is not followed: it would be another host.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import os
import random
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import msgspec

from twinkeel.errors import ConfigError, EnvironmentProblem
from twinkeel.records import Alert

SECRET = "TWINKEEL_WEBHOOK_SECRET"  # noqa: S105  the name of a variable
SIGNATURE = "X-Twinkeel-Signature"
_ATTEMPTS = 3
_PAUSE = 1.0
"""Seconds before the second attempt; the next pause is four times as long."""
_PATIENCE = 10.0
"""Seconds that one attempt may take to connect, and to answer."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that stand for IPv4 ones (RFC 6052)."""
_AGAIN = (408, 425, 429)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Webhook:
    """Where alerts go."""

    url: str
    secret: str
    internal: bool = False
    pause: float = _PAUSE

    @classmethod
    def of(
        cls, url: str, *, internal: bool, environment: Mapping[str, str] = os.environ
    ) -> Webhook:
        """The configured webhook; raises ConfigError where its secret is not set."""
        secret = environment.get(SECRET, "")
        if len(secret) < 16:
            raise ConfigError(
                f"[monitor] webhook needs a secret of 16 characters or more to sign with: set "
                f"{SECRET} in the environment or in .env."
            )
        return cls(url, secret, internal)

    def send(self, alert: Alert) -> None:
        """Deliver an alert; raises EnvironmentProblem where nobody takes it."""
        parts = urlsplit(self.url)
        body = _encode(alert)
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                pause = self.pause * 4 ** (attempt - 1)
                time.sleep(pause * (1 + random.random() / 4))  # noqa: S311  only spread
            try:
                status = self._post(parts, body)
            except (OSError, http.client.HTTPException) as error:
                problem = f"it cannot be reached ({type(error).__name__})"
                continue
            if 200 <= status < 300:
                return
            problem = f"it answered {status}"
            if status < 500 and status not in _AGAIN:
                break
        raise EnvironmentProblem(
            f"The webhook at {parts.hostname} did not take an alert: {problem}; "
            "it is sent again with the next look."
        )

    def _post(self, parts: SplitResult, body: bytes) -> int:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        connection = _Pinned(host, port, self._address(host, port), secure=parts.scheme == "https")
        try:
            path = parts.path or "/"
            path += f"?{parts.query}" if parts.query else ""
            headers = {"Content-Type": "application/json", SIGNATURE: signature(self.secret, body)}
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _address(self, host: str, port: int) -> str:
        """The address to connect to; raises ConfigError where one of them is not public."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not self.internal and not all(_public(address) for address in addresses):
            raise ConfigError(
                f"[monitor] webhook: {host} is on this machine or in a private network; set "
                "internal = true if that is meant."
            )
        return addresses[0]


def signature(secret: str, body: bytes, *, at: int | None = None) -> str:
    """`t=TIME,v1=HEX`: HMAC-SHA256 over the time in seconds, a full stop and the body."""
    moment = int(time.time()) if at is None else at
    made = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={made.hexdigest()}"


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name of its host."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=_PATIENCE)
        self._pinned, self._secure = address, secure

    def connect(self) -> None:
        """Connect to the pinned address; with TLS, the certificate must name the host."""
        self.sock = socket.create_connection((self._pinned, self.port), _PATIENCE)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    inside: ipaddress.IPv4Address | ipaddress.IPv6Address = found
    if isinstance(found, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
        inside = found.ipv4_mapped or found.sixtofour or translated or found
    return inside.is_global and not inside.is_multicast
