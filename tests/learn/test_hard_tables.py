"""Tables that break other systems: none crashes, answers are sound, what is left out is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from twinkeel.learn import TabularClassifier, TabularRegressor

Table = tuple[pd.DataFrame, np.ndarray]


def rows(n: int, seed: int = 0) -> tuple[np.random.Generator, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    return rng, frame.assign(kind=rng.choice(["x", "y", "z"], n))


def one_in_a_thousand() -> Table:
    _, X = rows(5000)
    return X, np.where(np.argsort(np.argsort(X["a"])) >= 4995, "yes", "no")


def a_hundred_classes() -> Table:
    rng, X = rows(1000)
    y = np.arange(1000) % 110
    return X.assign(a=y + rng.normal(0, 0.3, 1000)), np.array([f"class {k}" for k in y])


def three_hundred_rows() -> Table:
    rng, X = rows(300)
    X = X.mask(rng.random(X.shape) < 0.3)
    return X, np.where(X["a"].fillna(0) + rng.normal(size=300) > 0, 1, 0)


def two_thousand_columns() -> Table:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 2000)), columns=[f"c{i}" for i in range(2000)])
    return X, (X["c7"] > 0).to_numpy()


def duplicates() -> Table:
    rng, X = rows(40)
    return pd.concat([X] * 20, ignore_index=True), np.tile(rng.integers(0, 2, 40), 20)


def constant_in_some_folds() -> Table:
    rng, X = rows(200)
    return X.assign(rare=[1.0, *[0.0] * 199], word=["odd", *["usual"] * 199]), rng.integers(
        0, 2, 200
    )


CLASSES = [
    one_in_a_thousand,
    a_hundred_classes,
    three_hundred_rows,
    two_thousand_columns,
    duplicates,
    constant_in_some_folds,
]


@pytest.mark.parametrize("table", CLASSES, ids=lambda table: table.__name__)
def test_a_hard_table_of_classes_is_learned(table):
    X, y = table()

    model = TabularClassifier(random_state=0, time_limit=3.0).fit(X, y)

    found = model.predict_proba(X[:50])
    assert found.shape == (50, len(np.unique(y)))
    assert np.allclose(found.sum(axis=1), 1)


def test_rare_positives_are_ranked_first():
    X, y = one_in_a_thousand()

    model = TabularClassifier(work_limit=2, random_state=0).fit(X, y)

    likely = model.predict_proba(X)[:, list(model.classes_).index("yes")]
    assert likely[y == "yes"].mean() > 5 * likely[y == "no"].mean()


def test_fifty_thousand_categories_are_learned_from_and_a_note_names_the_column():
    rng, X = rows(110_000)
    shop = rng.permutation(110_000) % 55_000
    y = rng.normal(size=55_000)[shop] + 0.3 * rng.normal(size=110_000) > 0
    X = X.assign(shop=[f"shop-{i}" for i in shop])

    model = TabularClassifier(work_limit=1, random_state=0).fit(X, y)

    card = model.trained_.card
    assert next(iter(card.importance)) == "shop"
    assert card.log_loss < 0.67  # one other row of a shop is all that there is to learn from
    (note,) = card.notes
    assert note.startswith("shop: of its 55,000 different values the 50,000 most frequent")
    assert np.isfinite(model.predict_proba(X.assign(shop="never seen")[:10])).all()


def test_a_category_of_very_many_values_is_listed_nowhere_and_an_unseen_one_is_read():
    rng, X = rows(4000)
    X = X.assign(shop=[f"shop-{i}" for i in rng.permutation(4000) % 1500])
    model = TabularClassifier(work_limit=1, random_state=0).fit(X, X["a"] > 0)

    found = model.trained_.predictor().call([{**X.iloc[0].to_dict(), "shop": "a new one"}])

    assert found[0].warnings == ()
    (field,) = [one for one in model.trained_.contract.fields() if one.name == "shop"]
    assert (field.type, field.values) == ("category", None)


def test_a_category_of_very_many_titles_is_read_as_words_too():
    rng, X = rows(4000)
    job = [f"head of {word} {i}" for i in range(750) for word in ("sales", "tax")]
    title = np.array(job, dtype=object)[rng.permutation(4000) % 1500]

    model = TabularClassifier(work_limit=1, random_state=0)
    model.fit(X.assign(title=title), [" tax " in one for one in title])

    unseen = X[:50].assign(title="head of tax 9999")
    assert (model.predict_proba(unseen)[:, 1] > 0.9).all()


def test_heavy_tails_give_finite_answers():
    rng, X = rows(600)
    X = X.assign(huge=np.exp(rng.normal(0, 20, 600)), a=rng.standard_cauchy(600))

    model = TabularRegressor(work_limit=2, random_state=0).fit(X, rng.standard_cauchy(600) * 1e6)

    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.predict_interval(X)).all()


@pytest.mark.parametrize("by", ["groups", "time", "sample_weight"])
def test_few_groups_moments_and_weights_are_learned_from(by):
    rng, X = rows(240)
    given = {
        "groups": np.repeat(["one", "two"], 120),
        "time": np.repeat([1, 2, 3], 80),
        "sample_weight": np.where(np.arange(240) % 10 == 0, 1.0, 0.0),
    }[by]

    model = TabularClassifier(work_limit=2, random_state=0)
    model.fit(X, (X["a"] + rng.normal(size=240) > 0), **{by: given})

    assert np.isfinite(model.predict_proba(X)).all()


def test_words_that_mean_nothing_promise_nothing():
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(300)])
    text = [" ".join(rng.choice(words, 8)) for _ in range(800)]

    model = TabularClassifier(work_limit=1, random_state=0)
    model.fit(pd.DataFrame({"text": text, "a": rng.normal(size=800)}), rng.integers(0, 2, 800))

    assert model.trained_.card.log_loss > 0.685  # 0.693 is chance; 0.65 where rows chose that judge


def test_a_column_that_was_empty_in_learning_may_have_values_in_serving_and_is_named():
    _, X = rows(300)
    model = TabularClassifier(work_limit=1, random_state=0).fit(X.assign(gone=np.nan), X["a"] > 0)

    (found,) = model.trained_.predictor().call([{**X.iloc[0].to_dict(), "gone": 3.5}])

    assert "gone is empty: left out." in model.trained_.card.notes
    assert found.warnings == ()
    assert np.isfinite(model.predict_proba(X.assign(gone=7.0))).all()


def test_classes_of_one_row_are_learned_from_and_a_note_names_them():
    rng, X = rows(300)
    y = rng.choice(["x", "y"], 300).astype(object)
    y[:20] = [f"alone {i:02}" for i in range(20)]

    model = TabularClassifier(work_limit=3, random_state=0).fit(X, y)

    found = model.predict_proba(X[:50])
    assert found.shape == (50, 22)
    assert np.allclose(found.sum(axis=1), 1)
    assert any("'alone 00', 'alone 01'" in note for note in model.trained_.card.notes)
