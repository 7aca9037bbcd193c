"""Configurations near one that works: the same family with some settings moved at random.

A name says all: `lightgbm-3` is the third configuration near `lightgbm`, `lightgbm-3-1` the first
near that one, with the same settings in every search. So a search that was killed finds its steps,
and a member can be learned again by its name alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinkeel.learn.families.base import Family, Setting, Settings, Span

_MOVED = 0.5
"""How likely each setting is moved; one always is."""
_STEP = 0.2
"""Standard deviation of a move, as a share of the span."""


@dataclass(frozen=True)
class Candidate:
    """One configuration of one family."""

    name: str
    """Names its steps: lower case letters, digits and dashes, no number after the last dash unless
    it is near another one."""
    family: Family
    settings: Settings
    share: float = 1.0
    """How much of the time left it may take, for what comes later to have a chance."""


def near(parent: Candidate, number: int) -> Candidate:
    """The configuration near `parent` of this number, from 1; its family has spans."""
    name = f"{parent.name}-{number}"
    rng = np.random.default_rng(list(name.encode()))
    settings = dict(parent.settings)
    while settings == dict(parent.settings):  # a move may end where it began, as at a span's end
        settings |= _moves(parent, rng)
    return Candidate(name, parent.family, settings)


def _moves(parent: Candidate, rng: np.random.Generator) -> dict[str, Setting]:
    """Other values for some of the settings."""
    spans = parent.family.spans
    moved = rng.random(len(spans)) < _MOVED
    moved[rng.integers(len(spans))] = True
    return {
        key: _moved(spans[key], parent.settings.get(key), rng)
        for key, move in zip(sorted(spans), moved, strict=True)
        if move
    }


def _moved(span: Span, value: Setting | None, rng: np.random.Generator) -> Setting:
    """Another value within the span, near the given one if there is one."""
    if value is None:
        return span.at(rng.random())
    place = span.place(float(value)) + rng.normal(0, _STEP)
    return span.at(float(np.clip(place, 0.0, 1.0)))
