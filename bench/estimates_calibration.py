"""Ways to calibrate before ROC AUC is estimated without labels, compared where nobody has peeked.

    python bench/estimates_calibration.py --data FOLDER

On `adult`: the reference of `bench/estimates.py` is halved at random eight times. One half is the
reference, windows of 2,000 calls by mixes of groups are drawn from the other; the test part is not
touched. A weighted calibration counts the reference by its ratio of densities to the window. Prints
a Markdown table: mean absolute error, and its difference from the way that is in use.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from estimates import adult, answers, bins_of, cbpe, coded, mixes
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from twinkeel.stats import estimates
from twinkeel.stats.bins import number_bins
from twinkeel.stats.logistic import logistic, logit, sigmoid, with_one

HALVES, CALLS, USED = 8, 2_000, "logistic, weighted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    one = adult(parser.parse_args().data)
    score, truth = answers(one), one.target
    errors = []
    for half in range(HALVES):
        rng = np.random.default_rng(half)
        ref, rest = np.array_split(rng.permutation(one.reference), 2)
        bins = [bins_of(one.inputs[c].iloc[ref]) for c in one.inputs] + [number_bins(score[ref])]
        then = coded(bins, one, score, ref)
        for window in mixes(one.inputs, rest, rng, CALLS):
            ratio = estimates.density_ratio(then, coded(bins, one, score, window))
            real = roc_auc_score(truth[window], score[window])
            made = dict(ways(score[ref], truth[ref], ratio, score[window]))
            errors.append({"half": half} | {way: abs(auc - real) for way, auc in made.items()})
    show(pd.DataFrame(errors).groupby("half").mean())


def ways(
    then: np.ndarray, truth: np.ndarray, ratio: np.ndarray, now: np.ndarray
) -> Iterator[tuple[str, float]]:
    """The area of a window by each way of calibrating."""
    knots = np.quantile(logit(then), [0.25, 0.5, 0.75])

    def bent(scores: np.ndarray) -> np.ndarray:
        parts = [np.maximum(logit(scores) - knot, 0) for knot in knots]
        return with_one(np.column_stack([logit(scores), *parts]))

    def straight(scores: np.ndarray) -> np.ndarray:
        return with_one(logit(scores)[:, None])

    half = np.sqrt(ratio)
    for kind, weight in (
        ("weighted", ratio),
        ("half weighted", half / half.mean()),
        ("not weighted", np.ones(len(ratio))),
    ):
        for name, design in (("logistic", straight), ("piecewise logistic", bent)):
            start = np.eye(design(then).shape[1])[0]
            fitted = logistic(design(then), truth, weight, start=start)
            yield f"{name}, {kind}", cbpe(sigmoid(design(now) @ fitted), now)
        steps = IsotonicRegression(out_of_bounds="clip").fit(then, truth, sample_weight=weight)
        yield f"isotonic, {kind}", cbpe(steps.predict(now), now)


def show(by_half: pd.DataFrame) -> None:
    print("| calibration | MAE of AUC | more than in use | standard error |\n|-|-|-|-|")
    for way in by_half.mean().sort_values().index:
        more = by_half[way] - by_half[USED]
        error = more.std() / np.sqrt(len(more))
        print(f"| {way} | {by_half[way].mean():.5f} | {more.mean():+.5f} | {error:.5f} |")


if __name__ == "__main__":
    main()
