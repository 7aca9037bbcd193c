"""False flags and power of drift checks as Evidently and NannyML have them, beside ours.

    python bench/drift_peers.py --runs 40

Prints a Markdown table. 20 normal columns; each run is looked at twice: as it was, and with the
first column moved by 0.3 sd. Ours spends what one day of a month with one false alarm may spend;
the others flag with their own defaults, at every look. A peer that is not installed has no row.
Neither imports beside pandas 3, so each needs an environment of its own: `pip install evidently
"pandas<3" msgspec` (or `nannyml "pandas<3" statsmodels msgspec`), and this repository's `src` in
PYTHONPATH.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import logging
import os
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from twinkeel.stats import schedule
from twinkeel.stats.bins import number_bins
from twinkeel.stats.shift import shifts

COLUMNS = 20
SHIFT = 0.3
DAY = 86_400.0
SHARE = 0.5 / (COLUMNS + 1)
"""What one column has of the budget, as in `bench/drift.py`."""
SIZES = ((5_000, 500), (20_000, 2_000))
"""Reference and window; NannyML needs a reference of several windows."""
Look = Callable[[pd.DataFrame, pd.DataFrame], set[str]]
"""The columns that are flagged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--size", type=int, choices=range(len(SIZES)), help="one of them alone")
    given = parser.parse_args()
    os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print("| method | reference | n | looks without drift that flag any of 20 | found at 0.3 sd |")
    print("|-|-|-|-|-|")
    for m, n in SIZES if given.size is None else [SIZES[given.size]]:
        for name, look in looks().items():
            flagged = np.array([one_run(look, run, m, n) for run in range(given.runs)])
            any_, found = (f"{count} of {given.runs}" for count in flagged.sum(axis=0))
            print(f"| {name} | {m:,} | {n:,} | {any_} | {found} |", flush=True)


def one_run(look: Look, run: int, m: int, n: int) -> tuple[bool, bool]:
    """Whether anything is flagged where nothing moved, and whether what moved is."""
    rng = np.random.default_rng(run)
    names = [f"c{j}" for j in range(COLUMNS)]
    then = pd.DataFrame(rng.normal(size=(m, COLUMNS)), columns=names)
    now = pd.DataFrame(rng.normal(size=(n, COLUMNS)), columns=names)
    moved = now.assign(c0=now.c0 + SHIFT)
    return bool(look(then, now)), "c0" in look(then, moved)


def looks() -> dict[str, Look]:
    """Ours and those that are installed."""
    found: dict[str, Look] = {"ours": ours, "KS + Bonferroni": ks}
    peers: dict[str, Look] = {"evidently": evidently, "nannyml": nannyml}
    for name, look in peers.items():
        if importlib.util.find_spec(name) is not None:
            found[f"{name} {importlib.metadata.version(name)}"] = look
    return found


def ours(then: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    level = schedule.level(1, false_alarms=1, cycle=DAY) * SHARE
    found = set()
    for name in then:
        bins = number_bins(then[name].to_numpy())
        here = np.bincount(bins.code(now[name].to_numpy()), minlength=bins.size).astype(float)
        if any(test.alarm for test in shifts(bins, here, level=level)):
            found.add(name)
    return found


def ks(then: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    return {name for name in then if ks_2samp(then[name], now[name]).pvalue < 0.05 / COLUMNS}


def evidently(then: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    """Its preset: for numbers in tables of this size, the normed Wasserstein distance over 0.1."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    metrics = Report([DataDriftPreset()]).run(now, then).dict()["metrics"]
    values = [one for one in metrics if one["config"]["type"].endswith(":ValueDrift")]
    assert all("distance" in one["config"]["method"] for one in values)
    return {one["config"]["column"] for one in values
            if one["value"] >= one["config"]["threshold"]}  # fmt: skip


def nannyml(then: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    """Its calculator: the Jensen-Shannon distance beyond three sd of the reference's chunks."""
    with contextlib.redirect_stdout(None):
        from nannyml import UnivariateDriftCalculator

        made = UnivariateDriftCalculator(column_names=list(then), chunk_size=len(now)).fit(then)
        found = made.calculate(now).filter(period="analysis").to_df()
    return {name for name in then if bool(found[(name, "jensen_shannon", "alert")].iloc[0])}


if __name__ == "__main__":
    main()
