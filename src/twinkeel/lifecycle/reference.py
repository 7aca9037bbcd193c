"""Reference: the version's own answers to the cases that judged it before it was released.

Owns what calls are compared with; it never moves. Refuses a version that nobody judged, and knows
only the inputs that events may hold.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from twinkeel.config import Config
from twinkeel.errors import Refused
from twinkeel.kinds.base import Kind
from twinkeel.kinds.signals import Calls, Score, Series
from twinkeel.lifecycle.shelf import Held
from twinkeel.lifecycle.traffic import Reference, Scored
from twinkeel.records import Cases, Release
from twinkeel.stats.bins import Bins, as_numbers, number_bins, text_bins
from twinkeel.store.store import Store

_MOST = 10_000
"""Cases that are answered; of more, evenly many."""


def reference(
    config: Config, store: Store, release: Release, held: Held, kind: Kind[Any]
) -> Reference:
    """The version's answers to the cases of its last evaluation before the release."""
    judged = store.evaluations(held.ref)
    before = [one for one in judged if one.created <= release.at] or judged[-1:]
    if not before:
        raise Refused(
            f"{held.ref} was never judged, so there is nothing to compare its calls with: run "
            f"twinkeel evaluate {held.ref}."
        )
    cases = msgspec.json.decode(store.get_object(before[0].cases_digest), type=Cases)
    index = range(0, len(cases), max(1, math.ceil(len(cases) / _MOST)))
    inputs = {name: [values[i] for i in index] for name, values in cases.inputs.items()}
    rows = [{name: values[i] for name, values in inputs.items()} for i in range(len(index))]
    answers = held.servable.call(rows)
    names = stored_inputs(config, held)
    known = {name: values for name, values in inputs.items() if name in names}
    calls = Calls(
        signature=held.servable.signature,
        inputs=known,
        outputs=[one.values for one in answers],
        warnings=[len(one.warnings) for one in answers],
    )
    expected = [cases.expected[i] for i in index]
    found = kind.losses(calls, expected)
    return Reference(
        calls=calls,
        series=tuple(kind.signals(calls)),
        losses=None if found is None else as_numbers(found),
        scores=tuple(scored(one, len(calls)) for one in kind.scores(calls, expected)),
        unit=np.unique([cases.units[i] for i in index], return_inverse=True)[1],
    )


def scored(one: Score, n: int) -> Scored:
    """A kind's score of n calls as numbers, NaN where it says nothing."""
    nothing = np.full(n, np.nan)
    expected, found = (nothing if v is None else as_numbers(v) for v in (one.expected, one.found))
    return Scored(one.name, one.form, expected, found)


def stored_inputs(config: Config, held: Held) -> frozenset[str]:
    """The inputs that events of this version hold."""
    if not config.events.inputs:
        return frozenset()
    return held.inputs if config.events.sensitive else held.open_inputs


def bins_of(one: Series) -> Bins:
    """The bins of what is watched, made of the reference alone."""
    return number_bins(one.values) if one.form == "number" else text_bins(list(one.values))
