"""What production loses over time when nothing, everything or only what is worth it is rebuilt.

    python bench/loop.py DATA                                   # elec2 and covid_testing_chop
    python bench/loop.py DATA --set covid_testing_chop --work 1 # one of them, smaller builds
    python bench/loop.py DATA --set elec2 --days 144 --policy ours

Prints a Markdown table. Rows are replayed in the order of time with labels one day late: at the end
of every period the source holds the newest rows whose labels are known, a policy may put another
version into production, and that one answers the next period. `always` builds and releases at the
end of every period, `monthly` every four weeks, `ours` runs `twinkeel rebuild` every period.
The newest fifth of the source judges, and is not learned from: rows that are alike in time would
flatter a random split.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinkeel.lifecycle.versions import load
from twinkeel.project import Project

TOML = """
[project]
name = "loop"
[sources.rows]
path = "rows.csv"
[components.it]
kind = "classifier"
source = "rows"
target = "{target}"
positive = "{positive}"
id = "row"
time = "moment"
exclude = {exclude}
work_limit = {work}
[components.it.gates]
log_loss = "not worse by 0.01"
[components.it.rebuild]
worth = 0.002
"""
POLICIES = ("never", "monthly", "always", "ours")
Rows = list[dict[str, str]]
_BEGIN = dt.date(1996, 5, 7)


@dataclass(frozen=True)
class Stream:
    """Rows in the order of time, and how they are replayed."""

    rows: Rows
    days: np.ndarray
    """(n,) the day of each row."""
    target: str
    positive: str
    exclude: tuple[str, ...]
    first: int
    """Days that the first version learns from."""
    period: int
    """Days between two decisions."""
    window: int
    """The source holds so many days."""


def elec2(folder: Path) -> Stream:
    """45,312 half hours of a power market: does the price go up?"""
    rows = read(folder / "elec2" / "elec.csv")
    for row in rows:
        row["class"] = "up" if row["class"] == "1" else "down"
    days = np.arange(len(rows)) // 48
    return Stream(rows, days, "class", "up", (), first=60, period=14, window=120)


def covid_testing_chop(folder: Path) -> Stream:
    """15,524 tests of the first hundred days of a pandemic: which are positive?"""
    rows = read(folder / "covid_testing_chop" / "covid_testing.csv")
    rows = [row for row in rows if row["result"] in ("positive", "negative")]
    rows.sort(key=lambda row: int(float(row["pan_day"])))
    days = np.asarray([int(float(row["pan_day"])) for row in rows])
    known_later = ("rownames", "subject_id", "fake_first_name", "fake_last_name", "test_id",
                   "ct_result", "col_rec_tat", "rec_ver_tat", "pan_day")  # fmt: skip
    return Stream(rows, days, "result", "positive", known_later, first=21, period=7, window=120)


SETS: dict[str, Callable[[Path], Stream]] = {
    "elec2": elec2,
    "covid_testing_chop": covid_testing_chop,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", choices=list(SETS))
    parser.add_argument("--work", type=int, default=2)
    parser.add_argument("--days", type=int, help="replay only so many days")
    parser.add_argument("--policy", choices=POLICIES)
    given = parser.parse_args()
    print("| set | policy | log loss | accuracy | periods | releases | of them | seconds |")
    print("|-|-|-|-|-|-|-|-|")
    for name in [given.set] if given.set else list(SETS):
        stream = SETS[name](given.data)
        if given.days is not None:
            stream = first_days(stream, given.days)
        for policy in [given.policy] if given.policy else POLICIES:
            print(f"| {name} | {policy} | {replay(stream, policy, given.work)} |", flush=True)


def first_days(stream: Stream, days: int) -> Stream:
    """The beginning of a stream."""
    kept = int(np.searchsorted(stream.days, stream.days[0] + days))
    return dataclasses.replace(stream, rows=stream.rows[:kept], days=stream.days[:kept])


def replay(stream: Stream, policy: str, work: int) -> str:
    """The columns of one row of the table."""
    losses, right = [], []
    done: list[str] = []
    periods, spent = 0, 0.0
    with tempfile.TemporaryDirectory(prefix="twinkeel-bench-") as folder:
        root = Path(folder)
        keys = {"target": stream.target, "positive": stream.positive, "work": work}
        (root / "twinkeel.toml").write_text(TOML.format(exclude=list(stream.exclude), **keys))
        begin = int(stream.days[0]) + stream.first
        for day in range(begin, int(stream.days[-1]) + 1, stream.period):
            write(root, stream, upto=day - 1)
            began = time.perf_counter()
            project = Project.open(root)
            if day == begin:
                project.build("it")
                project.release("it", override="the first")
            else:
                periods += 1
                done += decide(project, policy, (day - begin) // stream.period, stream)
            project.close()
            spent += time.perf_counter() - began
            loss, hits = served(root, stream, day)
            losses += loss
            right += hits
    made = ", ".join(f"{done.count(one)} {one}" for one in dict.fromkeys(done)) or "-"
    scores = f"{np.mean(losses):.4f} | {np.mean(right):.4f}"
    return f"{scores} | {periods} | {len(done)} | {made} | {spent:.0f}"


def decide(project: Project, policy: str, step: int, stream: Stream) -> list[str]:
    """What a policy puts into production at the end of a period."""
    if policy == "ours":
        found = project.rebuild("it")
        return [found.chosen] if found.released else []
    every = {"never": 0, "monthly": 28 // stream.period, "always": 1}[policy]
    if not every or step % every:
        return []
    project.build("it")
    project.release("it", override=policy)
    return ["search"]


def served(root: Path, stream: Stream, day: int) -> tuple[list[float], list[float]]:
    """Log loss and hits of what is in production, on the rows of the next period."""
    index = np.flatnonzero((stream.days >= day) & (stream.days < day + stream.period))
    if not len(index):
        return [], []
    project = Project.open(root)
    model = load(project.store, project.version("it"))
    rows = [
        {k: v for k, v in stream.rows[i].items() if k not in (stream.target, *stream.exclude)}
        for i in index
    ]
    found = [output.values["probabilities"] for output in model.call(rows)]
    project.close()
    truth = [stream.rows[i][stream.target] for i in index]
    given = [max(one[label], 1e-15) for one, label in zip(found, truth, strict=True)]
    return [-float(np.log(p)) for p in given], [float(p >= 0.5) for p in given]


def write(root: Path, stream: Stream, *, upto: int) -> None:
    """The rows whose labels are known, as the source."""
    index = np.flatnonzero((stream.days < upto) & (stream.days >= upto - stream.window))
    with (root / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["row", "moment", *stream.rows[0]])
        writer.writeheader()
        for i in index:
            moment = (_BEGIN + dt.timedelta(days=int(stream.days[i]))).isoformat()
            writer.writerow({"row": f"r{i}", "moment": moment, **stream.rows[i]})


def read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
