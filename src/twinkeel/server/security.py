"""Who may ask, and from where.

Owns the answers to five questions: is the path plain, is the Host one of ours (a foreign name is
DNS rebinding), is the Origin one of ours, whose key is it, and may its role do this. Refuses by
default: a caller without a key is served only from this machine, and only while the store has
no key at all.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias
from urllib.parse import unquote_to_bytes

from twinkeel.config import ServerTable
from twinkeel.errors import AccessError, RequestError, StoreError, UsageError
from twinkeel.records import Record

Access: TypeAlias = Literal["public", "caller", "viewer", "operator", "admin"]
"""What a route asks of a caller; each role may do all that the ones before it may."""

RANK: dict[str, int] = {"public": 0, "caller": 1, "viewer": 2, "operator": 3, "admin": 4}
_PLAIN = re.compile(rb"/[A-Za-z0-9/_@~.-]*")
_DECODINGS = 8
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Identity(Record, frozen=True):
    """Who asks."""

    name: str
    role: str


class StoredKey(Protocol):
    """A key as the store knows it."""

    @property
    def name(self) -> str:
        """Whose key it is."""
        ...

    @property
    def role(self) -> str:
        """What it may do."""
        ...


LOCAL = Identity(name="local", role="admin")


def check_path(raw: bytes) -> None:
    """Raises RequestError (400) for a path that means another one once it is fully decoded."""
    if _PLAIN.fullmatch(raw) and b".." not in raw and b"//" not in raw:
        return
    for _ in range(_DECODINGS):
        decoded = unquote_to_bytes(raw)
        if decoded == raw:
            break
        raw = decoded
    else:
        raise RequestError("The path is encoded too many times.")
    segments = raw.split(b"/")
    plain = raw.startswith(b"/") and b"//" not in raw
    if not plain or b"\\" in raw or b".." in segments or any(byte < 32 for byte in raw):
        raise RequestError("The path is not plain: it has .., //, \\ or a control character.")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host in _LOCAL_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


class Borders:
    """Which Host and Origin headers are ours."""

    def __init__(self, table: ServerTable, host: str) -> None:
        self._hosts = {*_LOCAL_NAMES, host.lower(), *(name.lower() for name in table.allowed_hosts)}
        self._any_address = host in ("0.0.0.0", "::", "")  # noqa: S104  compared, not bound
        self._origins = frozenset(origin.rstrip("/").lower() for origin in table.cors)

    def check_host(self, header: str | None) -> None:
        """Raises AccessError (403) for a name that is not ours."""
        name = _host_name(header or "")
        if name in self._hosts or (self._any_address and _address(name) is not None):
            return
        raise AccessError(
            f"The host {(header or '')[:80]!r} is not served here: "
            "add it to [server] allowed_hosts if it should be.",
            status=403,
        )

    def check_origin(self, origin: str, host: str | None) -> bool:
        """Whether CORS headers are due; raises AccessError (403) for a foreign origin."""
        if origin.lower() in self._origins:
            return True
        if host and origin.partition("://")[2].lower() == host.lower():
            return False
        raise AccessError(
            f"Pages of {origin[:80]!r} may not call this server: "
            "add the origin to [server] cors if they should.",
            status=403,
        )

    def check_own(self, origin: str | None, host: str | None) -> None:
        """Raises AccessError (403) for a page of another origin, one that CORS allows too."""
        if origin is not None and self.check_origin(origin, host):
            raise AccessError(
                f"Pages of {origin[:80]!r} may call this server, "
                "but not change what is in production: use this server's own page.",
                status=403,
            )


class Keyring:
    """Keys as the store knows them, remembered for a moment."""

    def __init__(
        self,
        find: Callable[[str], StoredKey | None],
        exist: Callable[[], bool],
        *,
        lifetime: float = 2.0,
    ) -> None:
        self._find = find
        self._exist = exist
        self._lifetime = lifetime
        self._known: dict[bytes, tuple[float, Identity | None]] = {}
        self._closed: tuple[float, bool] = (0.0, True)

    def recall(self, secret: str) -> Identity | None:
        """The identity of a secret that was looked up a moment ago; None where it was not."""
        until, identity = self._known.get(_digest(secret), (0.0, None))
        return identity if until > time.monotonic() else None

    def identify(self, secret: str) -> Identity:
        """The identity behind a secret; raises AccessError (401). Asks the store.

        While the store does not answer, what it said of this secret last still holds.
        """
        try:
            key = self._find(secret)
        except StoreError:
            _, last = self._known.get(_digest(secret), (0.0, None))
            if last is None:
                raise
            key = last
        if key is None:
            raise AccessError("The key is not known here: it may have been revoked.")
        if len(self._known) > 10_000:
            self._known.clear()
        identity = Identity(name=key.name, role=key.role)
        self._known[_digest(secret)] = (time.monotonic() + self._lifetime, identity)
        return identity

    def open(self) -> bool:
        """Whether no key exists, so that this machine is served without one."""
        until, closed = self._closed
        if until < time.monotonic():
            try:
                closed = self._exist()
            except StoreError:
                if not until:  # it was never asked
                    raise
            self._closed = (time.monotonic() + self._lifetime, closed)
        return not closed


def secret_in(authorization: str | None, api_key: str | None) -> str | None:
    """The secret of a request's headers; raises AccessError for another scheme than Bearer."""
    if authorization is None:
        return api_key
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise AccessError("The Authorization header must be: Bearer KEY.")
    return secret.strip()


def authorise(identity: Identity | None, access: Access) -> None:
    """Raises AccessError: 401 where a key is needed, 403 where its role is not enough."""
    if identity is None:
        raise AccessError("A key is needed: send it as Authorization: Bearer KEY or X-API-Key.")
    if RANK.get(identity.role, 0) < RANK[access]:
        raise AccessError(
            f"The key {identity.name!r} is a {identity.role}'s; this needs {access} or more.",
            status=403,
        )


def check_listening(host: str, *, keys: bool, advice: str) -> None:
    """Raises UsageError for a server that strangers could reach without a key."""
    if not keys and not is_loopback(host):
        raise UsageError(
            f"Listening on {host} needs a key, and there is none: {advice}, or listen on 127.0.0.1."
        )


def _host_name(header: str) -> str:
    name = header.lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if name.count(":") == 1 else name


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
