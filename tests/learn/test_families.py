"""Each family taken apart into arrays answers, and explains, as its own library does."""

from __future__ import annotations

from dataclasses import replace

import catboost
import numpy as np
import pytest

from twinkeel.learn.explain import Explainer
from twinkeel.learn.families.base import Effort, Fold, Model
from twinkeel.learn.families.cat import Cat
from twinkeel.learn.families.light import Light
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.linear import Linear, frame
from twinkeel.learn.objectives.classes import ClassLoss
from twinkeel.learn.parts import Parts
from twinkeel.learn.trees import Trees, joined

BOOSTED = {"iterations": 60, "patience": 20, "learning_rate": 0.1}
SETTINGS = {
    Light: BOOSTED | {"num_leaves": 15},
    Cat: BOOSTED | {"depth": 5},
    Regularised: {"C": 1.0, "iterations": 100},
}
ROWS, FEATURES = 200, 6


def fold(classes: int) -> Fold:
    rng = np.random.default_rng(classes)
    X = rng.normal(size=(900, FEATURES)).astype(np.float32)
    X[:, 1] = rng.integers(0, 2, len(X))
    X[:, 2] = np.round(X[:, 2])
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 3] = rng.normal(size=len(X))  # one column without gaps
    score = np.nan_to_num(X[:, 0]) * 2 + np.nan_to_num(X[:, 1]) + X[:, 3]
    y = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    weight = rng.uniform(0.5, 2.0, len(X))
    return Fold(
        X[:600], y[:600], weight[:600], X[600:], y[600:], weight[600:], ClassLoss(classes),
        frame(X, ClassLoss(classes).width),
    )  # fmt: skip


def rows() -> np.ndarray:
    """Rows with gaps, extremes, and numbers next to those that were seen."""
    X = fold(2).X_valid[:ROWS].copy()
    X[0], X[1], X[2], X[3] = np.nan, 3e38, -3e38, 0.0
    X[4:20] = np.nextafter(X[4:20], np.float32(np.inf))
    return X


def fitted(family, classes: int, folder) -> Model:
    effort = Effort(seed=1, stop=lambda: False)
    family().fit(fold(classes), SETTINGS[family], effort, folder)
    return family().load(folder, ClassLoss(classes).width)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("family", [Light, Cat, Regularised])
def test_the_arrays_are_the_same_function_as_the_library(family, classes, tmp_path):
    model = fitted(family, classes, tmp_path)

    assert np.abs(model.parts().margin(rows()) - model.margin(rows())).max() < 1e-12


@pytest.mark.parametrize("classes", [2, 3])
def test_contributions_are_lightgbms_own(classes, tmp_path):
    model = fitted(Light, classes, tmp_path)
    wanted = model.booster.predict(rows(), pred_contrib=True)

    compare(model, np.asarray(wanted), classes)


@pytest.mark.parametrize("classes", [2, 3])
def test_contributions_are_catboosts_own(classes, tmp_path):
    model = fitted(Cat, classes, tmp_path)
    booster = catboost.CatBoost().load_model(str(model.path), format="json")
    wanted = booster.get_feature_importance(catboost.Pool(rows()), type="ShapValues")

    compare(model, np.asarray(wanted), classes)


@pytest.mark.parametrize("family", [Light, Cat])
def test_a_booster_of_all_rows_takes_every_round_whatever_judging_rows_say(family, tmp_path):
    given, effort = fold(2), Effort(seed=1, stop=lambda: False)
    wrong = replace(given, y_valid=1 - given.y_valid)
    (tmp_path / "fold").mkdir()
    family().fit(given, SETTINGS[family], effort, tmp_path / "fold")
    models = [family().load(tmp_path / "fold", 1)]

    again = family().whole(SETTINGS[family], models)
    family().fit(wrong, again, effort, tmp_path)

    bias = family is Cat
    assert family().load(tmp_path, 1).trees - bias == round(1.1 * (models[0].trees - bias))


def compare(model: Model, wanted: np.ndarray, classes: int) -> None:
    wanted = wanted.reshape(ROWS, ClassLoss(classes).width, FEATURES + 1).transpose(0, 2, 1)
    if classes > 2:  # ours are against the average of all classes
        wanted = wanted - wanted.mean(axis=2, keepdims=True)
    none = frame(fold(classes).X, ClassLoss(classes).width)
    parts = Parts(model.parts(), none, ())
    explainer = Explainer(parts, range(FEATURES), FEATURES)

    found = explainer.contributions(rows())

    assert np.abs(found - wanted[:, :-1]).max() < 1e-9
    assert np.abs(explainer.base - wanted[0, -1]).max() < 1e-9


def test_contributions_of_trees_and_weights_add_up_by_owner(tmp_path):
    (tmp_path / "trees").mkdir()
    (tmp_path / "weights").mkdir()
    boosted = fitted(Light, 3, tmp_path / "trees").parts()
    linear = fitted(Regularised, 3, tmp_path / "weights").parts()
    assert isinstance(boosted, Trees)
    assert isinstance(linear, Linear)
    parts = Parts(joined([boosted], 3), linear, ())
    explainer = Explainer(parts, [0, 0, 1, 1, 2, 0], 3)
    total = boosted.margin(rows()) + linear.margin(rows())

    found = explainer.base + explainer.contributions(rows()).sum(axis=1)

    assert np.abs(found - (total - total.mean(axis=1, keepdims=True))).max() < 1e-6


def test_a_fold_that_is_told_to_stop_leaves_a_model(tmp_path):
    for family in (Light, Cat):
        folder = tmp_path / family.name
        folder.mkdir()
        family().fit(fold(2), SETTINGS[family], Effort(seed=0, stop=lambda: True), folder)

        assert np.isfinite(family().load(folder, 1).margin(rows())).all()


def test_nothing_is_printed_and_no_file_is_left_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "model"
    model.mkdir()

    for family in (Light, Cat, Regularised):
        fitted(family, 2, model)

    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert capfd.readouterr() == ("", "")
