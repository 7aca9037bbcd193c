"""Rehearse: a build's gates on its cases, before anything is learned.

A kind may say what evidence a version of middling quality would give on its cases. Then a gate on
a score that does not exist, or a function of the project's own under the name of one that does,
stops the build before it begins, and a gate that so few cases can hardly judge is told with how
many cases it would take.
"""

from __future__ import annotations

import math
from typing import Any

from twinkeel import gates
from twinkeel.checks.registry import TOO_FEW
from twinkeel.errors import ConfigError
from twinkeel.kinds.base import Task
from twinkeel.lifecycle.components import Component
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Cases, Finding, Gate, Score, Scorecard

_WORK = 400_000
"""Cases times resamples: widths need no more."""
_WIDE = 0.5
"""An interval that reaches further than this share of the way from the bound to the best score
makes the gate a matter of luck."""
_FINE = 0.25
"""The share that is good enough."""


def rehearse(what: Component, task: Task[Any], cases: Cases) -> list[Finding]:
    """What the cases can hardly judge of what the gates ask.

    Raises ConfigError for a gate on a score that no version has, and as `Component.measures`,
    where the kind can know.
    """
    asked = what.gates or what.options.own_code
    evidence = what.kind.rehearse(task, cases) if asked else None
    if evidence is None:
        return []
    measures = what.measures(evidence)
    if not what.gates:
        return []
    resamples = min(max(_WORK // max(len(cases), 1), 20), 200)
    card = scorecard(measures, evidence, resamples=resamples)
    bounds = {measure.name: measure.bounds for measure in measures}
    told = (_judgeable(what, gate, card, bounds) for gate in what.gates)
    found = [finding for finding in told if finding is not None]
    return [] if TOO_FEW in what.options.allowed_checks else found


def _judgeable(
    what: Component, gate: Gate, card: Scorecard, bounds: dict[str, tuple[float, float]]
) -> Finding | None:
    try:
        gates.judge(gate, card, None)
    except ConfigError as error:
        raise ConfigError(
            f"{error} Nothing was built: correct [components.{what.name}.gates]."
        ) from None
    score = card.get(gate.key)
    if score is None or (score.note or "").startswith("cannot judge"):
        why = "no case is in it" if score is None else score.note
        said = f"the gate {gate.key} cannot be judged ({why}), so no version can be released"
        return _too_few(gate, said, 0 if score is None else score.n, None)
    if gate.test == "not worse by" or score.timing:
        return None
    return _wide(gate, score, bounds.get(score.name, (-math.inf, math.inf)))


def _wide(gate: Gate, score: Score, bounds: tuple[float, float]) -> Finding | None:
    """A finding where the interval is wide beside the room that the gate leaves."""
    if score.value is None or score.low is None or score.high is None:
        return None
    best = bounds[1] if gate.test == ">=" else bounds[0]
    room = abs((best if math.isfinite(best) else 0.0) - gate.bound)
    half = max(score.high - score.value, score.value - score.low)
    if room == 0 or half <= _WIDE * room:
        return None
    sign = 1 if gate.test == ">=" else -1
    needed = _rounded(score.n * (half / (_FINE * room)) ** 2)
    passing = gate.bound + sign * half
    who = "no version" if half >= room and math.isfinite(best) else f"only one of {passing:.3g}"
    said = (
        f"the gate {gate.key} {gate.text} rests on {score.n:,} cases, where an interval reaches "
        f"about {half:.2g} to each side, so {who} would surely pass; with about {needed:,} cases "
        f"one of {gate.bound + sign * _FINE * room:.3g} would"
    )
    return _too_few(gate, said, score.n, needed)


def _too_few(gate: Gate, said: str, n: int, needed: int | None) -> Finding:
    return Finding(
        check=TOO_FEW,
        found=said,
        key=f"more rows, or another gate than {gate.key}",
        numbers={"gate": gate.key, "n": n, "needed": needed},
    )


def _rounded(cases: float) -> int:
    """Two digits, upwards."""
    step = 10.0 ** max(0, math.floor(math.log10(max(cases, 1))) - 1)
    return int(math.ceil(cases / step) * step)
