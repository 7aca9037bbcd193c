"""The classifier's measures against scikit-learn, two classes and more, plain and weighted."""

import numpy as np
import pytest
from sklearn import metrics as sk

from twinkeel.metrics.classification import DecisionRule, measures
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Evidence

N = 400


def evidence(weight=None, slices=None, n=N):
    names = tuple(f"{i:04d}" for i in range(n))
    return Evidence(
        ids=names,
        units=names,
        expected=[],
        outputs={},
        slices=slices or {},
        weight=None if weight is None else list(weight),
    )


def judged(k, seed=0):
    """Classes and rounded probabilities, so that scores tie."""
    random = np.random.default_rng(seed)
    raw = np.round(random.dirichlet(np.ones(k), size=N), 2) + 0.01
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    drawn = (probabilities.cumsum(axis=1) > random.random((N, 1))).argmax(axis=1)
    return drawn, probabilities, random.integers(0, 4, N).astype(float)


def values(expected, probabilities, rule, weight):
    made = measures(expected, probabilities, rule=rule, slices={})
    card = scorecard(made, evidence(weight), resamples=50)
    return {score.key: score.value for score in card.scores}


@pytest.mark.parametrize("weighted", [False, True])
def test_two_classes_score_as_in_scikit_learn(weighted):
    expected, probabilities, drawn = judged(2)
    weight = drawn if weighted else None
    rule = DecisionRule(("No", "Yes"), positive=1, threshold=0.4)

    ours = values(expected, probabilities, rule, weight)

    up, decided = probabilities[:, 1], (probabilities[:, 1] >= 0.4).astype(int)
    w = {"sample_weight": weight}
    assert ours == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(expected, up, **w),
            "average_precision": sk.average_precision_score(expected, up, **w),
            "log_loss": sk.log_loss(expected, probabilities, **w),
            "brier": sk.brier_score_loss(expected, up, **w),
            "calibration_error": ours["calibration_error"],
            "accuracy": sk.accuracy_score(expected, decided, **w),
            "balanced_accuracy": sk.balanced_accuracy_score(expected, decided, **w),
            "f1": sk.f1_score(expected, decided, **w),
            "precision": sk.precision_score(expected, decided, **w),
            "recall": sk.recall_score(expected, decided, **w),
            "acted_share": np.average(decided, weights=weight),
        },
        abs=1e-12,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_four_classes_score_as_in_scikit_learn(weighted):
    expected, probabilities, drawn = judged(4)
    weight = drawn if weighted else None

    ours = values(expected, probabilities, DecisionRule(tuple("abcd")), weight)

    truth, decided = np.eye(4)[expected], probabilities.argmax(axis=1)
    w = {"sample_weight": weight}
    assert ours == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(truth, probabilities, average="macro", **w),
            "average_precision": sk.average_precision_score(truth, probabilities, **w),
            "log_loss": sk.log_loss(expected, probabilities, **w),
            "brier": sk.brier_score_loss(expected, probabilities, labels=[0, 1, 2, 3], **w),
            "calibration_error": ours["calibration_error"],
            "accuracy": sk.accuracy_score(expected, decided, **w),
            "balanced_accuracy": sk.balanced_accuracy_score(expected, decided, **w),
            "f1": sk.f1_score(expected, decided, average="macro", **w),
        },
        abs=1e-12,
    )


def test_the_first_class_may_be_the_positive_one():
    expected, probabilities, _ = judged(2)
    first = values(expected, probabilities, DecisionRule(("Yes", "No"), positive=0), None)

    flipped = values(1 - expected, probabilities[:, ::-1], DecisionRule(("No", "Yes")), None)

    assert first == pytest.approx(flipped, abs=1e-12)


def test_cost_is_the_mean_of_what_each_decision_costs():
    expected, probabilities, _ = judged(3)
    costs = np.array([[0, 1, 2], [10, 0, 1], [50, 5, 0]], dtype=float)
    rule = DecisionRule(tuple("abc"), costs=costs)

    ours = values(expected, probabilities, rule, None)

    decided = rule.decide(probabilities)
    spent = [costs[true, chosen] for true, chosen in zip(expected, decided, strict=True)]
    assert ours["cost"] == pytest.approx(np.mean(spent))
    least = (probabilities[:, :, None] * costs).sum(axis=1).min(axis=1)
    assert (probabilities @ costs)[np.arange(N), decided] == pytest.approx(least)


def test_a_certain_wrong_answer_costs_a_large_but_finite_loss():
    expected = np.array([0, 1] * 20)
    probabilities = np.tile([[0.0, 1.0]], (40, 1))
    made = measures(expected, probabilities, rule=DecisionRule(("a", "b")), slices={})

    loss = scorecard(made, evidence(n=40), resamples=50).get("log_loss")

    assert loss.value == pytest.approx(sk.log_loss(expected, probabilities))
    assert loss.high < 36.1


def test_a_class_that_the_version_does_not_know_is_never_right():
    expected, probabilities, _ = judged(3)
    unknown = expected.copy()
    unknown[:40] = -1

    before = values(expected, probabilities, DecisionRule(tuple("abc")), None)
    after = values(unknown, probabilities, DecisionRule(tuple("abc")), None)

    right = (probabilities.argmax(axis=1) == unknown).mean()
    assert after["accuracy"] == pytest.approx(right)
    assert after["log_loss"] > before["log_loss"]
    assert after["brier"] > before["brier"]
