"""The open data sets of `tabular.py`: each read as it was published, and split once, the same for
all systems.

A set is prepared into a folder that holds `train.parquet`, `test.parquet` and `set.json`. A fold
holds out a fifth of the rows: by a seeded permutation, stratified where there are classes; the
newest rows where the set has a time, and then there is one fold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

TARGET = "target"
SHARE = 0.2
_ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
]


@dataclass(frozen=True)
class DataSet:
    """One learning problem."""

    name: str
    task: str
    """`binary`, `multiclass` or `regression`."""
    read: Callable[[Path], pd.DataFrame]
    """From the data folder to all rows, the target in the column `target`; in time order where
    `forward`."""
    forward: bool = False


def prepare(data_set: DataSet, fold: int, data: Path, folder: Path) -> Path:
    """The folder with the split, made unless it is there."""
    place = folder / f"{data_set.name}-{fold}"
    if (place / "set.json").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    frame = _plain(data_set.read(data).dropna(subset=[TARGET]).reset_index(drop=True))
    if data_set.task != "regression":
        frame[TARGET] = frame[TARGET].astype(str)
    held_out = _held_out(frame, data_set, fold)
    frame[~held_out].reset_index(drop=True).to_parquet(place / "train.parquet")
    frame[held_out].reset_index(drop=True).to_parquet(place / "test.parquet")
    facts = {
        "name": data_set.name,
        "task": data_set.task,
        "rows": len(frame),
        "columns": frame.shape[1] - 1,
        "forward": data_set.forward,
    }
    (place / "set.json").write_text(json.dumps(facts))
    return place


def _held_out(frame: pd.DataFrame, data_set: DataSet, fold: int) -> np.ndarray:
    n = len(frame)
    if data_set.forward:
        return np.arange(n) >= round(n * (1 - SHARE))
    rng = np.random.default_rng(20260101 + fold)
    strata = frame[TARGET] if data_set.task != "regression" else pd.Series(np.zeros(n))
    held_out = np.zeros(n, dtype=bool)
    for rows in strata.groupby(strata).indices.values():
        held_out[rng.permutation(rows)[: round(len(rows) * SHARE)]] = True
    return held_out


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts as objects with None where missing, so that every library reads the same."""
    for name in frame:
        if name != TARGET and not pd.api.types.is_numeric_dtype(frame[name]):
            texts = frame[name].astype(object)
            frame[name] = texts.where(texts.notna(), None)
    return frame


def _renamed(frame: pd.DataFrame, target: str, drop: tuple[str, ...] = ()) -> pd.DataFrame:
    return frame.drop(columns=list(drop)).rename(columns={target: TARGET})


def _csv(path: str, target: str, *drop: str) -> Callable[[Path], pd.DataFrame]:
    return lambda data: _renamed(pd.read_csv(data / path), target, drop)


def _last(path: str, **options: object) -> Callable[[Path], pd.DataFrame]:
    """A table without a header, whose last column is the target."""

    def read(data: Path) -> pd.DataFrame:
        frame = pd.read_csv(data / path, header=None, **options)
        frame.columns = [*(f"x{i}" for i in range(frame.shape[1] - 1)), TARGET]
        return frame

    return read


def _pmlb(name: str) -> Callable[[Path], pd.DataFrame]:
    return lambda data: pd.read_csv(data / f"pmlb_pack_open/{name}.tsv.gz", sep="\t")


def _adult(data: Path) -> pd.DataFrame:
    parts = [
        pd.read_csv(
            data / "adult" / name, header=None, names=_ADULT, skipinitialspace=True, na_values="?"
        )
        for name in ("adult-train.csv", "adult-test.csv")
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["income"] = frame["income"].str.rstrip(".")
    return _renamed(frame, "income")


def _telco(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "telco_churn/Telco-Customer-Churn.csv")
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return _renamed(frame, "Churn", ("customerID",))


def _wine(data: Path) -> pd.DataFrame:
    names = [_last(f"wine_quality/winequality-{colour}.csv")(data) for colour in ("red", "white")]
    return pd.concat(names, ignore_index=True)


def _horse(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "horse_colic/horse-colic.csv", header=None, na_values="?")
    frame.columns = [f"x{i + 1}" for i in range(frame.shape[1])]
    return _renamed(frame, "x24", ("x3", "x25", "x26", "x27", "x28"))


def _yrbss(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "yrbss/yrbss.csv").dropna(subset=["strength_training_7d"])
    frame[TARGET] = (frame["strength_training_7d"] > 0).astype(int)
    return frame.drop(columns=["rownames", "strength_training_7d"])


def _covid(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "covid_testing_chop/covid_testing.csv").sort_values(
        "pan_day", kind="stable"
    )
    frame[TARGET] = (frame["result"] == "positive").astype(int)
    known = ["gender", "pan_day", "clinic_name", "demo_group", "age", "drive_thru_ind"]
    return frame[[*known, "orderset", "payor_group", "patient_class", TARGET]]


def _cta(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "cta_ridership/cta_ridership.csv").drop_duplicates("service_date")
    day = pd.to_datetime(frame["service_date"], format="%m/%d/%Y")
    frame = frame.assign(year=day.dt.year, month=day.dt.month, weekday=day.dt.dayofweek, day=day)
    frame = frame.sort_values("day")[["day_type", "year", "month", "weekday", "total_rides"]]
    return _renamed(frame, "total_rides")


def _loans(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "lending_club_10k/loans_full_schema.csv")
    after = tuple(name for name in frame if name.startswith("paid_"))
    told = ("rownames", "grade", "sub_grade", "installment", "balance", "loan_status", *after)
    return _renamed(frame, "interest_rate", told)


_BIKES = ("instant", "casual", "registered")
SETS = {
    one.name: one
    for one in (
        DataSet("telco_churn", "binary", _telco),
        DataSet("adult", "binary", _adult),
        DataSet("credit", "binary", _csv("credit_scoring_gaston/credit_data.csv", "Status")),
        DataSet("pima", "binary", _last("pima_diabetes/pima-indians-diabetes.csv")),
        DataSet("titanic", "binary", _csv("titanic/train.csv", "Survived", "PassengerId")),
        DataSet("horse_colic", "binary", _horse),
        DataSet("yrbss", "binary", _yrbss),
        DataSet("elec2", "binary", _csv("elec2/elec.csv", "class"), forward=True),
        DataSet("covid_testing", "binary", _covid, forward=True),
        DataSet(
            "california", "regression", _csv("california_housing/housing.csv", "median_house_value")
        ),
        DataSet(
            "ames", "regression", _csv("ames_housing/ames.csv", "price", "rownames", "Order", "PID")
        ),
        DataSet("diamonds", "regression", _csv("diamonds/diamonds.csv", "price")),
        DataSet("insurance", "regression", _csv("insurance_charges/insurance.csv", "charges")),
        DataSet("nyc_taxis", "regression", _csv("nyc_taxis/taxis.csv", "tip", "total")),
        DataSet("abalone", "regression", _last("abalone/abalone.csv")),
        DataSet("wine_quality", "regression", _wine),
        DataSet("lending_club", "regression", _loans),
        DataSet(
            "bike_sharing",
            "regression",
            _csv("bike_sharing/hour.csv", "cnt", *_BIKES),
            forward=True,
        ),
        DataSet("cta_ridership", "regression", _cta, forward=True),
        *(
            DataSet(name, "binary", _pmlb(name))
            for name in ("australian", "chess", "phoneme", "churn", "spambase", "coil2000")
        ),
        *(
            DataSet(name, "multiclass", _pmlb(name))
            for name in (
                *("car", "mfeat_factors", "segmentation", "vehicle", "connect_4", "shuttle"),
                *("dna", "yeast", "satimage", "nursery", "cmc", "kddcup", "optdigits"),
            )
        ),
        *(
            DataSet(name, "regression", _pmlb(name))
            for name in ("201_pol", "574_house_16H", "537_houses")
        ),
    )
}
QUICK = (
    *("telco_churn", "adult", "credit", "satimage", "vehicle"),
    *("california", "diamonds", "bike_sharing"),
)
