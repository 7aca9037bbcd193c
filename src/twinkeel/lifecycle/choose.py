"""Choosing among candidates that were judged on the same cases: which one is worth it, and why.

Pure. The cheapest is looked at first, and each dearer one must pay for itself: it is taken if it
gains enough over what is taken so far, is not surely worse than that, or than production, on any
score that decides, and passes the gates. Refuses to decide by a gain that may be chance, and what
trusted cases speak against.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from twinkeel import gates
from twinkeel.metrics.measure import Measure
from twinkeel.metrics.scorecard import differences
from twinkeel.records import KEEP, Compared, Evidence, Fate, Gate, Score, Scorecard, Verdict

PAIRED = "not worse by"
"""The test of a gate that allows a score to be so much worse than production's."""


@dataclass(frozen=True)
class Tried:
    """A candidate with its answers to the cases; production is one as well."""

    name: str
    text: str
    card: Scorecard
    evidence: Evidence
    measures: Sequence[Measure]
    seconds: float = 0.0
    objection: str | None = None
    """Why it may not replace production whatever it gains, in a sentence without its subject."""


@dataclass(frozen=True)
class Impossible:
    """A candidate that could not be made from this data."""

    name: str
    text: str
    why: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Price:
    """What decides."""

    gates: tuple[Gate, ...]
    worth: float
    score: str | None = None
    """The one score that must gain; None takes any that has a gate."""

    def keys(self, production: Tried) -> tuple[str, ...]:
        """The scores that decide, the main one first."""
        timed = {score.key for score in production.card.scores if score.timing}
        found = [gate.key for gate in self.gates if gate.key not in timed]
        if self.score is not None:
            found.insert(0, self.score)
        return tuple(dict.fromkeys(found)) or (production.measures[0].name,)

    def allowed(self, key: str) -> float | None:
        """By how much a score may be worse than production's; None where no gate says."""
        paired = (gate.bound for gate in self.gates if gate.key == key and gate.test == PAIRED)
        return next(paired, None)

    def decisive(self, measures: Sequence[Measure], evidence: Evidence) -> Sequence[Measure]:
        """Those of the measures that decide; all of them where a name is none that there is."""
        names = {gate.key.partition("[")[0] for gate in self.gates} - evidence.timings.keys()
        names |= set() if self.score is None else {self.score}
        if not names <= {measure.name for measure in measures}:
            return measures
        return [measure for measure in measures if measure.name in names] or measures[:1]


@dataclass(frozen=True)
class Choice:
    """All candidates with their fate, and the one that was chosen."""

    table: tuple[Compared, ...]
    chosen: str
    why: str


def gained(
    ours: Sequence[Measure], theirs: Sequence[Measure], evidence: Evidence, keys: Collection[str]
) -> dict[str, Score]:
    """By key, of these alone, how much better one side is than the other on the same cases."""
    names = {key.partition("[")[0] for key in keys}
    sides = [[one for one in side if one.name in names] for side in (ours, theirs)]
    found = differences(sides[0], sides[1], evidence)
    return {key: found[key] for key in keys if key in found}


def choose(production: Tried, candidates: Sequence[Tried | Impossible], price: Price) -> Choice:
    """The cheapest candidate that nothing dearer outdoes; `candidates` are cheapest first."""
    climb = _Climb(production, price)
    for one in candidates:
        climb.look(one)
    return climb.choice()


@dataclass
class _Climb:
    """Production, and what has been taken in its place so far."""

    production: Tried
    price: Price
    table: dict[str, Compared] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = self.price.keys(self.production)
        self.taken = self.production
        kept = self._row(self.production, {}, _verdicts(self.price, self.production, None))
        self._settle(kept, "chosen", "It is in production.")

    def look(self, one: Tried | Impossible) -> None:
        """Judge a candidate beside production and what is taken so far."""
        if isinstance(one, Impossible):
            row = Compared(name=one.name, text=one.text, fate="impossible", reason=one.why,
                          seconds=one.seconds)  # fmt: skip
            self.table[one.name] = row
            return
        gains = self._gains(one, self.production)
        row = self._row(one, gains, _verdicts(self.price, one, gains))
        more = gains if self.taken is self.production else self._gains(one, self.taken)
        gain = self._worth(more) or self._mended(row)
        unpassed = [verdict.sentence for verdict in _unpassed(row)]
        if worse := _lost(gains):
            self._settle(row, "worse", f"It is worse than production: {told(worse[0])}.")
        elif worse := _lost(more):
            why = f"It is worse than {self.taken.name}: {told(worse[0])}."
            self._settle(row, "not worth it", why)
        elif gain is None:
            self._settle(row, "not worth it", self._too_little(more))
        elif one.objection is not None:
            self._settle(row, "held back", f"{gain}, but {one.objection}")
        elif unpassed:
            self._settle(row, "held back", f"{gain}, but {' '.join(unpassed)}")
        else:
            self._settle(self.table[self.taken.name], "outdone", f"{one.name} is better: {gain}.")
            self._settle(row, "chosen", f"It is worth it: {gain}.")
            self.taken = one

    def choice(self) -> Choice:
        """What it has come to."""
        chosen = self.table[self.taken.name]
        why = chosen.reason
        if chosen.name == KEEP:
            held = [one for one in self.table.values() if one.fate == "held back"]
            why = "Nothing is worth replacing production."
            if held:
                why = f"Nothing may replace production. {held[0].name}: {held[0].reason}"
        return Choice(tuple(self.table.values()), chosen.name, why)

    def _settle(self, row: Compared, fate: Fate, reason: str) -> None:
        self.table[row.name] = msgspec.structs.replace(row, fate=fate, reason=reason)

    def _row(
        self, one: Tried, gains: Mapping[str, Score], verdicts: tuple[Verdict, ...]
    ) -> Compared:
        scores = (one.card.get(key) for key in self.keys)
        return Compared(
            name=one.name,
            text=one.text,
            seconds=one.seconds,
            scores=tuple(score for score in scores if score is not None),
            gains=tuple(gains[key] for key in self.keys if key in gains),
            verdicts=verdicts,
            fate="not worth it",
            reason="",
        )

    def _gains(self, one: Tried, other: Tried) -> dict[str, Score]:
        """By key, how much better `one` is than `other`, on the scores that decide."""
        return gained(one.measures, other.measures, one.evidence, self.keys)

    def _worth(self, gains: Mapping[str, Score]) -> str | None:
        """The first gain that is sure and large enough, in words."""
        wanted = self.keys if self.price.score is None else (self.price.score,)
        for key in wanted:
            gain = gains.get(key)
            if gain is None or gain.value is None or gain.low is None:
                continue
            if gain.low > 0 and gain.value >= self.price.worth:
                return told(gain)
        return None

    def _mended(self, row: Compared) -> str | None:
        """The first gate that it passes where what is taken does not, in words."""
        unpassed = {verdict.gate.key for verdict in _unpassed(self.table[self.taken.name])}
        mended = [one for one in row.verdicts if one.gate.key in unpassed]
        passed = [one for one in mended if one.outcome == "pass" and one.gate.test != PAIRED]
        return passed[0].sentence.rstrip(".") if passed else None

    def _too_little(self, gains: Mapping[str, Score]) -> str:
        main = gains.get(self.price.score or self.keys[0])
        than = "production" if self.taken is self.production else self.taken.name
        if main is None or main.value is None:
            return f"It cannot be compared with {than}: {main.note if main else 'no such score'}."
        if main.low is not None and main.low > 0:
            return f"It gains less over {than} than the {self.price.worth:g} stated: {told(main)}."
        return f"That it is better than {than} is not sure: {told(main)}."


def _verdicts(price: Price, one: Tried, gains: Mapping[str, Score] | None) -> tuple[Verdict, ...]:
    return tuple(gates.judge(gate, one.card, gains) for gate in price.gates)


def _unpassed(row: Compared) -> Iterator[Verdict]:
    return (one for one in row.verdicts if one.outcome in ("fail", "inconclusive"))


def _lost(gains: Mapping[str, Score]) -> list[Score]:
    """The scores that are surely worse."""
    return [gain for gain in gains.values() if gain.high is not None and gain.high < 0]


def told(gain: Score) -> str:
    """`log_loss +0.012 (+0.004 to +0.02, n=400)`; positive is better."""
    if gain.value is None:
        return gain.key
    if gain.low is None or gain.high is None:
        return f"{gain.key} {gain.value:+.3g} (n={gain.n:,})"
    return f"{gain.key} {gain.value:+.3g} ({gain.low:+.3g} to {gain.high:+.3g}, n={gain.n:,})"
