"""A packaged folder as a service: one version, its events, and a key from the environment."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from twinkeel.errors import UsageError
from twinkeel.lifecycle.package import FolderShelf, read
from twinkeel.lifecycle.serve import Live
from twinkeel.server.security import Identity, Keyring, StoredKey
from twinkeel.server.service import Service
from twinkeel.store.store import Store

KEY = "TWINKEEL_KEY"
HOSTS = "TWINKEEL_ALLOWED_HOSTS"
_SHORTEST = 32


@dataclass(frozen=True)
class _Keys:
    """The store's keys, and the one of the environment, which may call and read."""

    store: Store
    secret: str | None

    def find(self, secret: str) -> StoredKey | None:
        if self.secret is not None and hmac.compare_digest(secret.encode(), self.secret.encode()):
            return Identity(name="environment", role="viewer")
        return self.store.find_key(secret)

    def exist(self) -> bool:
        return self.secret is not None or bool(self.store.keys())


def packaged_service(
    folder: Path, data: Path, environment: Mapping[str, str], *, host: str | None = None
) -> Service:
    """The service of a packaged folder; raises UsageError for a key that is too short."""
    packaged = read(folder)
    store = Store.open(data)
    keys = _Keys(store, _secret(environment))
    named = tuple(name.strip() for name in environment.get(HOSTS, "").split(",") if name.strip())
    allowed = (*packaged.server.allowed_hosts, *named)
    table = msgspec.structs.replace(packaged.server, allowed_hosts=allowed)
    return Service(
        name=packaged.project,
        live=Live(FolderShelf(folder, packaged), store.events, keep=packaged.events),
        events=store.events,
        keyring=Keyring(keys.find, keys.exist),
        table=table,
        host=table.host if host is None else host,
        key_advice=f"set {KEY} to a secret of {_SHORTEST} characters or more",
    )


def _secret(environment: Mapping[str, str]) -> str | None:
    secret = environment.get(KEY)
    if secret is not None and len(secret.strip()) < _SHORTEST:
        raise UsageError(
            f"{KEY} has {len(secret.strip())} characters: give it {_SHORTEST} or more, "
            "for example from openssl rand -hex 32."
        )
    return None if secret is None else secret.strip()
