"""Move: the store -> the same store at another place, and what `twinkeel.toml` must say then.

Writes nothing into `twinkeel.toml`, and shows no password that a URL holds.
"""

from __future__ import annotations

from twinkeel.config import Config, StoreTable, from_environment, urls
from twinkeel.records import Record
from twinkeel.store.move import Copied, Place, move
from twinkeel.store.store import FOLDER

_HERE = "local"
"""The word for the store's own folder."""


class MovedStore(Record, frozen=True):
    """A store that is at two places now, and how to use the new one."""

    copied: Copied
    table: str
    """What `[store]` in twinkeel.toml must say from now on."""


def move_store(config: Config, url: str | None, bundles: str | None) -> MovedStore:
    """Copy the store to another database, another folder of bundles, or both, and compare.

    None leaves a part where it is; `local` is the store's own folder. Raises what `move` raises.
    """
    now = config.store
    wanted = StoreTable(url=_chosen(url, now.url), bundles=_chosen(bundles, now.bundles))
    copied = move(config.root / FOLDER, place(now), place(wanted))
    return MovedStore(copied=copied, table=_table(wanted))


def place(table: StoreTable) -> Place:
    """Where `[store]` says that the store is, with the values of environment variables."""
    url, bundles = (
        None if written is None else from_environment(written, f"[store] {key}")
        for key, written in (("url", table.url), ("bundles", table.bundles))
    )
    return Place(url=url, bundles=bundles)


def _chosen(given: str | None, now: str | None) -> str | None:
    if given is None:
        return now
    return None if given == _HERE else given


def _table(wanted: StoreTable) -> str:
    lines = []
    if wanted.url is not None:
        shown = wanted.url if wanted.url.startswith("$") else "$DATABASE_URL"
        lines.append(f'url = "{shown}"')
    if wanted.bundles is not None:
        shown = wanted.bundles if urls.shown(wanted.bundles) == wanted.bundles else "$BUNDLES_URL"
        lines.append(f'bundles = "{shown}"')
    return "\n".join(["[store]", *lines]) if lines else "(no [store] table)"
