"""A metric of the user's own is what ensembles are chosen by, and a score on resampled cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.datasets import load_diabetes
from sklearn.metrics import make_scorer, mean_absolute_error, roc_auc_score

from twinkeel.errors import ConfigError
from twinkeel.learn import TabularClassifier, TabularRegressor
from twinkeel.learn.ensemble import Size, select
from twinkeel.learn.objectives.classes import ClassLoss
from twinkeel.learn.targets import Targets
from twinkeel.metrics.custom import Metric
from twinkeel.metrics.scorecard import scorecard
from twinkeel.records import Cases, Evidence


def _margins(rng: np.random.Generator, y: np.ndarray) -> list[np.ndarray]:
    """One that ranks well with wild probabilities, and one that ranks badly with mild ones."""
    ranks = 40 * (y - 0.5) + 25 * rng.normal(size=len(y))
    mild = 0.5 * (y - 0.5) + 1.0 * rng.normal(size=len(y))
    return [ranks[:, None], mild[:, None]]


def test_the_ensemble_that_is_best_by_the_metric_is_chosen() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 4 == 0).astype(np.intp)
    margins = _margins(rng, y)
    plain = Targets(y, np.ones(400), ClassLoss(2))
    by_rank = Targets(y, np.ones(400), ClassLoss(2), Metric.of(roc_auc_score))
    sizes = [Size(1, 1), Size(1, 1)]

    chosen = [select(margins, one, sizes, price=0.0) for one in (plain, by_rank)]

    by_loss, by_metric = (np.tensordot(weights, margins, axes=1) for weights in chosen)
    assert plain.judged(by_loss) < plain.judged(by_metric)
    assert by_rank.judged(by_metric) < by_rank.judged(by_loss)


@given(st.lists(st.integers(0, 3), min_size=30, max_size=30), st.integers(0, 1000))
def test_a_function_without_weights_is_given_rows_as_often_as_they_were_drawn(
    drawn: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    truth, score = rng.normal(size=(2, 30))
    weights = np.array([drawn, [1] * 30], dtype=float)
    plain = Metric.of(lambda a, b: float(np.abs(a - b).mean()), name="error")
    weighing = Metric.of(mean_absolute_error, name="error")

    found = [
        one.measure(truth, score, None).on(np.arange(30))(weights) for one in (plain, weighing)
    ]

    np.testing.assert_allclose(found[0], found[1])
    assert np.isnan(found[0][0]) == (sum(drawn) == 0)


def test_it_agrees_with_the_score_that_is_built_in() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=200)
    score = truth + rng.normal(size=200)
    cases = Cases(
        ids=tuple(map(str, range(200))),
        units=tuple(map(str, range(200))),
        inputs={},
        expected=truth.tolist(),
    )
    evidence = Evidence.of(cases, {"prediction": score.tolist()}, timings={}, context={})
    metric = Metric.of(mean_absolute_error, direction="lower")

    found = scorecard([metric.measure(truth, score, None)], evidence).scores[0]

    assert found.value == pytest.approx(np.abs(truth - score).mean())
    assert found.low < found.value < found.high  # type: ignore[operator]  # it has all three
    assert found.direction == "lower"


def test_rows_with_weights_need_a_function_that_takes_them() -> None:
    metric = Metric.of(lambda a, b: 1.0, name="flat")

    with pytest.raises(ConfigError, match="metric 'flat' takes no sample_weight, and the rows"):
        metric.value(np.ones(2), np.ones(2), np.array([1.0, 2.0]))


@pytest.mark.parametrize("positives", [[10, 1_500, 4_900], range(0, 2_000, 2)])
def test_a_class_that_some_rows_lack_leaves_the_metric_undefined_only_there(
    positives: Sequence[int],
) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5_000, 2)), np.isin(np.arange(5_000), positives)
    X[:, 0] += y
    time = np.arange(5_000) if len(positives) > 100 else None

    model = TabularClassifier(work_limit=1, metric=roc_auc_score).fit(X, y, time=time)

    assert any("chosen by roc_auc_score" in note for note in model.trained_.card.notes)


def rank_correlation(y_true: np.ndarray, y_score: np.ndarray) -> float:
    return float(spearmanr(y_true, y_score).statistic)


def test_a_metric_that_no_constant_answer_has_chooses_all_the_same() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    model = TabularRegressor(work_limit=2, metric=rank_correlation).fit(X, y)

    assert rank_correlation(np.asarray(y), model.predict(X)) > 0.6


def test_a_score_that_is_undefined_on_the_cases_says_so() -> None:
    cases = Cases(
        ids=tuple(map(str, range(50))),
        units=tuple(map(str, range(50))),
        inputs={},
        expected=[1] * 50,
    )
    evidence = Evidence.of(cases, {}, timings={}, context={})
    metric = Metric.of(roc_auc_score)

    found = scorecard([metric.measure(np.ones(50), np.linspace(0, 1, 50), None)], evidence)

    assert found.scores[0].value is None
    assert found.scores[0].note == "undefined on these cases"


def test_weights_that_are_all_the_same_change_nothing() -> None:
    rng = np.random.default_rng(1)
    truth, score = rng.normal(size=(2, 40))
    metric = Metric.of(lambda a, b: float(np.abs(a - b).mean()), name="error")
    drawn = rng.integers(0, 3, size=(5, 40)).astype(float)

    plain = metric.measure(truth, score, None).on(np.arange(40))
    halved = metric.measure(truth, score, [0.5] * 40).on(np.arange(40))

    np.testing.assert_allclose(halved(drawn * 0.5), plain(drawn))


def test_estimators_take_a_function_or_where_it_is() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    error = "sklearn.metrics:mean_absolute_error"
    model = TabularRegressor(work_limit=1, metric=(error, "lower")).fit(X, y)

    assert any(
        "chosen by mean_absolute_error (lower is better)" in note
        for note in model.trained_.card.notes
    )


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (make_scorer(roc_auc_score), "is a scorer of scikit-learn, which takes an estimator"),
        (3, "is a int: expected a function"),
        ((roc_auc_score, "up"), "'higher' or 'lower' is better, not 'up'"),
        ("money.:profit", "names no function: expected module:function"),
        ("money..more:profit", "names no function: expected module:function"),
        ("nowhere:profit", "there is no module nowhere: expected it installed"),
        (lambda y_true, y_score: 1.0, "define it with def"),
    ],
)
def test_what_is_no_metric_is_a_value_error(metric: object, said: str) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    with pytest.raises(ValueError, match=said):
        TabularClassifier(work_limit=1, metric=metric).fit(X, y > 100)  # type: ignore[arg-type]  # on purpose
