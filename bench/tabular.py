"""Twinkeel beside AutoGluon, FLAML, CatBoost and LightGBM on open data sets: accuracy, latency,
throughput, time against budget, memory, size.

    python bench/tabular.py --data FOLDER [--quick | --full] [--work FOLDER]
        [--systems A,B] [--sets A,B] [--seconds S] [--folds N] [--table]

Each system runs in an environment of its own, which is made below `--work` when it is missing.
`--quick`: eight named sets at 60 s, one fold. `--full`: every set at 120 s, one fold; on those
eight three folds, and 60 and 300 s too. Results are kept in `--work`/results.jsonl: a run that
was stopped goes on where it was, and `--table` prints what is there, missing cells as `-`.

Loss: 1 - ROC AUC (two classes), log loss (more), RMSE (numbers). `loss` in the table is relative
to AutoGluon best_quality at the same budget; its rank is the mean over the cells that all shown
systems finished. Wins and losses are counted against AutoGluon best_quality, with an exact
two-sided sign test. Memory is the largest sum of resident sizes of the process and its children,
looked at every 0.2 s. One row and many are timed in a fresh process that loaded the model from
disk, from raw columns. `twinkeel` prefers `balanced`, its default; `twinkeel-accuracy` runs where
`--systems` names it. CatBoost and LightGBM keep their defaults and ignore the budget.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from tabular_sets import QUICK, SETS, TARGET, prepare

HERE = Path(__file__).parent
PEER = "autogluon-best"
ENVIRONMENTS: dict[str, list[list[str]]] = {
    "twinkeel": [
        ["-e", f"{HERE.parent}[predictors]", "pandas", "-c", f"{HERE.parent}/constraints.txt"]
    ],
    "autogluon": [["torch==2.13.0"], ["autogluon.tabular[all]==1.6.*"]],
    "flaml": [["flaml[automl]", "pyarrow"]],
    "boosters": [["catboost", "lightgbm", "scikit-learn", "pandas", "pyarrow"]],
}
"""What pip is asked for, one list after the other."""
NEEDS = {
    "twinkeel": "twinkeel",
    "twinkeel-accuracy": "twinkeel",
    "autogluon-best": "autogluon",
    "autogluon-medium": "autogluon",
    "flaml": "flaml",
    "catboost": "boosters",
    "lightgbm": "boosters",
}
USUAL = [name for name in NEEDS if name != "twinkeel-accuracy"]
"""One of ours, so that the ranks of the peers are not shared."""
FREE_OF_BUDGET = {"catboost", "lightgbm"}
PATIENCE = 20.0
"""A fit is killed after so many times its budget, ten minutes at least."""


def main() -> None:
    given = arguments()
    work = given.work.expanduser().absolute()
    work.mkdir(parents=True, exist_ok=True)
    cells = list(wanted(given))
    if not given.table:
        for system in given.systems:
            environment(system, work)
        done = {key(one) for one in results(work)}
        left = [cell for cell in cells if key(cell) not in done]
        for count, cell in enumerate(left, start=1):
            print(
                f"[{count}/{len(left)}] {' '.join(map(str, key(cell)))}",
                file=sys.stderr,
                flush=True,
            )
            found = {**cell, **run(cell, work, given.data), "load": round(os.getloadavg()[0], 2)}
            with (work / "results.jsonl").open("a") as file:
                file.write(json.dumps(found) + "\n")
    show(cells, results(work), given.systems)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the open data sets")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/twinkeel-bench"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--table", action="store_true", help="print what was measured, run nothing")
    parser.add_argument("--systems", type=names(NEEDS), default=USUAL)
    parser.add_argument("--sets", type=names(SETS), default=None)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--folds", type=int, default=1)
    return parser.parse_args()


def names(known: dict[str, object]):
    def read(text: str) -> list[str]:
        given = text.split(",")
        for one in given:
            if one not in known:
                raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(known)}")
        return given

    return read


def wanted(given: argparse.Namespace) -> Iterator[dict[str, object]]:
    """The cells of the profile, in the order in which they are run."""
    plans = [(given.sets or QUICK, given.seconds or 60.0, range(given.folds))]
    if given.full:
        plans = [
            (given.sets or list(SETS), 120.0, range(1)),
            (given.sets or QUICK, 120.0, range(1, 3)),
            *((given.sets or QUICK, seconds, range(3)) for seconds in (60.0, 300.0)),
        ]
    for sets, seconds, folds in plans:
        for name in sets:
            for fold in folds:
                if fold and SETS[name].forward:
                    continue
                for system in given.systems:
                    yield {"system": system, "set": name, "fold": fold, "budget": seconds}


def key(cell: dict[str, object]) -> tuple[object, ...]:
    budget = 0.0 if cell["system"] in FREE_OF_BUDGET else cell["budget"]
    return cell["system"], cell["set"], cell["fold"], budget


def results(work: Path) -> list[dict[str, object]]:
    path = work / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def environment(system: str, work: Path) -> Path:
    """The Python that the system runs with."""
    place = work / f"env-{NEEDS[system]}"
    python = place / "bin/python"
    if not (place / "ready").exists():
        print(f"Making the environment of {system}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        for packages in ENVIRONMENTS[NEEDS[system]]:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (place / "ready").touch()
    return python


def run(cell: dict[str, object], work: Path, data: Path) -> dict[str, object]:
    """What one system does on one split within one budget."""
    system, budget = str(cell["system"]), float(cell["budget"])
    place = prepare(SETS[str(cell["set"])], int(cell["fold"]), data, work / "sets")
    model = work / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    # -P: a file beside this one must not stand in for a module of that name in the peer's library.
    call = [environment(system, work), "-P", HERE / "tabular_systems.py"]
    limit = max(600.0, PATIENCE * budget)
    fitted, memory = measured([*call, "fit", system, place, model, str(budget)], limit)
    if fitted is None:
        return {"failed": memory}
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    served, _ = measured([*call, "serve", system, place, model], limit)
    if served is None:
        return {"failed": "serving"}
    loss = judged(place, pd.read_parquet(model / "predictions.parquet"))
    return {**fitted, **served, "loss": loss, "memory_mb": memory / 1e6, "size_mb": size / 1e6}


def measured(command: list[object], limit: float) -> tuple[dict[str, float] | None, object]:
    """The JSON that the command ends with and its largest memory; None and why where it failed."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, f"killed after {limit:g} s"
    finally:
        watcher.join()
    if process.returncode:
        return None, (errors.strip().splitlines() or ["?"])[-1][:200]
    return json.loads(output.strip().splitlines()[-1]), peak[0]


def watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], resident(process.pid))
        time.sleep(0.2)


def resident(pid: int) -> int:
    """Bytes that a process and all below it hold."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(one)) for one in below)


def judged(place: Path, predictions: pd.DataFrame) -> float:
    truth = pd.read_parquet(place / "test.parquet")[TARGET]
    task = json.loads((place / "set.json").read_text())["task"]
    if task == "regression":
        return float(
            np.sqrt(np.mean((truth.to_numpy() - predictions["prediction"].to_numpy()) ** 2))
        )
    classes = sorted(predictions.columns)
    probabilities = predictions[classes].to_numpy(dtype=float)
    if task == "binary":
        return float(1 - roc_auc_score(truth == classes[1], probabilities[:, 1]))
    probabilities = np.clip(probabilities, 1e-15, 1)
    return float(
        log_loss(truth, probabilities / probabilities.sum(1, keepdims=True), labels=classes)
    )


def show(cells: list[dict], found: list[dict], systems: list[str]) -> None:
    by_key = {key(one): one for one in found}
    for budget in sorted({float(cell["budget"]) for cell in cells}):
        inside = [cell for cell in cells if cell["budget"] == budget]
        splits = list(dict.fromkeys((cell["set"], cell["fold"]) for cell in inside))
        grid = {
            (system, split): by_key.get(
                key({"system": system, "set": split[0], "fold": split[1], "budget": budget}), {}
            )
            for system in systems
            for split in splits
        }
        print(f"\n## {budget:g} s, {os.cpu_count()} processors\n")
        losses(grid, systems, splits)
        summary(grid, systems, splits, budget)


def losses(grid: dict, systems: list[str], splits: list[tuple[str, int]]) -> None:
    print(f"| set, fold | {' | '.join(systems)} |\n|-|{'-|' * len(systems)}")
    for split in splits:
        row = [
            number(grid[system, split].get("loss"), ".4g", grid[system, split])
            for system in systems
        ]
        print(f"| {split[0]}, {split[1]} | {' | '.join(row)} |")


def summary(grid: dict, systems: list[str], splits: list[tuple[str, int]], budget: float) -> None:
    whole = [split for split in splits if all("loss" in grid[system, split] for system in systems)]
    print(
        f"\n| system | mean rank ({len(whole)} of {len(splits)}) | median loss over {PEER} | "
        "won, lost (sign test) | one row, ms (p99) | rows/s | seconds of budget, median (worst) | "
        "MB memory | MB on disk | failed |\n|-|-|-|-|-|-|-|-|-|-|"
    )
    for system in systems:
        cells = [grid[system, split] for split in splits if "loss" in grid[system, split]]
        ranks = [rank(grid, systems, split, system) for split in whole]
        worst = max((one["seconds"] for one in cells), default=math.nan)
        print(
            f"| {system} | {number(mean(ranks), '.2f')} | {over(grid, splits, system)} | "
            f"{median(cells, 'one_row_ms', '.2f')} ({median(cells, 'one_row_p99_ms', '.2f')}) | "
            f"{median(cells, 'rows_per_second', ',.0f')} | {median(cells, 'seconds', '.1f')} "
            f"({number(worst, '.1f')}) of {budget:g} | {median(cells, 'memory_mb', ',.0f')} | "
            f"{median(cells, 'size_mb', ',.1f')} | "
            f"{sum('failed' in grid[system, split] for split in splits)} |"
        )


def rank(grid: dict, systems: list[str], split: tuple[str, int], system: str) -> float:
    ours = grid[system, split]["loss"]
    others = [grid[one, split]["loss"] for one in systems]
    return 1 + sum(one < ours for one in others) + (sum(one == ours for one in others) - 1) / 2


def over(grid: dict, splits: list[tuple[str, int]], system: str) -> str:
    pairs = [
        (grid[system, split]["loss"], grid[PEER, split]["loss"])
        for split in splits
        if "loss" in grid[system, split] and "loss" in grid.get((PEER, split), {})
    ]
    if system == PEER or not pairs:
        return "- | -"
    won, lost = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    tail = sum(math.comb(won + lost, k) for k in range(min(won, lost) + 1)) / 2 ** (won + lost)
    relative = float(np.median([a / b - 1 if b else math.nan for a, b in pairs]))
    return f"{relative:+.1%} | {won}, {lost} (p {min(1.0, 2 * tail):.2f})"


def median(cells: list[dict], name: str, form: str) -> str:
    return number(float(np.median([one[name] for one in cells])) if cells else None, form)


def mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def number(value: float | None, form: str, cell: dict | None = None) -> str:
    if value is None or math.isnan(value):
        return "failed" if cell and "failed" in cell else "-"
    return format(value, form)


if __name__ == "__main__":
    main()
