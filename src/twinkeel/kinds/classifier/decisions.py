"""Sections of a classifier's report on what is decided, what that costs, and on its sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinkeel.kinds.classifier.evaluate import (
    decision_rule,
    expected_index,
    members,
    probabilities,
)
from twinkeel.learn.decide import CONFIDENCE, NEVER
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.metrics import curves
from twinkeel.metrics.classification import DecisionRule, money
from twinkeel.metrics.curves import Curve
from twinkeel.records import Evidence
from twinkeel.report import charts
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Chart, Section, Table
from twinkeel.stats.bootstrap import Floats


def decision(predictor: ClassPredictor, evidence: Evidence) -> Section:
    """How a class is chosen, and what other thresholds would come to on the cases."""
    rule = decision_rule(evidence)
    drawn = _drawn(rule, evidence) if rule.binary else ()
    text = " ".join(_sentences(predictor))
    if rule.costs is None:
        return Section(title="Decision", text=text, charts=drawn)
    named = zip(rule.classes, rule.costs.tolist(), strict=True)
    columns = ("true class", *(f"decide {name}" for name in rule.classes))
    table = Table(columns=columns, rows=tuple((name, *row) for name, row in named))
    return Section(title="The decision's money", text=text, table=table, charts=drawn)


def sets(evidence: Evidence) -> Section | None:
    """Whether the sets hold the true class, by class and by group; None of versions without."""
    inside = members(evidence)
    if inside is None:
        return None
    expected = expected_index(evidence)
    known = {name: expected == k for k, name in enumerate(evidence.context["classes"])}
    parts = {"all cases": np.ones(len(expected), dtype=bool)}
    parts |= {f"class {name}": among for name, among in known.items()}
    for column, values in evidence.slices.items():
        of = np.asarray(values, dtype=object)
        for value in sorted(set(values)):
            group = f"{column}={value}"
            parts[group] = of == value
            parts |= {f"class {k}, {group}": among & (of == value) for k, among in known.items()}
    rows = tuple(
        _row(name, inside[among], expected[among]) for name, among in parts.items() if among.any()
    )
    level = evidence.context["coverage"]
    return Section(
        title="Sets",
        text=f"They are to hold the true class of {level:.0%} of the cases. Without case weights.",
        table=Table(columns=("cases", "n", "coverage", "mean size", "one class"), rows=rows),
    )


def _row(name: str, inside: NDArray[np.bool_], expected: NDArray[np.intp]) -> tuple[object, ...]:
    held = inside[np.arange(len(expected)), expected] & (expected >= 0)
    size = inside.sum(axis=1)
    return (name, len(size), shown(held.mean()), shown(size.mean()), shown((size == 1).mean()))


def _sentences(predictor: ClassPredictor) -> list[str]:
    rule = predictor.card.decision
    if rule.threshold is not None and rule.threshold >= NEVER:
        found = [f"{predictor.positive} is never decided."]
    elif rule.threshold is not None:
        found = [f"{predictor.positive} is decided from a probability of {rule.threshold:.3f} on."]
    elif rule.costs is not None:
        found = ["The class of the least expected cost is decided."]
    else:
        found = ["The most probable class is decided."]
    if rule.review is not None:
        found.append(f"A row that is expected to cost more than {rule.review:g} goes to a person.")
    if rule.support is not None:
        found.append(
            f"A row whose class is less probable than {min(rule.support, 1.0):.3f} goes to a "
            f"person: so the stated risk is kept with {CONFIDENCE:.0%} confidence."
        )
    return found


def _drawn(rule: DecisionRule, evidence: Evidence) -> tuple[Chart, ...]:
    """Money by threshold where there are costs, else shares."""
    score = probabilities(evidence)[:, rule.about]
    expected = expected_index(evidence)
    weight = None if evidence.weight is None else np.asarray(evidence.weight, dtype=np.float64)
    if rule.costs is not None:
        every = [np.full(len(expected), k, dtype=np.intp) for k in (rule.about, 1 - rule.about)]
        acted, otherwise = (money(expected, one, rule.costs, rule.review) for one in every)
        lines = {"money": curves.by_threshold(score, acted, otherwise, weight=weight)}
        axis = "mean cost of a decision"
    else:
        lines = _shares(score, (expected == rule.about).astype(np.float64), weight)
        axis = "share"
    name = rule.classes[rule.about]
    return (charts.thresholds(lines, chosen=rule.threshold, of=name, axis=axis),)


def _shares(score: Floats, positive: Floats, weight: Floats | None) -> dict[str, Curve]:
    none = np.zeros(len(score))
    acted = curves.by_threshold(score, none + 1, none, weight=weight)
    hits = np.asarray(curves.by_threshold(score, positive, none, weight=weight).y)
    some = np.asarray(acted.y) > 0
    at = np.asarray(acted.x)
    return {
        "acted upon": acted,
        "recall": Curve(acted.x, (hits / max(hits[0], np.finfo(float).tiny)).tolist()),
        "precision": Curve(at[some].tolist(), (hits[some] / np.asarray(acted.y)[some]).tolist()),
    }
