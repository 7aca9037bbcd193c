"""Trusted cases: what judges a candidate that learned from labelled calls, whoever sent the labels.

They are the cases that judged the newest version that learned from the source alone, as they were
stored then: no label of a call is among them, and none can change them. What learns from calls does
not learn from them. It may not be worse there than production, nor than that version: many small
losses do not add up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from twinkeel.errors import Refused, UnknownName
from twinkeel.kinds.base import Remedy
from twinkeel.lifecycle.choose import Price, gained, told
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Score, Version, VersionRef
from twinkeel.store.store import Store

CALLS = "events"
"""The place of rows that calls have added, as in `Origin.place`."""


@dataclass(frozen=True)
class Answered:
    """What a version answered to the trusted cases."""

    evidence: Evidence
    measures: Sequence[Measure]


@dataclass(frozen=True)
class Trusted:
    """The version that no call has taught, and the cases that judged it."""

    version: Version
    cases: Cases


def trusted(store: Store, version: Version, remedies: Sequence[Remedy[Any]]) -> Trusted:
    """What can be trusted of `version` and its ancestors; raises Refused where nothing is left."""
    going_on = {one.name for one in remedies if one.inherits}
    for one in _line(store, version):
        judged = [] if _taught(store, one, going_on) else store.evaluations(one.ref)
        if judged:
            data = store.get_object(judged[-1].cases_digest)
            return Trusted(one, msgspec.json.decode(data, type=Cases))
    raise Refused(
        f"No version of {version.component} is left that learned from its source alone, so no case "
        "can be trusted to judge what learns from calls: run twinkeel build "
        f"{version.component} and release that, or set calls = false."
    )


def objection(
    candidate: Answered, other: Answered, price: Price, keys: Sequence[str], *, than: str
) -> str | None:
    """How a candidate does worse than another version, named `than`; None if in no score.

    `keys` are the scores that decide. A gate `not worse by` must pass here too: the whole interval
    of the difference lies within what it allows. Any other score may not surely be worse.
    """
    found = gained(candidate.measures, other.measures, candidate.evidence, keys)
    unknown = [key for key in keys if key not in found and price.allowed(key) is not None]
    if unknown:
        return f"may be worse than {than}: no trusted case is in {unknown[0]}, which has a gate"
    said = ((_worse(gain, price.allowed(gain.key)), gain) for gain in found.values())
    return next((f"{how} than {than}: {told(gain)}" for how, gain in said if how), None)


def _worse(gain: Score, allowed: float | None) -> str | None:
    if gain.high is not None and gain.high < -(allowed or 0.0):
        return "is worse"
    if allowed is not None and (gain.low is None or gain.low < -allowed):
        return f"may be worse by more than {allowed:g}"
    return None


def _line(store: Store, version: Version) -> Iterator[Version]:
    """The version, what it was made from, and so on."""
    found: Version | None = version
    while found is not None:
        yield found
        remedy = found.lineage.remedy
        found = None if remedy is None else _earlier(store, remedy.of)


def _earlier(store: Store, ref: str) -> Version | None:
    try:
        return store.version(VersionRef.parse(ref))
    except UnknownName:  # gc took it
        return None


def _taught(store: Store, version: Version, going_on: Collection[str]) -> bool:
    """Whether calls taught it, or what it goes on from."""
    if any(origin.place == CALLS for origin in version.lineage.origins):
        return True
    remedy = version.lineage.remedy
    if remedy is None or remedy.name not in going_on:
        return False
    before = _earlier(store, remedy.of)
    return before is None or _taught(store, before, going_on)
