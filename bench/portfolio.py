"""How the list of configurations is chosen, and what each entry gains, on sets that it did not see.

    python bench/portfolio.py --data FOLDER [--work FOLDER] [--minutes M] [--rows N] [--length L]
        [--table]

Every configuration of a pool (`portfolio_pool.py`) is fitted on every set with the engine's own
features and three of its five folds, on one thread; its seconds are of the processor. Each set
gives at most `--rows` rows to learn from, fewer where features times classes are many, and at most
4,000 others to judge. Out-of-fold and judging predictions are kept in `--work`: a run that was
stopped goes on where it was, and `--table` prints what is there. Only sets on which the whole pool
was fitted count.

The list is chosen greedily (as TabRepo does, arXiv 2311.02971): the next entry is the one that
lowers the mean loss over sets the most, of ensembles that are selected out of fold and judged on
the other rows. A set's loss is scaled so that the best single configuration of the pool is 0 and
the median one 1. `left out` is honest: for each set the list is chosen by all the other sets, and
judged on that one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from portfolio_pool import pool
from tabular_sets import SETS, TARGET, DataSet

OPEN = (
    *("australian", "537_houses", "car", "vehicle", "phoneme", "nyc_taxis", "cmc", "churn"),
    *("california", "telco_churn", "yeast", "201_pol", "chess", "segmentation", "574_house_16H"),
    *("yrbss", "nursery", "cta_ridership", "spambase", "connect_4", "coil2000", "satimage"),
    *("dna", "optdigits", "mfeat_factors"),
)
"""Sets under an open licence, none of them nearly solved; cheap and unlike ones first."""
CELLS = 150
"""Features times classes of a set that gets `--rows` rows; of more, it gets fewer in proportion."""
FOLDS = 3
"""Of the five, so many are fitted."""
JUDGED = 4_000
RARE = 10
"""Classes of fewer rows are left out."""
PRICE = 2e-6
"""Of a tree, in the selection of ensembles: the engine's for `balanced`."""


def main() -> None:
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    if not given.table:
        fit_all(given)
    show(read(given.work), given.length)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with the open data sets")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/twinkeel-portfolio"))
    parser.add_argument("--minutes", type=float, default=60.0, help="no fit is begun after these")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--length", type=int, default=8, help="of the list")
    parser.add_argument("--table", action="store_true", help="print what is there, fit nothing")
    given = parser.parse_args()
    given.work = given.work.expanduser()
    return given


# Fitting ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Set:
    """One set, encoded: what is learned from, and what judges."""

    material: object
    X: np.ndarray
    """(judging rows, F)"""
    judged: object
    """Their targets."""
    truth: np.ndarray
    """The targets of out-of-fold predictions."""


def fit_all(given: argparse.Namespace) -> None:
    end = time.monotonic() + 60 * given.minutes
    candidates = pool()
    for name in OPEN:
        folder = given.work / name
        folder.mkdir(exist_ok=True)
        left = [one for one in candidates if not (folder / f"{one.name}.npz").exists()]
        if not left or time.monotonic() > end:
            continue
        ready = made(SETS[name], given.data, given.rows)
        write_targets(ready, folder)
        for candidate in left:
            if time.monotonic() > end:
                break
            fit(ready, candidate, folder)
        print(f"{name}: {time.process_time():.0f} CPU seconds so far", file=sys.stderr, flush=True)


def made(data_set: DataSet, data: Path, most: int) -> Set:
    """The engine's own preparation of a seeded part of the rows."""
    from twinkeel.data.table import from_frame
    from twinkeel.learn.budget import Budget
    from twinkeel.learn.engine import Problem, prepared
    from twinkeel.learn.workers import hired
    from twinkeel.records import Limits

    frame = data_set.read(data).dropna(subset=[TARGET]).reset_index(drop=True)
    numbers = data_set.task == "regression"
    if not numbers:
        frame[TARGET] = frame[TARGET].astype(str)
        frame = frame[frame[TARGET].map(frame[TARGET].value_counts()) >= RARE]
    classes = 1 if numbers or frame[TARGET].nunique() == 2 else frame[TARGET].nunique()
    most = min(most, most * CELLS // (classes * (frame.shape[1] - 1)), int(0.6 * len(frame)))
    order = np.random.default_rng(0).permutation(len(frame))[: most + JUDGED]
    if data_set.forward:
        order = np.sort(order)
    parts = frame.iloc[order[:most]], frame.iloc[order[most:]]
    table, other = (from_frame(part.drop(columns=[TARGET])) for part in parts)
    y, truth = (part[TARGET].to_numpy(float if numbers else object) for part in parts)
    problem = Problem(table=table, target=y, objective=objective(numbers))
    limits = Limits(work=1)
    with hired(limits) as workers:
        ready = prepared(problem, limits, 0, Budget.begin(limits, 1), workers)
    known = np.isin(truth, np.unique(y)) if not numbers else np.ones(len(truth), bool)
    values = ready.contract.read(other.take(known).columns, int(known.sum())).values
    found = problem.objective.targets(truth[known], np.ones(int(known.sum())))
    return Set(
        material=ready.material,
        X=ready.material.space.encode(values),
        judged=type(found)(found.y, found.weight, ready.material.targets.loss),
        truth=np.concatenate([split.valid for split in ready.material.splits[:FOLDS]]),
    )


def objective(numbers: bool):
    from twinkeel.learn.objectives.amounts import Amounts
    from twinkeel.learn.objectives.classes import Classes

    return Amounts() if numbers else Classes()


def write_targets(ready: Set, folder: Path) -> None:
    import pickle  # of our own records, in a folder of our own

    learned = ready.material.targets.take(ready.truth)
    (folder / "targets").write_bytes(pickle.dumps((learned, ready.judged)))


def fit(ready: Set, candidate, folder: Path) -> None:
    """Bag one configuration; keep its predictions, its processor seconds and its trees."""
    from twinkeel.learn.families.base import Effort, Unfit

    material, margins, judged, trees = ready.material, [], [], 0
    width, began = material.targets.loss.width, time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(FOLDS):
            place = Path(scratch) / str(number)
            place.mkdir()
            fold = material.fold(number)
            try:
                candidate.family.fit(fold, candidate.settings, Effort(number, lambda: False), place)
            except Unfit:
                return
            model = candidate.family.load(place, width)
            margins.append(model.margin(fold.X_valid))
            judged.append(model.margin(ready.X[:, material.space.seen(number)]))
            trees += model.trees
    partly = folder / f"{candidate.name}.part.npz"
    np.savez(
        partly,
        margin=np.concatenate(margins),
        judged=np.mean(judged, axis=0),
        seconds=time.process_time() - began,
        trees=trees,
    )
    partly.rename(folder / f"{candidate.name}.npz")


# Choosing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fitted:
    """One set on which the whole pool was fitted."""

    name: str
    margins: dict[str, np.ndarray]
    judged: dict[str, np.ndarray]
    seconds: dict[str, float]
    trees: dict[str, int]
    targets: object
    truth: object

    def loss(self, names: Sequence[str]) -> float:
        """Of the ensemble of some configurations, on the rows that judge, scaled."""
        low, middle = scale(self)
        return (plain(self, tuple(sorted(names))) - low) / max(middle - low, 1e-12)


@cache
def scale(one: Fitted) -> tuple[float, float]:
    losses = [plain(one, (name,)) for name in one.margins]
    return min(losses), float(np.median(losses))


@cache
def plain(one: Fitted, names: tuple[str, ...]) -> float:
    from twinkeel.learn.ensemble import Size, select

    weights = np.ones(1)
    if len(names) > 1:
        weights = select(
            [one.margins[name] for name in names],
            one.targets,
            [Size(one.trees[name], one.trees[name]) for name in names],
            price=PRICE,
        )
    margin = np.tensordot(weights, [one.judged[name] for name in names], axes=1)
    return float(one.truth.loss.plain(margin, one.truth))


def read(work: Path) -> list[Fitted]:
    import pickle

    names, found = [one.name for one in pool()], []
    for folder in sorted(path for path in work.iterdir() if (path / "targets").exists()):
        if not all((folder / f"{name}.npz").exists() for name in names):
            continue
        kept = {name: dict(np.load(folder / f"{name}.npz")) for name in names}
        learned, judged = pickle.loads((folder / "targets").read_bytes())
        found.append(
            Fitted(
                folder.name,
                {name: one["margin"] for name, one in kept.items()},
                {name: one["judged"] for name, one in kept.items()},
                {name: float(one["seconds"]) for name, one in kept.items()},
                {name: int(one["trees"]) for name, one in kept.items()},
                learned,
                judged,
            )
        )
    return found


def greedy(sets: Sequence[Fitted], names: Sequence[str], length: int) -> list[str]:
    """The list: each entry is the one that lowers the mean loss the most."""
    chosen: list[str] = []
    while len(chosen) < length:
        rest = [name for name in names if name not in chosen]
        losses = [np.mean([one.loss([*chosen, name]) for one in sets]) for name in rest]
        chosen.append(rest[int(np.argmin(losses))])
    return chosen


def show(sets: list[Fitted], length: int) -> None:
    if not sets:
        print("No set is whole yet.")
        return
    names = list(sets[0].margins)
    hours = sum(sum(one.seconds.values()) for one in sets) / 3600
    print(f"{len(sets)} sets, {len(names)} configurations, {hours:.2f} processor hours\n")
    chosen = greedy(sets, names, length)
    honest = left_out(sets, names, length)
    table(sets, chosen, honest)
    families(sets, names, length)
    pool_table(sets, names)


def left_out(sets: Sequence[Fitted], names: Sequence[str], length: int) -> np.ndarray:
    """(sets, length) losses on each set of the list that the other sets chose."""
    found = []
    for one in sets:
        chosen = greedy([other for other in sets if other is not one], names, length)
        found.append([one.loss(chosen[: count + 1]) for count in range(length)])
    return np.array(found)


def table(sets: Sequence[Fitted], chosen: Sequence[str], honest: np.ndarray) -> None:
    print("| # | entry | loss | gain | left out: loss | gain (95%) | median s |")
    print("|-|-|-|-|-|-|-|")
    before = np.nan
    for place, name in enumerate(chosen):
        loss = float(np.mean([one.loss(chosen[: place + 1]) for one in sets]))
        took = float(np.median([one.seconds[name] for one in sets]))
        gain = "" if place == 0 else told(honest[:, place - 1] - honest[:, place])
        print(
            f"| {place + 1} | {name} | {loss:+.3f} | {before - loss:+.3f} "
            f"| {honest[:, place].mean():+.3f} | {gain} | {took:.1f} |"
        )
        before = loss


def told(gains: np.ndarray) -> str:
    low, high = spread(gains)
    return f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def spread(gains: np.ndarray) -> tuple[float, float]:
    """A 95% interval of the mean over sets, by resampling them."""
    picks = np.random.default_rng(0).integers(0, len(gains), (2000, len(gains)))
    low, high = np.quantile(gains[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def families(sets: Sequence[Fitted], names: Sequence[str], length: int) -> None:
    """What is lost on sets left out when the pool has no configuration of a family."""
    whole = left_out(sets, names, length)[:, -1]
    print("\n| without | left out: loss | lost (95%) | better, worse |\n|-|-|-|-|")
    print(f"| none | {whole.mean():+.3f} | | |")
    for family in sorted({owner(name) for name in names}):
        rest = [name for name in names if owner(name) != family]
        without = left_out(sets, rest, length)[:, -1]
        lost = without - whole
        print(
            f"| {family} | {without.mean():+.3f} | {told(lost)} "
            f"| {(lost < 0).sum()}, {(lost > 0).sum()} |"
        )


@cache
def _families() -> dict[str, str]:
    return {one.name: one.family.name for one in pool()}


def owner(name: str) -> str:
    return _families()[name]


def pool_table(sets: Sequence[Fitted], names: Sequence[str]) -> None:
    alone: Callable[[str], float] = lambda name: float(  # noqa: E731
        np.mean([one.loss([name]) for one in sets])
    )
    print("\n| configuration | loss by itself | median s | settings |\n|-|-|-|-|")
    settings = {one.name: one.settings for one in pool()}
    for name in sorted(names, key=alone):
        took = float(np.median([one.seconds[name] for one in sets]))
        text = ", ".join(f"{key} {value}" for key, value in settings[name].items())
        print(f"| {name} | {alone(name):+.2f} | {took:.1f} | {text} |")


if __name__ == "__main__":
    main()
