"""A loss of the user's own is what models minimise, by the functions that boosters take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes
from tests.telecom import TOML, write_project

import twinkeel.learn
from twinkeel import Project
from twinkeel.errors import ConfigError
from twinkeel.learn import TabularClassifier, TabularRegressor
from twinkeel.learn.own_loss import OwnLoss

Slopes = tuple[np.ndarray, np.ndarray]

LOSSES = '''
import numpy as np

def weighted(y_true, raw_score):
    """Log loss in which a customer who leaves counts three times."""
    p = 1 / (1 + np.exp(-raw_score))
    weight = np.where(y_true == 1, 3.0, 1.0)
    return weight * (p - y_true), weight * p * (1 - p)

def alone(y_true, raw_score):
    return raw_score - y_true

def late(y_true, raw_score):
    return np.full(len(raw_score), np.nan), np.ones(len(raw_score))
'''


def squared(y_true: np.ndarray, raw_score: np.ndarray) -> Slopes:
    return raw_score - y_true, np.ones(len(raw_score))


def logistic(y_true: np.ndarray, raw_score: np.ndarray) -> Slopes:
    p = 1 / (1 + np.exp(-raw_score))
    return p - y_true, p * (1 - p)


def short_is_dear(y_true: np.ndarray, raw_score: np.ndarray) -> Slopes:
    """Nine times as bad to predict too little: the expectile of 0.9."""
    weight = np.where(raw_score < y_true, 0.9, 0.1)
    return weight * (raw_score - y_true), weight


def test_squared_error_of_ones_own_learns_what_the_built_in_one_does() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    own = TabularRegressor(work_limit=2, loss=squared).fit(X, y)

    assert np.corrcoef(own.predict(X), y)[0, 1] > 0.7
    assert own.predict(X).mean() == pytest.approx(y.mean(), rel=0.03)
    assert any("linear and catboost cannot" in note for note in own.trained_.card.notes)


def test_what_costs_more_is_avoided_also_by_what_is_saved(tmp_path: Path) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    model = TabularRegressor(work_limit=2, loss=short_is_dear).fit(X, y)

    assert 0.7 < (model.predict(X) > y).mean() < 0.95
    model.save(tmp_path / "model")
    served = twinkeel.learn.load(tmp_path / "model")
    answered = served.call(X[:5].to_dict("records"))
    assert [one.values["prediction"] for one in answered] == pytest.approx(model.predict(X[:5]))


def test_probabilities_are_calibrated_whatever_the_loss() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)

    model = TabularClassifier(work_limit=2, loss=logistic).fit(X, y)

    found = model.predict_proba(X)[:, 1]
    assert ((found > 0.5) == y).mean() > 0.97
    assert found.mean() == pytest.approx(y.mean(), abs=0.03)


@pytest.mark.slow
def test_processes_learn_by_it_what_threads_do() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)

    found = [
        TabularClassifier(work_limit=2, loss=logistic, workers=workers).fit(X, y).predict_proba(X)
        for workers in ("threads", "processes")
    ]

    assert (found[0] == found[1]).all()


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_how_much_larger_a_loss_is_follows_from_its_slope(raw: float, base: float) -> None:
    truth = np.array([0.0, 1.0])

    rise = OwnLoss(logistic).rise(truth, np.full(2, raw), np.full(2, base))

    def loss(score: float) -> np.ndarray:
        return np.logaddexp(0, score) - truth * score

    np.testing.assert_allclose(rise, loss(raw) - loss(base), atol=1e-6)


def test_a_component_learns_by_the_loss_that_it_names(tmp_path: Path) -> None:
    write_project(tmp_path, options='loss = "losses:weighted"', toml=TOML)
    (tmp_path / "losses.py").write_text(LOSSES)
    project = Project.open(tmp_path)

    judged = project.build("churn")

    assert judged.evaluation is not None
    assert judged.evaluation.outcome == "pass"
    assert any(note.startswith("Learned by weighted") for note in judged.version.lineage.notes)
    (tmp_path / "losses.py").unlink()
    assert Project.open(tmp_path).verify("churn@1").ok


def test_what_was_learned_by_a_loss_is_marked_by_all_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "dearly.py"
    text = (
        "TIMES = 3\n\ndef own(y_true, raw_score):\n    return TIMES * (raw_score - y_true), TIMES\n"
    )
    file.write_text(text)
    loss = OwnLoss("dearly:own", tmp_path)
    before = loss.mark

    file.write_text(text.replace("3", "9"))

    assert loss.mark != before


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("losses:alone", "must give two arrays, the first and the second derivative"),
        ("losses:late", "must give two finite numbers for each of 3 rows; what it gave is not"),
        ("losses:weight", "has no function 'weight'; did you mean 'weighted'"),
        ("nowhere:weighted", "there is no module nowhere: expected it beside twinkeel.toml"),
    ],
)
def test_what_is_no_loss_is_told_before_anything_is_learned(
    tmp_path: Path, loss: str, said: str
) -> None:
    write_project(tmp_path, rows=100, options=f'loss = "{loss}"', gates="", toml=TOML)
    (tmp_path / "losses.py").write_text(LOSSES)

    with pytest.raises(ConfigError, match=said) as told:
        Project.open(tmp_path).build("churn")

    assert str(told.value).startswith("[components.churn] loss ")


def test_a_loss_of_ones_own_is_of_two_classes() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    with pytest.raises(ValueError, match="loss 'logistic' needs a target of two classes"):
        TabularClassifier(work_limit=1, loss=logistic).fit(X, np.digitize(y, [100, 200]))
