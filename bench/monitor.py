"""How long one look takes: a million stored calls of 20 columns, judged from nothing.

    python bench/monitor.py [--events 1000000] [--columns 20]

A classifier is built and released; its calls over the next ten days are appended and moved into SQL
as a server does. Then one look is taken in a process of its own, from ten days later. Prints a
Markdown row: its seconds without the start of Python, and its largest memory (limits: 5 s, 1 GB).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from twinkeel.lifecycle.moments import shifted
from twinkeel.project import Project
from twinkeel.records import Event
from twinkeel.store.events import new_id

DAYS = 10
TOML = """
[project]
name = "large"
[sources.rows]
path = "rows.csv"
[components.model]
kind = "classifier"
source = "rows"
target = "y"
work_limit = 1
"""
LOOK = """
import resource, sys, time
from twinkeel.lifecycle.monitor import monitor
from twinkeel.project import Project
project = Project.open(sys.argv[1])
began, busy = time.perf_counter(), time.process_time()
look, = monitor(project.config, project.store, at=sys.argv[2])
took, busy = time.perf_counter() - began, time.process_time() - busy
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"| {look.calls:,} | {len(look.signals)} | {took:.1f} s | {busy:.1f} s | {memory:.0f} MB |")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        until = prepared(root, given.events, given.columns)
        print("| calls read | signals | one look | processor | memory |\n|-|-|-|-|-|", flush=True)
        subprocess.run([sys.executable, "-c", LOOK, str(root), until], check=True)


def prepared(root: Path, events: int, columns: int) -> str:
    """A project with a release and its calls; returns the moment to look from."""
    rng = np.random.default_rng(0)
    names = [f"x{k}" for k in range(columns)]
    values = rng.normal(size=(4_000, columns))
    target = np.where(values[:, 0] + rng.normal(size=4_000) > 0, "yes", "no")
    lines = [",".join([*names, "y"])]
    lines += [",".join([*map(str, row), y]) for row, y in zip(values.round(4), target, strict=True)]
    (root / "rows.csv").write_text("\n".join(lines) + "\n")
    (root / "twinkeel.toml").write_text(TOML)
    project = Project.open(root)
    project.build("model")
    release = project.release("model", override="a benchmark")
    for i in range(events):
        row = rng.normal(size=columns)
        yes = float(1 / (1 + np.exp(-row[0])))
        project.store.events.append(
            Event(
                id=new_id(),
                kind="call",
                component="model",
                number=release.number,
                at=shifted(release.at, (i + 0.5) / events * DAYS * 86_400),
                ms=2.0 + yes,
                inputs=dict(zip(names, row.round(4).tolist(), strict=True)),
                output={
                    "prediction": "yes" if yes > 0.5 else "no",
                    "probability": yes,
                    "probabilities": {"no": 1 - yes, "yes": yes},
                },
            )
        )
    project.store.events.move()
    project.close()
    return shifted(release.at, (DAYS + 0.01) * 86_400)


if __name__ == "__main__":
    main()
