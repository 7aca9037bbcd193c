"""One system on one set, in the system's own environment: `fit` in one process, `serve` in another.

    python tabular_systems.py fit SYSTEM SET-FOLDER MODEL-FOLDER SECONDS
    python tabular_systems.py serve SYSTEM SET-FOLDER MODEL-FOLDER

`fit` saves what it learned below MODEL-FOLDER and prints its seconds, libraries imported before.
`serve` loads that from disk, times single rows and many from raw columns, and writes the
predictions of the test rows to MODEL-FOLDER/predictions.parquet. Both print one line of JSON last.
Only pandas and numpy are shared between the environments.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

TARGET = "target"
ONE_ROW_CALLS = 200
ONE_ROW_SECONDS = 20.0
MANY = 10_000
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
SEED = 0


class System(Protocol):
    """How one library learns, and serves what it saved."""

    def ready(self) -> None:
        """Import what learning needs."""

    def fit(self, train: pd.DataFrame, task: str, seconds: float, folder: Path) -> None:
        """Learn and save."""

    def load(self, task: str, folder: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """From raw columns to one column per class, or to the column `prediction`."""


class Twinkeel:
    def __init__(self, prefer: str | None = None) -> None:
        self.prefer = prefer

    def ready(self) -> None:
        import catboost  # noqa: F401
        import lightgbm  # noqa: F401
        import onnx  # noqa: F401

        import twinkeel.learn.estimators.classifier
        import twinkeel.learn.estimators.regressor  # noqa: F401

    def fit(self, train: pd.DataFrame, task: str, seconds: float, folder: Path) -> None:
        from twinkeel.learn import TabularClassifier, TabularRegressor

        options = {} if self.prefer is None else {"prefer": self.prefer}
        kind = TabularRegressor if task == "regression" else TabularClassifier
        model = kind(time_limit=seconds, random_state=SEED, **options)
        model.fit(train.drop(columns=[TARGET]), train[TARGET].to_numpy())
        model.save(folder / "bundle")

    def load(self, task: str, folder: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        from twinkeel.data.table import from_frame
        from twinkeel.learn import load

        served = load(folder / "bundle")
        names = ["prediction", "low", "high"] if task == "regression" else served.classes

        def predict(rows: pd.DataFrame) -> pd.DataFrame:
            if len(rows) == 1:
                (answer,) = served.call(rows.to_dict("records"))
                values = answer.values
                return pd.DataFrame([values if task == "regression" else values["probabilities"]])
            found = served.answers(from_frame(rows).columns, len(rows))
            return pd.DataFrame(found, columns=list(names))

        return predict


class AutoGluon:
    def __init__(self, presets: str) -> None:
        self.presets = presets

    def ready(self) -> None:
        import autogluon.tabular  # noqa: F401

    def fit(self, train: pd.DataFrame, task: str, seconds: float, folder: Path) -> None:
        from autogluon.tabular import TabularPredictor

        metric = {"rmse": "root_mean_squared_error"}.get(METRICS[task], METRICS[task])
        predictor = TabularPredictor(
            label=TARGET,
            problem_type=task,
            eval_metric=metric,
            path=str(folder / "ag"),
            verbosity=1,
        )
        predictor.fit(train, time_limit=seconds, presets=self.presets, num_cpus=2)

    def load(self, task: str, folder: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        from autogluon.tabular import TabularPredictor

        predictor = TabularPredictor.load(str(folder / "ag"))
        predictor.persist()
        if task == "regression":
            return lambda rows: pd.DataFrame({"prediction": predictor.predict(rows).to_numpy()})
        return lambda rows: predictor.predict_proba(rows).reset_index(drop=True)


class Pickled:
    """A scikit-learn style model over columns that it knows how to prepare."""

    def fit(self, train: pd.DataFrame, task: str, seconds: float, folder: Path) -> None:
        X, y = train.drop(columns=[TARGET]), train[TARGET].to_numpy()
        texts = {
            name: sorted(set(X[name].dropna().astype(str)))
            for name in X
            if not pd.api.types.is_numeric_dtype(X[name])
        }
        model = self.learn(self.prepared(X, texts), y, task, seconds)
        (folder / "model.pickle").write_bytes(pickle.dumps((model, texts)))

    def load(self, task: str, folder: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        model, texts = pickle.loads((folder / "model.pickle").read_bytes())
        if task == "regression":
            return lambda rows: pd.DataFrame(
                {"prediction": model.predict(self.prepared(rows, texts))}
            )
        names = [str(name) for name in model.classes_]
        return lambda rows: pd.DataFrame(
            model.predict_proba(self.prepared(rows, texts)), columns=names
        )

    def prepared(self, X: pd.DataFrame, texts: dict[str, list[str]]) -> pd.DataFrame:
        return X.assign(**{name: pd.Categorical(X[name], values) for name, values in texts.items()})

    def learn(self, X: pd.DataFrame, y: np.ndarray, task: str, seconds: float) -> Any:
        raise NotImplementedError


class Flaml(Pickled):
    def ready(self) -> None:
        import flaml  # noqa: F401

    def learn(self, X: pd.DataFrame, y: np.ndarray, task: str, seconds: float) -> Any:
        from flaml import AutoML

        model = AutoML()
        kind = "regression" if task == "regression" else "classification"
        model.fit(
            X,
            y,
            task=kind,
            metric=METRICS[task],
            time_budget=seconds,
            seed=SEED,
            verbose=0,
            n_jobs=2,
        )
        return model


class CatBoost(Pickled):
    """With its defaults: no budget."""

    def ready(self) -> None:
        import catboost  # noqa: F401

    def prepared(self, X: pd.DataFrame, texts: dict[str, list[str]]) -> pd.DataFrame:
        return X.assign(
            **{name: X[name].astype(object).where(X[name].notna(), "missing") for name in texts}
        )

    def learn(self, X: pd.DataFrame, y: np.ndarray, task: str, seconds: float) -> Any:  # noqa: ARG002
        import catboost

        kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
        texts = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
        model = kind(
            cat_features=texts,
            random_seed=SEED,
            verbose=False,
            allow_writing_files=False,
            thread_count=2,
        )
        return model.fit(X, y)


class LightGBM(Pickled):
    """With its defaults: no budget."""

    def ready(self) -> None:
        import lightgbm  # noqa: F401

    def learn(self, X: pd.DataFrame, y: np.ndarray, task: str, seconds: float) -> Any:  # noqa: ARG002
        import lightgbm

        kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
        return kind(random_state=SEED, verbosity=-1, n_jobs=2).fit(X, y)


SYSTEMS: dict[str, System] = {
    "twinkeel": Twinkeel(),
    "twinkeel-accuracy": Twinkeel("accuracy"),
    "autogluon-best": AutoGluon("best_quality"),
    "autogluon-medium": AutoGluon("medium_quality"),
    "flaml": Flaml(),
    "catboost": CatBoost(),
    "lightgbm": LightGBM(),
}


def main() -> None:
    warnings.filterwarnings("ignore")
    verb, name, data, model = sys.argv[1:5]
    place, folder = Path(data), Path(model)
    task = json.loads((place / "set.json").read_text())["task"]
    system = SYSTEMS[name]
    if verb == "fit":
        found = fit(system, place, folder, task, float(sys.argv[5]))
    else:
        found = serve(system, place, folder, task)
    print("\n" + json.dumps(found))


def fit(system: System, place: Path, folder: Path, task: str, seconds: float) -> dict[str, float]:
    train = pd.read_parquet(place / "train.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    system.ready()
    began = time.perf_counter()
    system.fit(train, task, seconds, folder)
    return {"seconds": time.perf_counter() - began}


def serve(system: System, place: Path, folder: Path, task: str) -> dict[str, float]:
    test = pd.read_parquet(place / "test.parquet").drop(columns=[TARGET])
    predict = system.load(task, folder)
    predictions = predict(test)
    predictions.columns = [str(name) for name in predictions.columns]
    predictions.to_parquet(folder / "predictions.parquet")
    return {**one_row(predict, test), "rows_per_second": many(predict, test)}


def one_row(
    predict: Callable[[pd.DataFrame], pd.DataFrame], test: pd.DataFrame
) -> dict[str, float]:
    rows = [test.iloc[[i % len(test)]] for i in range(ONE_ROW_CALLS + 3)]
    for row in rows[:3]:
        predict(row)
    end = time.perf_counter() + ONE_ROW_SECONDS
    times = []
    for row in rows[3:]:
        began = time.perf_counter()
        predict(row)
        times.append(time.perf_counter() - began)
        if time.perf_counter() > end:
            break
    low, high = np.quantile(times, [0.5, 0.99]) * 1e3
    return {"one_row_ms": float(low), "one_row_p99_ms": float(high)}


def many(predict: Callable[[pd.DataFrame], pd.DataFrame], test: pd.DataFrame) -> float:
    rows = pd.concat([test] * -(-MANY // len(test)), ignore_index=True).head(MANY)
    began = time.perf_counter()
    predict(rows)
    return MANY / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
