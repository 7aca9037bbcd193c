"""Finding a version by what a person calls it, and loading it."""

from __future__ import annotations

from twinkeel import plugins
from twinkeel.config import Config
from twinkeel.errors import UnknownName
from twinkeel.kinds.base import Servable
from twinkeel.records import Version, VersionRef
from twinkeel.store.store import Store


def find(config: Config, store: Store, text: str, *, newest: bool = False) -> Version:
    """`churn@7` is that version; `churn` is the one in production, else the newest.

    With `newest`, `churn` is the newest one whatever is in production.
    """
    if "@" in text:
        return store.version(VersionRef.parse(text))
    if text not in config.components and not store.versions(text):
        near = plugins.suggestion(text, tuple(config.components))
        raise UnknownName(f"There is no component {text!r}{near}")
    current = None if newest else store.current(text)
    if current is not None:
        return store.version(VersionRef(component=text, number=current.number))
    version = store.latest(text)
    if version is None:
        raise UnknownName(f"{text} has no version yet: run twinkeel build {text}.")
    return version


def load(store: Store, version: Version) -> Servable:
    """A servable of `version`, from its verified bundle; raises BundleError if it is damaged."""
    servable: Servable = plugins.kind(version.kind).load(store.open_bundle(version.bundle))
    return servable
