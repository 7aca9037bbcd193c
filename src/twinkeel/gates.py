"""Gates: conditions on scores that a version must meet before it is released. Pure.

A gate passes when the whole 95% interval meets it, fails when the whole interval does not, and
is inconclusive otherwise, with about how many cases would decide. What has no value or no
interval never passes. Refused: any grammar beyond `>= 0.80`, `<= 0.45` and `not worse by 0.005`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping

from twinkeel.errors import ConfigError
from twinkeel.records import Gate, Outcome, Score, Scorecard, Verdict

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_@.-]*)(?:\[(.+)\])?")
_NUMBER = r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_TEST = re.compile(rf"\s*(>=|<=|not\s+worse\s+by)\s*{_NUMBER}\s*")
_FORMS = '">= 0.80", "<= 0.45" or "not worse by 0.005"'
_WORDS = {
    (">=", "pass"): "is at least",
    (">=", "fail"): "is below",
    (">=", "inconclusive"): "may be above or below",
    ("<=", "pass"): "is at most",
    ("<=", "fail"): "is above",
    ("<=", "inconclusive"): "may be above or below",
    ("not worse by", "pass"): "is not worse by",
    ("not worse by", "fail"): "is worse by more than",
    ("not worse by", "inconclusive"): "may or may not be worse by",
}


def parse(key: str, text: str) -> Gate:
    """A gate from its line in `twinkeel.toml`, `key = "text"`; raises ConfigError."""
    if _KEY.fullmatch(key) is None:
        raise ConfigError(
            f"gates: {key!r} is not the name of a score: expected roc_auc, or one slice of it "
            "as roc_auc[gender=Female]."
        )
    match = _TEST.fullmatch(text)
    if match is None or not math.isfinite(float(match[2])):
        raise ConfigError(f"gate {key}: {text!r} is not a condition: expected {_FORMS}.")
    bound = float(match[2])
    if match[1] in (">=", "<="):
        return Gate(key=key, test=">=" if match[1] == ">=" else "<=", bound=bound)
    if bound < 0:
        raise ConfigError(f"gate {key}: the margin must be 0 or more, not {match[2]}.")
    return Gate(key=key, test="not worse by", bound=bound)


def judge(
    gate: Gate,
    scorecard: Scorecard,
    differences: Mapping[str, Score] | None,
    *,
    standing: str | None = None,
) -> Verdict:
    """What `gate` says of a version with this scorecard.

    `differences` are the paired ones from production, by key, positive where the version is
    better; None while there is nothing else in production, where `standing` names the version
    itself if it is what is in production. Raises ConfigError with the nearest names if
    the scorecard has no such score.
    """
    known = scorecard.get(gate.key)
    absent = None if known is not None else _absent(gate.key, scorecard)
    if absent is not None:
        return _undecided(gate, None, absent)
    if gate.test != "not worse by":
        return _decide(gate, known)
    if known is not None and known.timing:
        raise ConfigError(
            f"gate {gate.key}: a timing cannot be compared case by case: expected "
            f'">= number" or "<= number", not "{gate.text}".'
        )
    if differences is None:
        why = "there is nothing in production to compare with yet"
        if standing is not None:
            why = f"{standing} is in production itself, so there is nothing to compare it with"
        sentence = f"{gate.key}: {why}."
        return Verdict(gate=gate, outcome="not applicable", score=None, sentence=sentence)
    return _decide(gate, differences.get(gate.key))


def _absent(key: str, scorecard: Scorecard) -> str:
    """Why there is no such score although the name is right; raises ConfigError if it is not."""
    keys = [score.key for score in scorecard.scores]
    match = _KEY.fullmatch(key)
    name, part = (match[1], match[2]) if match else (key, None)
    column = part.partition("=")[0] if part and "=" in part else None
    values = [k for k in keys if column and k.startswith(f"{name}[{column}=")]
    if values:
        return f"there is no case with {part}; there is {_listed(values[:8])}"
    if column and name in keys:
        raise ConfigError(f"gate {key}: {_undivided(name, column, keys)}")
    near = difflib.get_close_matches(key, keys, n=3, cutoff=0.6)
    if near:
        raise ConfigError(f"gate {key}: there is no such score; did you mean {_listed(near)}?")
    plain = [score.key for score in scorecard.scores if "=" not in score.key]
    raise ConfigError(f"gate {key}: there is no such score; there is {_listed(plain) or 'none'}.")


def _undivided(name: str, column: str, keys: list[str]) -> str:
    """Why a score that there is has no part for a column."""
    divided = sorted({key.partition("[")[2].partition("=")[0] for key in keys if "=" in key})
    if column in divided:
        return f"{name} has no score of groups of {column}."
    near = difflib.get_close_matches(column, divided, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else "name the column in sensitive."
    return f"there are no groups of {column}; {hint}"


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:-1]) + (" or " if len(keys) > 1 else "") + "".join(keys[-1:])


def _decide(gate: Gate, score: Score | None) -> Verdict:
    if score is None:
        return _undecided(gate, None, "it could not be compared with production")
    value, low, high = score.value, score.low, score.high
    if value is None or low is None or high is None or not _sound(low, value, high):
        return _undecided(gate, score, score.note or "it has no value or no interval")
    bound = -gate.bound if gate.test == "not worse by" else gate.bound
    outcome = _outcome(gate, (low, high), bound)
    needed = _needed(score.n, value, (low, high), bound) if outcome == "inconclusive" else None
    return Verdict(
        gate=gate,
        outcome=outcome,
        score=score,
        sentence=_sentence(gate, score, outcome, needed),
        needed=needed,
    )


def _undecided(gate: Gate, score: Score | None, why: str) -> Verdict:
    sentence = f"{gate.key}: {why.rstrip('.')}."
    return Verdict(gate=gate, outcome="inconclusive", score=score, sentence=sentence)


def _sound(*numbers: float) -> bool:
    return all(map(math.isfinite, numbers)) and list(numbers) == sorted(numbers)


def _outcome(gate: Gate, interval: tuple[float, float], bound: float) -> Outcome:
    low, high = interval
    if gate.test == "<=":
        low, high, bound = -high, -low, -bound
    if low >= bound:
        return "pass"
    return "fail" if high < bound else "inconclusive"


def _needed(n: int, value: float, interval: tuple[float, float], bound: float) -> int | None:
    """Cases after which the interval would leave the bound out, to two digits.

    It shrinks about as 1/sqrt(n) around its value. None where the value is on the bound, or
    so near that no number of cases that anyone has would decide.
    """
    distance = abs(value - bound)
    half = interval[1] - value if bound > value else value - interval[0]
    if half == 0 or half >= distance * 1e5:
        return None
    cases = n * (half / distance) ** 2
    step = 10.0 ** max(0, math.floor(math.log10(cases)) - 1)
    return int(math.ceil(max(cases, n + 1) / step) * step)


def _sentence(gate: Gate, score: Score, outcome: Outcome, needed: int | None) -> str:
    assert score.value is not None
    assert score.low is not None
    assert score.high is not None
    ends = (score.value, score.low, score.high)
    paired = gate.test == "not worse by"
    bound = -gate.bound if paired else gate.bound
    value, low, high = (_shown(number, bound, signed=paired) for number in ends)
    measured = f"{value} ({low} to {high}, n={score.n:,})"
    if paired:
        measured = f"against production {value} ({low} to {high}, + is better, n={score.n:,})"
    end = "."
    if outcome == "inconclusive":
        end = f": about {needed:,} cases would decide." if needed else ": it is too close to tell."
    return f"{gate.key} {measured} {_WORDS[gate.test, outcome]} {_bound(gate.bound)}{end}"


def _shown(number: float, bound: float, *, signed: bool) -> str:
    """A number in three decimals, or in as many as set it apart from the bound."""
    digits = 3 if abs(number) < 100 else 1
    while digits < 9 and number != bound and round(number, digits) == round(bound, digits):
        digits += 1
    return f"{number:{'+' if signed else ''},.{digits}f}"


def _bound(bound: float) -> str:
    """A bound as a person would write it: 0.80, 0.005, 20."""
    if bound == int(bound):
        return f"{bound:,.0f}"
    short = f"{bound:.2f}"
    return short if float(short) == bound else f"{bound:.10g}"
