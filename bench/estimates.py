"""Scores without labels on sets whose inputs really shift: error, and coverage of 90% intervals.

    python bench/estimates.py --data FOLDER [--only adult]

"Floor" is the mean absolute error of the score that labels give about its own mean, when labels
(of a regressor: errors) are drawn again among the window's calls with nearly the same answer. An
estimate that knew the true chance of every label would still have it: labels are chance.

A boosted model learns from the first part, its reference is the next part, and the rest comes in
windows: of `adult` by mixes of groups, of 1,000 calls and of 5,000 where a mix has as many
different rows, of the others in the order of time. Each window's ROC AUC,
log loss, accuracy and Brier score (RMSE and MAE for `bike_sharing`, whose model has no intervals to
start from) are estimated without its labels, then found with them. "With late labels":
all windows but the last one have been graded before. Beside it: "unchanged" (the score on the
reference), and CBPE (the method of NannyML, written anew here: the probabilities, calibrated on the
reference). NannyML itself has a column where it is installed, in an environment of its own (see
`bench/drift_peers.py`). Prints a Markdown table. All but `adult` have concept drift as well, which
no method of this sort can see before the labels come.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from twinkeel.stats import areas, estimates
from twinkeel.stats.bins import Bins, number_bins, text_bins

ALIKE, DRAWS = 25, 200


@dataclass(frozen=True)
class Shifting:
    name: str
    inputs: pd.DataFrame
    target: np.ndarray
    learn: np.ndarray
    reference: np.ndarray
    windows: list[np.ndarray]
    binary: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=list(SETS))
    given = parser.parse_args()
    print(
        "| set | score | windows | floor | MAE | MAE with late labels | MAE unchanged | MAE CBPE "
        "| MAE NannyML | coverage of 90% | with late labels |"
    )
    print("|-|-|-|-|-|-|-|-|-|-|-|")
    for name, made in SETS.items():
        if given.only in {None, name}:
            measure(made(given.data))


def answers(one: Shifting) -> np.ndarray:
    """What a model that learned the first part says of every row."""
    x = one.inputs.copy()
    for column in x.select_dtypes(exclude="number"):
        x[column] = x[column].astype("category")
    kind = HistGradientBoostingClassifier if one.binary else HistGradientBoostingRegressor
    model = kind(categorical_features="from_dtype", random_state=0, max_iter=150)
    model.fit(x.iloc[one.learn], one.target[one.learn])
    return model.predict_proba(x)[:, 1] if one.binary else model.predict(x)


def measure(one: Shifting) -> None:
    score, ref, truth = answers(one), one.reference, one.target
    bins = [bins_of(one.inputs[c].iloc[ref]) for c in one.inputs] + [number_bins(score[ref])]
    then = coded(bins, one, score, ref)
    parts = scores_of(score, truth, binary=one.binary)
    rows: dict[str, list[tuple[float, ...]]] = {"AUC": []} | {name: [] for name in parts}
    calibrated = IsotonicRegression(out_of_bounds="clip").fit(score[ref], truth[ref])
    peer = nannyml(score[ref], truth[ref], len(one.windows[0])) if one.binary else None
    for window in one.windows:
        now = coded(bins, one, score, window)
        weight = estimates.Weights(estimates.density_ratio(then, now))
        least = floors(score[window], truth[window], binary=one.binary)
        for name, (losses, expected) in parts.items():
            before, after = (
                np.column_stack([features, (expected[at] - expected[ref].mean()) / expected.std()])
                if expected is not None
                else features
                for features, at in ((then, ref), (now, window))
            )
            mean = estimates.expected_mean(losses[ref], weight, before, after)
            found = (mean.value, mean.low, mean.high, losses[window].mean(), losses[ref].mean())
            if name == "RMSE":
                found = tuple(float(np.sqrt(max(v, 0))) for v in found)  # type: ignore[assignment]
            rows[name].append((*found, np.nan, np.nan, least[name]))
        if one.binary and 0 < truth[window].sum() < len(window):
            auc = areas.expected_auc((score[ref], truth[ref] > 0), weight, score[window])
            real = roc_auc_score(truth[window], score[window])
            plain = roc_auc_score(truth[ref], score[ref])
            other = cbpe(calibrated.predict(score[window]), score[window])
            theirs = peer(score[window]) if peer is not None else np.nan
            found = (auc.value, auc.low, auc.high, real, plain, other, theirs, least["AUC"])
            rows["AUC"].append(found)
    for name, found in rows.items():
        if found:
            report(one.name, name, np.asarray(found))


def scores_of(
    score: np.ndarray, truth: np.ndarray, *, binary: bool
) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Of every call its part of each mean score, and what its answer alone expects of it."""
    if not binary:
        error = score - truth
        return {"RMSE": (error**2, None), "MAE": (np.abs(error), None)}
    p = np.clip(score, 1e-6, 1 - 1e-6)
    surprise = np.where(truth > 0, -np.log(p), -np.log(1 - p))
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    right = ((p > 0.5) == (truth > 0)).astype(float)
    return {
        "log loss": (surprise, entropy),
        "accuracy": (right, np.maximum(p, 1 - p)),
        "Brier": ((score - truth) ** 2, p * (1 - p)),
    }


def floors(score: np.ndarray, truth: np.ndarray, *, binary: bool) -> dict[str, float]:
    """Of each score the mean absolute error that even its expectation has."""
    rng, n = np.random.default_rng(0), len(score)
    order = np.argsort(score, kind="stable")
    outcome = (truth if binary else truth - score)[order]
    first = np.arange(n) // ALIKE * ALIKE
    size = np.minimum(first + ALIKE, n) - first
    drawn: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        again = outcome[first + (rng.random(n) * size).astype(int)]
        labels = np.empty(n)
        labels[order] = again if binary else score[order] + again
        for name, (losses, _) in scores_of(score, labels, binary=binary).items():
            mean = float(losses.mean())
            drawn.setdefault(name, []).append(np.sqrt(mean) if name == "RMSE" else mean)
        if binary and 0 < labels.sum() < n:
            drawn.setdefault("AUC", []).append(roc_auc_score(labels, score))
    return {name: float(np.abs(np.asarray(v) - np.mean(v)).mean()) for name, v in drawn.items()}


def report(name: str, score: str, found: np.ndarray) -> None:
    value, low, high, real, plain, other, theirs, least = found.T
    mae = [np.abs(each - real).mean() for each in (value, plain, other, theirs)]
    held = ((low <= real) & (real <= high)).mean()
    late = [late_labels(found, i) for i in range(len(found))]
    mae.insert(0, float(least.mean()))
    mae.insert(2, float(np.mean([abs(one.value - r) for one, r in zip(late, real, strict=True)])))
    then = np.mean([one.low <= r <= one.high for one, r in zip(late, real, strict=True)])
    shown = " | ".join("-" if np.isnan(each) else f"{each:.4g}" for each in mae)
    print(f"| {name} | {score} | {len(found)} | {shown} | {held:.0%} | {then:.0%} |")


def late_labels(found: np.ndarray, i: int) -> estimates.Expected:
    """The estimate of window `i` once the labels of all windows before the last one have come."""
    made = [estimates.Expected(*row[:3], effective_n=0) for row in found]
    graded = [(made[k], float(found[k, 3])) for k in range(max(i - 1, 0))]
    return estimates.corrected(made[i], graded)


def cbpe(chance: np.ndarray, score: np.ndarray) -> float:
    order = np.argsort(-score)
    p = chance[order]
    tp = np.concatenate([[0], np.cumsum(p)]) / p.sum()
    fp = np.concatenate([[0], np.cumsum(1 - p)]) / (1 - p).sum()
    return float(np.trapezoid(tp, fp))


def nannyml(
    score: np.ndarray, truth: np.ndarray, size: int
) -> Callable[[np.ndarray], float] | None:
    """NannyML's own estimate for a window of `size` scores; None where it is not installed."""
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    try:
        from nannyml import CBPE
    except ImportError:
        return None
    made = CBPE(y_pred_proba="p", y_pred="said", y_true="y", metrics=["roc_auc"],
                problem_type="classification_binary", chunk_size=size)  # fmt: skip
    made.fit(pd.DataFrame({"p": score, "said": (score > 0.5).astype(int), "y": truth.astype(int)}))

    def estimate(now: np.ndarray) -> float:
        frame = pd.DataFrame({"p": now, "said": (now > 0.5).astype(int)})
        found = made.estimate(frame).filter(period="analysis").to_df()
        return float(found[("roc_auc", "value")].iloc[0])

    return estimate


def bins_of(column: pd.Series) -> Bins:
    if pd.api.types.is_numeric_dtype(column):
        return number_bins(column.to_numpy(dtype=float))
    return text_bins(texts(column))


def texts(column: pd.Series) -> list[str | None]:
    return [None if pd.isna(v) else str(v) for v in column]


def coded(bins: list[Bins], one: Shifting, score: np.ndarray, index: np.ndarray) -> np.ndarray:
    columns = []
    for each, name in zip(bins, one.inputs, strict=False):
        column = one.inputs[name].iloc[index]
        columns.append((each, each.code(column.to_numpy(float) if each.ordered else texts(column))))
    columns.append((bins[-1], bins[-1].code(score[index])))
    return estimates.features(columns)


def in_time(n: int, learn: float, reference: float, size: int) -> tuple[np.ndarray, ...]:
    a, b = int(n * learn), int(n * (learn + reference))
    windows = [np.arange(s, s + size) for s in range(b, n - size + 1, size)]
    return np.arange(a), np.arange(a, b), windows  # type: ignore[return-value]


def large(folder: Path) -> Shifting:
    return adult(folder, 5_000)


def adult(folder: Path, size: int = 1_000) -> Shifting:
    names = ["age", "workclass", "fnlwgt", "education", "years", "marital", "job", "relation"]
    names += ["race", "sex", "gain", "loss", "hours", "country", "income"]
    paths = [folder / "adult" / f"adult-{part}.csv" for part in ("train", "test")]
    parts = [pd.read_csv(path, header=None, names=names, na_values="?", skipinitialspace=True)
             for path in paths]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    target = frame.income.str.startswith(">").to_numpy().astype(float)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(parts[0]))
    half = len(order) * 2 // 3
    test = np.arange(len(parts[0]), len(frame))
    windows = list(mixes(frame, test, rng, size))
    inputs = frame.drop(columns=["income", "fnlwgt"])
    name = "adult" if size == 1_000 else f"adult, {size:,} calls"
    return Shifting(name, inputs, target, order[:half], order[half:], windows)


def mixes(
    frame: pd.DataFrame, test: np.ndarray, rng: np.random.Generator, size: int
) -> Iterator[np.ndarray]:
    """Windows of different rows; a mix that has too few of them is left out."""
    part = frame.iloc[test]
    groups = [part.sex == "Female", part.race != "White", part.age < 30, part.age > 50,
              part.years >= 13, part.marital == "Never-married", part.hours > 45,
              part.workclass != "Private"]  # fmt: skip
    for group in groups:
        inside = group.to_numpy()
        for share in (0.1, 0.3, 0.5, 0.7, 0.9):
            k = int(size * share)
            if k > inside.sum() or size - k > (~inside).sum():
                continue
            ins = rng.choice(test[inside], k, replace=False)
            yield np.concatenate([ins, rng.choice(test[~inside], size - k, replace=False)])


def elec2(folder: Path) -> Shifting:
    frame = pd.read_csv(folder / "elec2" / "elec.csv")
    target = frame.pop("class").to_numpy().astype(float)
    return Shifting("elec2", frame, target, *in_time(len(frame), 0.5, 0.1, 1_000))


def covid(folder: Path) -> Shifting:
    frame = pd.read_csv(folder / "covid_testing_chop" / "covid_testing.csv").sort_values(
        "pan_day", kind="stable"
    )
    frame = frame[frame.result.isin(["positive", "negative"])].reset_index(drop=True)
    target = (frame.result == "positive").to_numpy().astype(float)
    keep = ["clinic_name", "demo_group", "age", "drive_thru_ind", "orderset", "payor_group",
            "patient_class", "gender"]  # fmt: skip
    return Shifting("covid_testing_chop", frame[keep], target, *in_time(len(frame), 0.3, 0.2, 750))


def bike(folder: Path) -> Shifting:
    frame = pd.read_csv(folder / "bike_sharing" / "hour.csv")
    target = frame.cnt.to_numpy().astype(float)
    keep = ["season", "hr", "holiday", "weekday", "workingday", "weathersit"]
    keep += ["temp", "atemp", "hum", "windspeed"]
    parts = in_time(len(frame), 0.45, 0.15, 500)
    return Shifting("bike_sharing", frame[keep], target, *parts, binary=False)


SETS: dict[str, Callable[[Path], Shifting]] = {
    "adult": adult,
    "adult_5000": large,
    "elec2": elec2,
    "covid_testing_chop": covid,
    "bike_sharing": bike,
}

if __name__ == "__main__":
    main()
