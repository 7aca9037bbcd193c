"""False alarms, power and delay of the alarms on drift, beside what others do.

    python bench/drift.py false-alarms --runs 500 --columns 20   # 30 days, hourly, no drift
    python bench/drift.py false-alarms --runs 500 --columns 200  # four minutes of one quiet core
    python bench/drift.py power --runs 500                      # one of 20 columns moves
    python bench/drift.py pairs --runs 200                      # two columns part
    python bench/drift.py delay --runs 60                       # errors from .1 to .2

Prints a Markdown table. Calls come by the hour with a daily wave of traffic (1 to 9 at the
extremes), and every column has a daily wave of its own (up to 0.5 sd), so that no hour of a day
looks like the whole. Ours spends one false alarm a month, half of it on inputs. The others judge
the last 24 hours at every look; KS is at .05 with Bonferroni over the columns of one look, PSI
alarms above 0.2. `delay` needs River for its rows: an environment of its own with `river` and
`msgspec`, and this repository's `src` in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.special import ndtr
from scipy.stats import ks_2samp

from twinkeel.lifecycle.budget import Budget
from twinkeel.lifecycle.signals import window_tests
from twinkeel.lifecycle.traffic import Column
from twinkeel.stats import schedule, sequential
from twinkeel.stats.bins import Bins, number_bins
from twinkeel.stats.pairs import parted
from twinkeel.stats.shift import shifts

DAYS, HOURS = 30, 24
DAY = 86_400.0
INPUTS = 0.5
"""The share of the budget that inputs have: one more part of it is for pairs of columns."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["false-alarms", "power", "pairs", "delay"])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--reference", type=int, default=2_000)
    parser.add_argument("--per-day", type=int, default=2_400)
    parser.add_argument("--keep", help="a file of finished months, which are not done again")
    given = parser.parse_args()
    began = time.perf_counter()
    {"false-alarms": false_alarms, "power": power, "pairs": pairs, "delay": delay}[given.what](
        given
    )
    print(f"\n{time.perf_counter() - began:.0f} s for {given.runs} runs.")


def false_alarms(given: argparse.Namespace) -> None:
    """Alarms in a month without drift, by run."""
    found: list[tuple[int, ...]] = []
    kept = None if given.keep is None else Path(given.keep)
    if kept is not None and kept.exists():
        found = [tuple(json.loads(line)) for line in kept.read_text().splitlines()]
    for run in range(len(found), given.runs):
        found.append(month(run, given))
        if kept is not None:
            with kept.open("a") as file:
                file.write(json.dumps(found[-1]) + "\n")
    print("| method | columns | runs | false alarms a month, mean (95%) | months with any |")
    print("|-|-|-|-|-|")
    names = ("ours", "KS + Bonferroni", "PSI > 0.2")
    for name, one in zip(names, np.asarray(found).T, strict=True):
        half = 1.96 * one.std() / np.sqrt(len(one))
        shown = f"{one.mean():.2f} ± {half:.2f} | {(one > 0).mean():.1%}"
        print(f"| {name} | {given.columns} | {len(one)} | {shown} |")


def month(run: int, given: argparse.Namespace) -> tuple[int, int, int]:
    """Alarms of one month without drift: ours, KS, PSI."""
    rng = np.random.default_rng(run)
    wave = rng.uniform(0, 0.5, given.columns)
    phase = rng.uniform(0, 2 * np.pi, given.columns)
    hours = np.arange(HOURS)
    means = wave[:, None] * np.sin(2 * np.pi * hours / HOURS + phase[:, None])
    traffic = 1 + 0.8 * np.sin(2 * np.pi * (hours - 9) / HOURS)
    share = traffic / traffic.sum()
    when = rng.choice(HOURS, size=given.reference, p=share)
    values = rng.normal(size=(given.reference, given.columns)) + means[:, when].T
    bins = [number_bins(values[:, j]) for j in range(given.columns)]
    calls = rng.poisson(given.per_day * share, size=(DAYS, HOURS))
    counts = np.stack([drawn(rng, bins[j], means[j], calls) for j in range(given.columns)])
    return ours(bins, counts), *theirs(bins, counts)


def drawn(rng: np.random.Generator, bins: Bins, means: np.ndarray, calls: np.ndarray) -> np.ndarray:
    """Counts of shape (cells, bins) of a column whose mean is `means` by the hour."""
    assert bins.edges is not None
    upto = ndtr(bins.edges[None, :] - means[:, None])
    upto = np.concatenate([np.zeros((HOURS, 1)), upto, np.ones((HOURS, 1))], axis=1)
    found = rng.multinomial(calls, np.diff(upto, axis=1)[None, :, :])
    cells = found.reshape(DAYS * HOURS, -1)
    return np.concatenate([cells, np.zeros((len(cells), 1))], axis=1).astype(float)


def ours(bins: list[Bins], counts: np.ndarray) -> int:
    """Alarms that open in a month; one that is open is not raised again until it has closed."""
    windows = [window for day in range(1, DAYS + 1) for window in schedule.ending(day)]
    days = np.unique([window.end for window in windows], return_index=True)[1]
    budget = Budget(false_alarms=1, minimum=100, seen=0, share=INPUTS / (len(bins) + 1))
    none = np.empty(0, dtype=np.int16)
    raised = 0
    for one, cells in zip(bins, counts, strict=True):
        column = Column("input", "", one, none, none, DAYS)
        tests = window_tests(column, cells, windows, cycle=DAY, budget=budget)
        over = np.stack([test.alarm for test in tests])
        raised += opened(np.logical_or.reduceat(over, days, axis=1))
    return raised


def theirs(bins: list[Bins], counts: np.ndarray) -> tuple[int, int]:
    """Alarms of KS and of PSI, which look at the last 24 hours every hour.

    KS is taken on the bins of equal frequency, which can only miss what it would have seen.
    """
    m, ks, index = bins[0].counts.sum(), 0, 0
    for one, cells in zip(bins, counts, strict=True):
        total = np.cumsum(cells[:, :-1], axis=0)
        now = total[HOURS - 1 :] - np.concatenate([np.zeros_like(total[:1]), total[:-HOURS]])
        n = now.sum(axis=1)
        here, then = now / n[:, None], one.counts[None, :-1] / m
        gap = np.abs(np.cumsum(then, axis=1) - np.cumsum(here, axis=1)).max(axis=1)
        far = gap > np.sqrt(-np.log(0.05 / len(bins) / 2) / 2 * (1 / n + 1 / m))
        ks += opened(far[None, :])
        index += opened(psi(np.broadcast_to(then, here.shape), here)[None, :] > 0.2)
    return ks, index


def opened(over: np.ndarray) -> int:
    """How often an alarm opens, in looks of shape (columns, looks)."""
    return int(over[:, 0].sum() + (over[:, 1:] & ~over[:, :-1]).sum())


def psi(then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The population stability index over ten bins of equal frequency, clipped at 1e-4."""
    shape = (*then.shape[:-1], 10, 2)
    a, b = (np.maximum(x[..., 1:-1].reshape(shape).sum(axis=-1), 1e-4) for x in (then, now))
    return np.asarray(((a - b) * np.log(a / b)).sum(axis=-1))


def power(given: argparse.Namespace) -> None:
    """How often a column that moves is found, from one window of n calls of one day."""
    print("| n | reference | shift | ours (a month) | KS + Bonferroni (one look) | PSI > 0.2 |")
    print("|-|-|-|-|-|-|")
    for n, m in ((200, 500), (500, 500), (500, 1_000), (500, 2_000), (500, 10_000), (1_000, 2_000)):
        for shift in (0.2, 0.3):
            hits = np.zeros(3)
            for run in range(given.runs):
                rng = np.random.default_rng(run)
                then, now = rng.normal(size=m), rng.normal(size=n) + shift
                bins = number_bins(then)
                here = np.bincount(bins.code(now), minlength=bins.size).astype(float)
                level = schedule.level(1, false_alarms=1, cycle=DAY) * INPUTS / (given.columns + 1)
                hits[0] += any(test.alarm for test in shifts(bins, here, level=level))
                hits[1] += ks_2samp(then, now).pvalue < 0.05 / given.columns
                hits[2] += psi(bins.counts[:-1] / m, here[:-1] / n) > 0.2
            shown = " | ".join(f"{hit / given.runs:.2f}" for hit in hits)
            print(f"| {n} | {m} | {shift} sd | {shown} |")


def pairs(given: argparse.Namespace) -> None:
    """Of eight columns that go together by .3, one pair changes while each column stays."""
    level = schedule.level(1, false_alarms=1, cycle=DAY) * INPUTS / (given.columns + 1)
    print("| n | reference | correlation of the pair | ours, pairs | ours, single columns |")
    print("|-|-|-|-|-|")
    for n, m in ((200, 500), (500, 500), (500, 2_000), (1_000, 2_000)):
        for becomes in (0.3, 0.0, -0.3):
            hits = np.zeros(2)
            for run in range(given.runs):
                rng = np.random.default_rng(run)
                then, now = going_together(rng, m, 0.3), going_together(rng, n, becomes)
                bins = [number_bins(then[:, j]) for j in range(8)]
                codes = [(b.code(then[:, j]), b.code(now[:, j])) for j, b in enumerate(bins)]
                scores = [b.scores[0] for b in bins]
                before, after = (
                    np.column_stack(
                        [
                            s[np.minimum(c[k], len(s) - 1)]
                            for s, c in zip(scores, codes, strict=True)
                        ]
                    )
                    for k in (0, 1)
                )
                found = parted(before, after, level=level, design=np.ones(8))
                hits[0] += (
                    found is not None and found.p <= level and abs(found.now - found.then) >= 0.1
                )
                counts = [
                    np.bincount(c[1], minlength=b.size).astype(float)
                    for b, c in zip(bins, codes, strict=True)
                ]
                hits[1] += any(
                    t.alarm
                    for b, c in zip(bins, counts, strict=True)
                    for t in shifts(b, c, level=level)
                )
            shown = " | ".join(f"{hit / given.runs:.2f}" for hit in hits)
            print(f"| {n} | {m} | .3, then {becomes:g} | {shown} |")


def going_together(rng: np.random.Generator, n: int, pair: float) -> np.ndarray:
    """Eight standard normals that correlate by .3, the first two by `pair`."""
    together = np.full((8, 8), 0.3) + 0.7 * np.eye(8)
    together[0, 1] = together[1, 0] = pair
    return rng.multivariate_normal(np.zeros(8), together, size=n)


def delay(given: argparse.Namespace) -> None:
    """Errors of .1 for 10,000 calls, then of .2 for 10,000."""
    detectors = {"ours (reference 2,000)": 2_000, "ours (reference 10,000)": 10_000}
    rows = {
        name: [first(run, reference=m) for run in range(given.runs)]
        for name, m in detectors.items()
    }
    rows |= rivals(given.runs)
    print("| detector | false alarms in 10,000 | median delay | missed |")
    print("|-|-|-|-|")
    for name, found in rows.items():
        early = np.mean([sum(at < 10_000 for at in one) for one in found])
        late = [min((at - 10_000 for at in one if at >= 10_000), default=None) for one in found]
        seen = [one for one in late if one is not None]
        median = f"{np.median(seen):.0f}" if seen else "-"
        print(f"| {name} | {early:.2f} | {median} | {1 - len(seen) / len(late):.0%} |")


def stream(run: int) -> np.ndarray:
    rng = np.random.default_rng(run)
    return np.concatenate([rng.random(10_000) < 0.1, rng.random(10_000) < 0.2]).astype(float)


def first(run: int, *, reference: int) -> list[int]:
    """Where ours alarms, begun anew after each; its budget is one alarm in 50,000 calls."""
    share = np.random.default_rng(10_000 + run).binomial(reference, 0.1) / reference
    threshold = sequential.promised(share, reference)
    errors, begin, hits = stream(run), 0, []
    while begin < 20_000 and (not hits or hits[-1] < 10_000):
        found = sequential.detect(errors[begin:], threshold=threshold, patience=50_000)
        if found.alarm is None:
            break
        hits.append(begin + found.alarm)
        begin = hits[-1] + 1
    return hits


def rivals(runs: int) -> dict[str, list[list[int]]]:
    """River's detectors, as they come; nothing where River is not installed."""
    try:
        from river import drift
        from river.drift import binary
    except ImportError:
        return {}
    made = {
        "ADWIN": drift.ADWIN,
        "PageHinkley": drift.PageHinkley,
        "HDDM_A": binary.HDDMA,
        "HDDM_W": binary.HDDMW,
        "DDM": binary.DDM,
        "EDDM": binary.EDDM,
    }
    found: dict[str, list[list[int]]] = {}
    for name, make in made.items():
        found[name] = []
        for run in range(runs):
            detector, hits = make(), []
            for at, error in enumerate(stream(run)):
                detector.update(
                    bool(error) if name in {"DDM", "EDDM", "HDDM_A", "HDDM_W"} else error
                )
                if detector.drift_detected:
                    hits.append(at)
                    if at >= 10_000:
                        break
            found[name].append(hits)
    return found


if __name__ == "__main__":
    main()
