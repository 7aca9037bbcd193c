"""A program of its own that learns on threads and on a Ray cluster, and looks at the cluster.

Prints one JSON object: whether both gave the same bytes, on which addresses the processes of the
cluster listened while it learned, whether it let in a stranger that does not know its secret, and
which of its processes are left afterwards.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from twinkeel.data.files import read
from twinkeel.data.table import Table
from twinkeel.learn.engine import Problem, train
from twinkeel.learn.objectives.classes import Classes
from twinkeel.records import Limits, Tick

_LISTENING = "0A"


def problem(csv: Path) -> Problem:
    table = read(csv).take(np.arange(300))
    features: Table = table.drop(["Churn"])
    return Problem(features, table.columns["Churn"], Classes(positive="Yes"))


def descendants() -> list[int]:
    """The processes that this one, or one that it started, has started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(folder.name)] = int(status[1])
    found, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return sorted(found - {os.getpid()})


def command(pid: int) -> str:
    """What it runs; nothing for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def listening() -> set[str]:
    """The addresses on which they listen."""
    inodes = set()
    for pid in descendants():
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                inodes.add(os.readlink(handle))  # noqa: PTH115
            except OSError:
                continue
    found = set()
    for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == _LISTENING and f"socket:[{parts[9]}]" in inodes:
                words = bytes.fromhex(parts[1].split(":")[0])
                turned = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                found.add(socket.inet_ntop(family, turned))
    return found


def let_in() -> bool:
    """Whether the cluster answers a process without its secret, which asks for its nodes."""
    import ray

    address = ray.get_runtime_context().gcs_address
    code = f"from ray._raylet import GcsClient; print(GcsClient({address!r}).get_all_node_info(5))"
    told = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    with suppress(subprocess.TimeoutExpired):
        asked = subprocess.run(
            [sys.executable, "-c", code], env=told, capture_output=True, check=False, timeout=60
        )
        return asked.returncode == 0
    return False


def main(csv: Path) -> None:
    looked: set[str] = set()
    strangers: list[bool] = []

    def look(tick: Tick) -> None:
        if tick.stage in ("training", "compiling"):
            looked.update(listening())
        if tick.stage == "training" and not strangers:
            strangers.append(let_in())

    asked = problem(csv)
    there = train(asked, limits=Limits(work=2, workers="ray"), progress=look)
    here = train(asked, limits=Limits(work=2))
    same = there.graph == here.graph and there.card == here.card
    left = [pid for pid in descendants() if "/ray/" in command(pid) or "ray::" in command(pid)]
    found = {"same": same, "listening": sorted(looked), "let_in": strangers, "left": left}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
