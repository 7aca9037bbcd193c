"""`twinkeel keys`: who may call the server."""

from __future__ import annotations

from typing import Literal

from cyclopts import App

from twinkeel.cli.invocation import Here, Reply

app = App(name="keys", help="Create, list and revoke the keys that callers of the server use.")

Role = Literal["caller", "viewer", "operator", "admin"]


@app.command
def create(name: str, /, *, role: Role = "caller", here: Here) -> Reply:
    """Create a key and show its secret, once.

    Parameters
    ----------
    name
        Who will use the key.
    role
        What it may do: a caller calls and gives feedback, a viewer also reads events and metrics;
        an operator and an admin also release, roll back and rebuild.
    """
    secret = here.project.store.add_key(name, role)
    lines = (
        secret,
        f"This is the secret of the key {name} ({role}). It is shown once and stored only as a "
        "hash: keep it in a safe place and send it as Authorization: Bearer SECRET.",
    )
    return Reply(data={"name": name, "role": role, "secret": secret}, parts=lines)


@app.command(name="list")
def list_(*, here: Here) -> Reply:
    """List the keys, without their secrets."""
    from twinkeel.cli.tables import plain_table

    found = here.project.store.keys()
    if not found:
        return Reply(data=found, parts=("There is no key: twinkeel keys create NAME makes one.",))
    table = plain_table("name", "role", "created", "revoked")
    for key in found:
        table.add_row(key.name, key.role, key.created[:10], (key.revoked or "-")[:10])
    return Reply(data=found, parts=(table,))


@app.command
def revoke(name: str, /, *, here: Here) -> Reply:
    """Revoke a key: a running server refuses it within two seconds.

    Parameters
    ----------
    name
        The key's name.
    """
    key = here.project.store.revoke_key(name)
    return Reply(data=key, parts=(f"The key {name} is revoked.",))
