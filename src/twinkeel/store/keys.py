"""Keys of callers: a random secret that is shown once, and its sha256, which is all that is kept.

A name is never used again, so that what a key did stays its own. What a role may do is decided
by the server.
"""

from __future__ import annotations

import secrets
from typing import Literal, TypeAlias, get_args

import msgspec
from sqlalchemy import Connection, insert, select, update

from twinkeel.errors import UnknownName, UsageError
from twinkeel.records import Record, now
from twinkeel.store.catalog import encode
from twinkeel.store.files import digest_of
from twinkeel.store.schema import keys

Role: TypeAlias = Literal["caller", "viewer", "operator", "admin"]
"""From least to most."""

_PREFIX = "twk_"


class Key(Record, frozen=True):
    """A key as it is kept; its secret is not."""

    name: str
    role: Role
    created: str
    revoked: str | None = None


def add(connection: Connection, name: str, role: Role) -> str:
    """Make a key; returns its secret (256 random bits), which cannot be had again.

    Raises UsageError for a name that is taken or empty, or a role that does not exist.
    """
    roles = get_args(Role)
    if role not in roles:
        raise UsageError(f"{role!r} is not a role: expected one of {', '.join(roles)}.")
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise UsageError(f"{name!r} cannot name a key: expected 1 to 100 printable characters.")
    taken = _get(connection, name)
    if taken is not None:
        state = "exists" if taken.revoked is None else f"was revoked at {taken.revoked}"
        raise UsageError(f"A key named {name!r} {state}: choose another name.")
    secret = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    key = Key(name=name, role=role, created=now())
    row = {"name": name, "hash": _hash(secret), "record": encode(key)}
    connection.execute(insert(keys).values(row))
    return secret


def find(connection: Connection, secret: str) -> Key | None:
    """The key with this secret, unless it was revoked."""
    query = select(keys.c.record).where(keys.c.hash == _hash(secret))
    text = connection.scalar(query)
    key = None if text is None else msgspec.json.decode(text, type=Key)
    return None if key is None or key.revoked is not None else key


def every(connection: Connection) -> list[Key]:
    """All keys, revoked ones too, by name."""
    texts = connection.scalars(select(keys.c.record).order_by(keys.c.name))
    return [msgspec.json.decode(text, type=Key) for text in texts]


def revoke(connection: Connection, name: str) -> Key:
    """End a key for good; a second time changes nothing. Raises UnknownName."""
    key = _get(connection, name)
    if key is None:
        raise UnknownName(f"There is no key named {name!r}.")
    if key.revoked is None:
        key = msgspec.structs.replace(key, revoked=now())
        connection.execute(update(keys).where(keys.c.name == name).values(record=encode(key)))
    return key


def _get(connection: Connection, name: str) -> Key | None:
    text = connection.scalar(select(keys.c.record).where(keys.c.name == name))
    return None if text is None else msgspec.json.decode(text, type=Key)


def _hash(secret: str) -> str:
    return digest_of(secret.encode())
