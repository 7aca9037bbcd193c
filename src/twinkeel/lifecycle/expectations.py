"""Holding a source to what is expected of it, before anything is learned from it.

Every row is judged, also those that a sample leaves out.
"""

from __future__ import annotations

import datetime as dt

from twinkeel.data.expectations import violations
from twinkeel.data.sources import Source
from twinkeel.errors import ContractError
from twinkeel.records import Expectations


def held_to(source: Source, expected: Expectations | None) -> tuple[str, ...]:
    """What the source breaks, a sentence each; raises ContractError where that stops a build."""
    if expected is None:
        return ()
    now = dt.datetime.now(dt.UTC)
    sample = source.table()
    every = (sample,) if source.rows == len(sample) else source.batches()
    found = violations(sample, every, expected, source=source.name, now=now)
    if found and expected.on_violation == "stop":
        what = "an expectation" if len(found) == 1 else f"{len(found)} expectations"
        raise ContractError(
            f"{source.name} breaks {what}: {' '.join(found)} Correct the data, or set "
            f'on_violation = "report" in [sources.{source.name}.expect].'
        )
    return tuple(f"{source.name} breaks an expectation: {one}" for one in found)
