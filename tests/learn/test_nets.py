"""Neural nets: the arrays, the graph and the explanations say the same, whatever the rows hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinkeel.data.table import Table
from twinkeel.errors import BundleError
from twinkeel.learn import load
from twinkeel.learn.amount import AmountLoss
from twinkeel.learn.engine import Problem, Trained, train
from twinkeel.learn.explain import Explainer
from twinkeel.learn.families.base import Effort, Fold, Unfit
from twinkeel.learn.families.net import Net, NetModel
from twinkeel.learn.families.net_losses import LOSSES as WAYS
from twinkeel.learn.families.net_training import Schedule
from twinkeel.learn.linear import frame
from twinkeel.learn.links import Logarithm, Straight
from twinkeel.learn.nets import Nets, joined
from twinkeel.learn.objectives.amounts import Amounts
from twinkeel.learn.objectives.classes import Classes, ClassLoss
from twinkeel.learn.parts import NETS, Parts
from twinkeel.learn.targets import Loss
from twinkeel.learn.trees import none
from twinkeel.learn.workers import Step
from twinkeel.records import Limits

SETTINGS = {
    "units": 16, "passes": 40, "steps": 400, "rate": 0.01, "decay": 0.02, "dropout": 0.1,
    "pieces": 4,
}  # fmt: skip
FEATURES = 5
COUNTS = AmountLoss(Logarithm(scale=1.0, shift=0.0, high=9.0), "poisson")


def fold(loss: Loss) -> Fold:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(700, FEATURES)).astype(np.float32)
    X[:, 1] = rng.integers(0, 2, len(X))
    X[:, 2] = 7.0
    X[rng.random(len(X)) < 0.2, 3] = np.nan
    score = np.abs(X[:, 0]) + X[:, 1] + np.isnan(X[:, 3])
    classes = np.digitize(score, np.quantile(score, np.arange(1, loss.width) / loss.width))
    y = {"binary": score > 1.5, "multiclass": classes, "squared": score, "poisson": score}
    y = y[loss.name].astype(float if isinstance(loss, AmountLoss) else int)
    weight = rng.uniform(0.5, 2.0, len(X))
    return Fold(
        X[:500], y[:500], weight[:500], X[500:], y[500:], weight[500:], loss, frame(X, loss.width)
    )


def odd_rows() -> np.ndarray:
    X = fold(ClassLoss(2)).X_valid[:40].copy()
    X[0], X[1], X[2], X[3], X[4] = np.nan, 3e38, -3e38, np.inf, 0.0
    return X


def fitted(loss: Loss, folder, seed: int = 1, **settings: float) -> Nets:
    folder.mkdir(exist_ok=True)
    effort = Effort(seed=seed, stop=lambda: False)
    Net().fit(fold(loss), SETTINGS | settings, effort, folder)
    return Net().load(folder, loss.width).parts()


LOSSES = [ClassLoss(2), ClassLoss(3), AmountLoss(Straight()), COUNTS]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_a_net_learns_what_no_line_can(loss, tmp_path):
    given = fold(loss)

    margin = fitted(loss, tmp_path).margin(given.X_valid)

    way = WAYS[loss.name]
    y = way.targets(given.y_valid, loss.width)
    weight = np.ones(len(y))
    start = np.broadcast_to(way.start(y, weight), margin.shape)
    found, constant = (way.mean(one, y, weight) for one in (margin, start))
    best = way.mean(np.log(y), y, weight) if loss.name == "poisson" else 0.0
    assert found - best < 0.35 * (constant - best)


@pytest.mark.parametrize("classes", [2, 3])
def test_contributions_of_nets_side_by_side_add_up_to_their_margin(classes, tmp_path):
    loss = ClassLoss(classes)
    small = fitted(loss, tmp_path / "small").over(np.arange(FEATURES) + 1).scaled(0.3)
    large = fitted(loss, tmp_path / "large", units=24, pieces=0).scaled(0.7)
    nets = joined([small, large.over(np.arange(FEATURES))])
    nothing = frame(np.zeros((2, FEATURES + 1)), loss.width)
    parts = Parts(none(loss.width), nothing, nets)
    explainer = Explainer(parts, [0, 0, 1, 1, 2, 2], 3)
    X = np.hstack([odd_rows()[:, :1], odd_rows()])

    found = explainer.base + explainer.contributions(X).sum(axis=1)

    total = small.margin(X) + large.margin(X)
    assert np.abs(parts.margin(X) - total).max() < 1e-9
    centred = total - total.mean(axis=1, keepdims=True) if classes > 2 else total
    assert np.abs(found - centred).max() < 1e-9


def test_only_nets_of_like_shape_lie_side_by_side_and_all_come_back_from_their_files(tmp_path):
    shapes = [(16, 4, 1), (24, 0, 2), (16, 4, 3), (17, 4, 4)]
    alone = [
        fitted(ClassLoss(2), tmp_path / f"{i}", seed, units=units, pieces=pieces)
        for i, (units, pieces, seed) in enumerate(shapes)
    ]
    parts = Parts(none(1), frame(np.zeros((2, FEATURES)), 1), joined(alone))

    parts.save(tmp_path)
    again = Parts.load(lambda name: (tmp_path / name).read_bytes(), nets=4)

    assert sorted(len(nets) for nets in parts.nets) == [1, 3]
    assert sum(nets.weights for nets in parts.nets) <= 1.2 * sum(nets.weights for nets in alone)
    total = sum(nets.margin(odd_rows()) for nets in alone)
    assert np.abs(again.margin(odd_rows().astype(np.float32)) - total).max() < 1e-9


def test_an_average_row_has_no_contributions_and_a_constant_column_none_at_all(tmp_path):
    nets = fitted(ClassLoss(2), tmp_path)

    effects = [nets.contributions(row) for row in odd_rows()]

    assert np.abs(np.array(effects)[:, 2]).max() == 0
    assert np.abs(np.array(effects)[:, 0]).max() > 0


def test_the_same_seed_gives_the_same_net(tmp_path):
    one, same, other = (
        fitted(ClassLoss(2), tmp_path / name, seed)
        for name, seed in [("one", 1), ("same", 1), ("other", 2)]
    )

    assert (one.first == same.first).all()
    assert (one.first != other.first).any()


def test_a_net_that_is_told_to_stop_answers(tmp_path):
    Net().fit(fold(ClassLoss(3)), SETTINGS, Effort(seed=0, stop=lambda: True), tmp_path)

    assert np.isfinite(Net().load(tmp_path, 3).margin(odd_rows())).all()


def test_a_net_with_time_enough_is_the_one_without_a_clock_and_one_in_haste_ends_its_rate(tmp_path):
    learned = {}
    for name, seconds in (("free", np.inf), ("enough", 1e9), ("haste", 1e-9)):
        (tmp_path / name).mkdir()
        effort = Effort(seed=1, stop=lambda: False, left=lambda seconds=seconds: seconds)
        Net().fit(fold(ClassLoss(2)), SETTINGS, effort, tmp_path / name)
        learned[name] = Net().load(tmp_path / name, 1)

    assert (learned["free"].nets.first == learned["enough"].nets.first).all()
    assert learned["free"].share == learned["enough"].share == 1 > learned["haste"].share
    again = Net().whole(SETTINGS, [learned["haste"]])
    assert again["share"] == learned["haste"].share
    assert again["steps"] == SETTINGS["steps"]  # more rows may take more steps than the folds took


@pytest.mark.parametrize("moments", [(0.47, 1.0), (0.1, 0.2), (0.01, 0.0), (1.0, 1.0)])
def test_a_net_of_all_rows_ends_where_its_rate_does(moments, tmp_path):
    nets = fitted(ClassLoss(2), tmp_path)

    settings = Net().whole(SETTINGS, [NetModel(nets, moment, 1.0) for moment in moments])

    until = settings["until"]
    schedule = Schedule(steps=3000, batch=1, rate=1.0, decay=0.0, dropout=0.0, until=until)
    assert schedule.at(schedule.last) < 0.001
    assert abs(until - np.mean(moments)) < 0.3


def test_a_net_of_constant_columns_is_refused(tmp_path):
    given = fold(ClassLoss(2))
    flat = np.ones_like(given.X)

    with pytest.raises(Unfit):
        Net().fit(
            replace(given, X=flat, frame=frame(flat, 1)),
            SETTINGS,
            Effort(seed=0, stop=lambda: False),
            tmp_path,
        )


BOTH = ("net", "net-pieces")


def learned(problem: Problem, *, step: Step | None = None) -> Trained:
    return train(replace(problem, members=BOTH), limits=Limits(work=2), step=step)


@pytest.fixture(scope="module")
def trained_nets(mixed) -> Trained:
    return learned(mixed)


def test_a_compiled_net_answers_as_the_trained_one(trained_nets):
    card, proof = trained_nets.card, trained_nets.proof

    assert proof.rows == 400
    assert proof.largest_difference < 5e-6
    assert card.nets == sum(len(one) for one in trained_nets.function.parts.nets) > 0
    assert card.frontier[0].milliseconds > 0


def test_a_saved_net_explains_every_row_in_full(trained_nets, mixed, tmp_path):
    trained_nets.write(tmp_path)
    rows = [*mixed.table.rows(0, 5), dict.fromkeys(mixed.table.columns)]

    explanations = load(tmp_path).explain(rows)

    for row, one in zip(rows, explanations, strict=True):
        assert abs(one.base + sum(c.contribution for c in one.contributions) - one.total) < 1e-5
        assert {c.name for c in one.contributions} == set(row)


def test_a_bundle_without_its_nets_is_refused_by_the_file(trained_nets, mixed, tmp_path):
    trained_nets.write(tmp_path)
    (tmp_path / NETS / "first.npy").unlink()

    with pytest.raises(BundleError, match=r"nets/first\.npy"):
        load(tmp_path).explain(mixed.table.rows(0, 1))


def test_a_model_without_nets_has_no_files_of_them(mixed, tmp_path):
    train(replace(mixed, members=("linear",)), limits=Limits(work=1)).write(tmp_path)

    assert not (tmp_path / NETS).exists()
    assert load(tmp_path).card.nets == 0


def test_fitted_folds_are_found_again(mixed, tmp_path):
    worked = []

    def step(key: str, work: Callable[[Path], None]) -> Path:
        if not (tmp_path / key).is_dir():
            (tmp_path / key).mkdir()
            work(tmp_path / key)
            worked.append(key)
        return tmp_path / key

    whole = learned(mixed, step=step)
    assert {key.rsplit("-", 1)[0] for key in worked} == set(BOTH)
    (fold,) = tmp_path.glob("net-fold1.*")
    shutil.rmtree(fold)
    worked.clear()

    assert learned(mixed, step=step).graph == whole.graph
    assert worked == [fold.name]


def test_one_column_and_a_rare_class_are_learned():
    size = np.random.default_rng(0).normal(size=400)
    answer = np.where(np.argsort(np.argsort(size)) >= 394, "yes", "no").astype(object)
    table = Table({"size": size, "same": np.ones(400)})

    model = learned(Problem(table=table, target=answer, objective=Classes())).predictor()

    found = model.answers(table.columns, 400)[:, model.classes.index("yes")]
    assert found[answer == "yes"].min() > np.median(found)


def test_amounts_are_learned_and_explained_in_their_units():
    rng = np.random.default_rng(0)
    size = rng.normal(size=400)
    size[::9] = np.nan
    amount = np.exp(1 + np.abs(np.nan_to_num(size))) * 100
    table = Table({"size": size, "noise": rng.normal(size=400)})

    trained = learned(Problem(table=table, target=amount, objective=Amounts()))

    predictor = trained.predictor()
    prediction = predictor.answers(table.columns, 400)[:, 0]
    assert np.mean((prediction - amount) ** 2) < 0.2 * np.var(amount)
    for one in predictor.explain(table.rows(0, 20)):
        total = one.base + sum(c.contribution for c in one.contributions)
        assert abs(total - one.total) < 1e-6 * amount.mean()
