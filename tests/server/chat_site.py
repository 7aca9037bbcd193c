"""A project in which one component converses and another one multiplies."""

from __future__ import annotations

from pathlib import Path

from server_site import TALK, Site

LATE = "What does a late payment cost?"


def talking(root: Path, extra: str = "") -> Site:
    """Both of them released."""
    site = Site(root, TALK + extra)
    site.release(2.0)
    site.publish("talk", "{}")
    return site
