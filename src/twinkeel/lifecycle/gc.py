"""Gc: remove old versions and events, by the retention that `twinkeel.toml` states."""

from __future__ import annotations

import datetime as dt

from twinkeel.config import Config, seconds
from twinkeel.store.gc import Collected
from twinkeel.store.store import Store


def gc(config: Config, store: Store, *, dry_run: bool = False) -> Collected:
    """Remove what retention no longer covers; with `dry_run`, only say what that is."""
    age = dt.timedelta(seconds=seconds(config.events.retention, "[events] retention"))
    return store.gc(
        keep_versions=config.versions.keep,
        events_before=(dt.datetime.now(dt.UTC) - age).isoformat(timespec="microseconds"),
        dry_run=dry_run,
    )
