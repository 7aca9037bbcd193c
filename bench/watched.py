"""Throughput of a server with and without monitoring beside it.

    python bench/watched.py [--project FOLDER] [--seconds 8] [--rounds 4]

The same server as in `bench/serving.py`, with and without `monitor=True`, by turns, so that other
work on the machine falls on both alike. A cycle is 24 s, so that a look at all calls so far comes
every second, or as often as looks may take time at all: a day's cycle has one an hour. Prints a
Markdown table.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import serving
from serving import build, customer, free_port, post

from twinkeel.store.store import Store

SERVE = """
import sys
from twinkeel import Project
Project.open(sys.argv[1]).serve(port=int(sys.argv[2]), monitor=sys.argv[3] == "yes")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a project whose churn is released")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--cycle", default="24s")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = given.project or build(folder / "project")
        with (project / "twinkeel.toml").open("a") as file:
            file.write(f'\n[monitor]\ncycle = "{given.cycle}"\n')
        found: dict[str, list[float]] = {"no": [], "yes": []}
        for _ in range(given.rounds):
            for monitored, speeds in found.items():
                speeds.append(throughput(project, folder, monitored, given.seconds))
        with Store.open(project) as store:
            looks = len(store.watching.looks("churn", limit=1_000))
    show(found, looks)


def throughput(project: Path, folder: Path, monitored: str, seconds: float) -> float:
    """Answers per second of one server."""
    with Store.open(project) as store:
        key = store.add_key(f"bench {time.time_ns()}", "viewer")
    port = free_port()
    request = post("/v1/components/churn/call", customer(), port, f"X-API-Key: {key}\r\n")
    command = [sys.executable, "-c", SERVE, str(project), str(port), monitored]
    with serving.serving("twinkeel", command, port, request, folder):
        load = [sys.executable, serving.__file__, "--load", str(port), "--seconds", str(seconds)]
        done = subprocess.run(load, input=request, capture_output=True, check=True)
    return float(done.stdout)


def show(found: dict[str, list[float]], looks: int) -> None:
    print("| monitoring | calls a second, median | of without | looks |")
    print("|-|-|-|-|")
    plain = statistics.median(found["no"])
    for monitored, speeds in found.items():
        middle = statistics.median(speeds)
        print(
            f"| {monitored} | {middle:,.0f} | {middle / plain:.0%} "
            f"| {looks if monitored == 'yes' else 0} |"
        )


if __name__ == "__main__":
    main()
