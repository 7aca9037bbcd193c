"""How long nothing takes: importing, showing help, getting ready to serve.

    python bench/startup.py [--runs 15]

Each row is the median of separate processes, above nothing; libraries that our users know stand
beside us, measured in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import twinkeel": [sys.executable, "-c", "import twinkeel"],
    "import twinkeel; twinkeel.Project": [sys.executable, "-c", "from twinkeel import Project"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "import pandas": [sys.executable, "-c", "import pandas"],
    "import sklearn": [sys.executable, "-c", "import sklearn"],
    "twinkeel --help": [str(Path(sys.executable).parent / "twinkeel"), "--help"],
}


def measure(command: list[str], runs: int) -> list[float]:
    """Milliseconds of each run, after one that warms the disk's cache."""
    found = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found.append((time.perf_counter() - began) * 1e3)
    return found[1:]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(f"{'what':36} {'median ms':>10} {'slowest ms':>11}")
    for name, command in COMMANDS.items():
        found = measure(command, runs)
        print(f"{name:36} {statistics.median(found):10.0f} {max(found):11.0f}")


if __name__ == "__main__":
    main()
