"""Sections of the report that every version learned from a table has."""

from __future__ import annotations

from collections.abc import Mapping

from twinkeel.data.profile import Profile
from twinkeel.kinds.tabular.options import PROFILE
from twinkeel.report import charts, profiles
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle


def importance(of: Mapping[str, float], *, moves: str, unit: str) -> Section:
    """How far each column moves what is predicted: `moves` in words, in units of `unit`."""
    return Section(
        title="Importance",
        text=f"How far each column moves {moves} on average, without regard to direction.",
        charts=(charts.bars(dict(of), axis=f"mean absolute contribution, {unit}"),),
    )


def profile(bundle: Bundle) -> Section:
    """The data that was learned from, as the bundle describes it."""
    described = bundle.json(PROFILE, Profile)
    return profiles.section(described, f"The {described.rows:,} rows that were learned from.")
