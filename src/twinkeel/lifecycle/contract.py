"""Contract: a version -> what it reads, compared with another, exported, or pinned to a file.

A pin is a contract that a team keeps with its code. A build is held to it, so that callers never
find out in production that their rows are refused. Written whole, over what was there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from twinkeel.config import Config
from twinkeel.data.compatibility import Difference, differences
from twinkeel.data.contract import Contract
from twinkeel.data.exports.json_schema import json_schema
from twinkeel.data.exports.pandera import pandera
from twinkeel.errors import ConfigError, ContractError, UsageError
from twinkeel.kinds.base import ReadsColumns, Servable
from twinkeel.lifecycle.versions import load
from twinkeel.records import Record, Version
from twinkeel.store import files
from twinkeel.store.store import Store

Form: TypeAlias = Literal["json-schema", "pandera"]
"""What a contract can be exported as."""


class Pinned(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of a pin."""

    format: Literal[1] = 1
    version: str
    """The version whose contract it was."""
    contract: Contract


def contract(store: Store, version: Version) -> Contract:
    """What a version reads; raises UsageError for a kind that reads no columns."""
    return read_by(load(store, version), str(version.ref), version.kind)


def compared(store: Store, old: Version, new: Version) -> tuple[Difference, ...]:
    """What differs for callers from one version's contract to another's."""
    return differences(contract(store, old), contract(store, new))


def export(store: Store, version: Version, form: Form, out: Path) -> Path:
    """Write a version's contract in another language; returns the path."""
    found, title = contract(store, version), str(version.ref)
    if form == "pandera":
        return _write(out, pandera(found, title).encode())
    schema = msgspec.json.encode(json_schema(found, title))
    return _write(out, msgspec.json.format(schema, indent=2) + b"\n")


def pin(config: Config, store: Store, version: Version) -> Path:
    """Write a version's contract to the file that its component names; returns the path."""
    name = version.component
    table = config.components.get(name)
    if table is None or table.contract is None:
        raise UsageError(
            f"{name} has no file for its contract: add contract = "
            f'"contracts/{name}.json" to [components.{name}] first.'
        )
    pinned = Pinned(version=str(version.ref), contract=contract(store, version))
    data = msgspec.json.format(msgspec.json.encode(pinned), indent=2)
    out = config.root / table.contract
    with files.explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    return _write(out, data + b"\n")


def pinned(config: Config, name: str) -> Pinned | None:
    """The pin of a component, None where it names none; raises ConfigError if it is unreadable."""
    table = config.components[name]
    if table.contract is None:
        return None
    path, where = config.root / table.contract, f"[components.{name}] contract"
    if not path.is_file():
        raise ConfigError(
            f"{where}: there is no file {table.contract}; write it with twinkeel contract {name} "
            "--write, or take the key out to build the first version."
        )
    with files.explained(path):
        data = path.read_bytes()
    try:
        return msgspec.json.decode(data, type=Pinned)
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{where}: {table.contract} is not a contract that this Twinkeel wrote ({error}); "
            f"write it again with twinkeel contract {name} --write."
        ) from None


def check_pin(config: Config, name: str, found: Contract) -> None:
    """Raises ContractError where a version of `name` that reads `found` would refuse calls that
    its pin reads."""
    held = pinned(config, name)
    if held is None:
        return
    different = differences(held.contract, found)
    broken = [one.sentence for one in different if one.breaking]
    if broken:
        file = config.components[name].contract
        raise ContractError(
            f"{name} would break its callers, by the contract in {file} ({held.version}): "
            f"{' '.join(broken)} Correct the source; or, if they agree, take the key contract out, "
            f"build, and write the file anew with twinkeel contract {name}@NUMBER --write."
        )


def read_by(servable: Servable, name: str, kind: str) -> Contract:
    """The contract of a servable; raises UsageError for a kind that reads no columns."""
    if not isinstance(servable, ReadsColumns):
        raise UsageError(f"{name} ({kind}) reads no columns, so it has no contract.")
    return servable.contract


def _write(out: Path, data: bytes) -> Path:
    if out.is_dir():
        raise UsageError(f"{out} is a folder: name a file in it.")
    with files.explained(out):
        files.replace(out, data)
    return out
